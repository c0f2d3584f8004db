"""Assemble the profile that an application publishes, with its companions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.model.answers import Company, profile_of
from services.applications.application.model.companions import LIVE, CompanionState, group_id
from services.applications.application.store import applications, companions
from shared.contracts.codes import ApplicationMode

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.model.answers import Answers
    from services.applications.application.store.applications import Application
    from shared.contracts.applications import ApplicationProfile
    from shared.contracts.calls import CallTerms


async def company_of(session: AsyncSession, application: Application) -> Company:
    """Return with whom an application is made: alone, in a group, or with a counterpart once both name each other."""
    rows = await companions.around(session, application.id)
    member = next((row for row in rows if row.named_id == application.id), None)
    if member is not None:
        return Company(ApplicationMode.GROUP, group_id=group_id(member.application_id))
    live = [row for row in rows if row.stands in LIVE]
    if any(companion.as_ is ApplicationMode.GROUP for companion in live):
        return Company(ApplicationMode.GROUP, group_id=group_id(application.id))
    if live:
        both = live[0].named_id if live[0].stands is CompanionState.CONFIRMED else None
        return Company(ApplicationMode.PRE_MATCHED, counterpart=both)
    return Company()


async def profile_for(
    session: AsyncSession, application: Application, answers: Answers, terms: CallTerms
) -> ApplicationProfile:
    """Return the profile of complete answers of an application that has its reference."""
    assert application.reference is not None
    return profile_of(
        answers,
        terms,
        call_id=application.call_id,
        reference=application.reference,
        kind=application.for_,
        country=application.country,
        first_time=not await applications.took_part(session, application.subject),
        company=await company_of(session, application),
    )
