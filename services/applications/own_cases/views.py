"""Say why a person may not decide on a case, and who can decide instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.access.store import holders
from services.applications.own_cases import store
from services.applications.own_cases.model import Concerned, who_can, why_not
from services.applications.own_cases.store import ties_of
from services.applications.register.store import entries
from shared.contracts.codes import Role
from shared.identity.own_cases import own_case
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

COORDINATING = frozenset({Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR})
DECIDING = COORDINATING | {Role.HOST_CONTACT}
"""The roles that decide on other people's cases."""


@dataclass(frozen=True, slots=True)
class CaseToDecide:
    """The people whom a decision concerns, and those who could take it: roles, countries (codes) and agencies (ids)."""

    concerned: Concerned
    countries: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    roles: frozenset[Role] = DECIDING


async def obstacle(session: AsyncSession, subject: str, case: CaseToDecide, roles: Collection[Role]) -> str:
    """Return why the person may not decide on the case, and who of those with one of `roles` can; empty if nothing."""
    if not case.concerned.everybody:
        return ""
    tie = (await ties_of(session, [subject])).between(subject, case.concerned)
    if tie is None:
        return ""
    return f"{why_not(tie)} {who_can(await _able(session, case, roles))}"


async def check(session: AsyncSession, subject: str, case: CaseToDecide, roles: Collection[Role]) -> None:
    """Raise `Refused` (403, `own-case`) where the case concerns the person who would decide on it."""
    if sentence := await obstacle(session, subject, case, roles):
        raise own_case(sentence)


async def _able(session: AsyncSession, case: CaseToDecide, roles: Collection[Role]) -> list[str]:
    """Return the names of those who hold one of the roles for the case today and whom it does not concern."""
    today = clock.today()
    able: set[str] = set()
    places: dict[Role, frozenset[str] | tuple[None]] = {
        Role.NATIONAL_COORDINATOR: case.countries,
        Role.CLEARANCE_OFFICER: case.organisations,
        Role.PROGRAMME_COORDINATOR: (None,),
        Role.HOST_CONTACT: case.organisations,
    }
    for role, among in places.items():
        if role in case.roles and role in roles:
            for place in among:
                able |= set(await holders(session, role, today, place))
    free = (await ties_of(session, able)).free(sorted(able), case.concerned)
    people = await entries.people_by_subject(session, free)
    return sorted(person.name for person in people.values())


async def is_concerned(
    session: AsyncSession,
    subject: str,
    *,
    call_id: UUID | None = None,
    application_id: UUID | None = None,
    mentor_id: UUID | None = None,
) -> bool:
    """Return whether a case concerns the person: an application, a mentor's profile, or any of a call."""
    people = (await ties_of(session, [subject])).concerning(subject)
    return await store.any_of(session, people, call_id=call_id, application_id=application_id, mentor_id=mentor_id)
