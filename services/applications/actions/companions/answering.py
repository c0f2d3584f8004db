"""What does somebody say who was named? Yes, with the own application where officers pair, or no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions import changes
from services.applications.actions.companions.parts import locked, of_case, officers, still_open
from services.applications.actions.now import goes
from services.applications.model import company as model
from services.applications.model.company import CompanionState
from services.applications.store import companions as store
from shared import clock
from shared.contracts.applications import CompanionAnswered
from shared.contracts.codes import ApplicationMode, CompanionAnswer
from shared.ids import new_id
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.store.applications import Application
    from shared.bus import Bus
    from shared.identity import Principal


async def answer(bus: Bus, principal: Principal, companion_id: UUID, *, yes: bool) -> store.Companion:
    """Whoever was named says yes or no; a yes needs an application of the own for the same call, where officers pair.

    Raises `Refused` (404; 409 where it was taken back, or is too late; 422 without an own application).
    """
    async with bus.transaction(principal.subject) as tx:
        companion, application, mine = await locked(tx, principal, companion_id)
        if not goes(model.answered, companion.stands, yes=yes):
            return companion
        if yes:
            await still_open(tx.session, application)
            if officers(companion):
                if mine is None:
                    sentence = gettext("Begin an application for this call first, then say yes.")
                    raise Refused(sentence, 422, {"application": sentence})
                await still_open(tx.session, mine)
                await _free(tx.session, mine, companion)
                companion.named_id = mine.id
        companion.state = model.answered(companion.stands, yes=yes)
        companion.answered_at = clock.now()
        tx.session.add(companion)
        if yes and mine is not None and companion.as_ is ApplicationMode.PRE_MATCHED:
            tx.session.add(_back(companion, application, mine))
        await tx.session.flush()
        given = CompanionAnswer.CONFIRMED if yes else CompanionAnswer.DECLINED
        await tx.record(CompanionAnswered(**of_case(application, companion), answer=given), application.id)
        await changes.told_company(tx, application)
        if yes and mine is not None:
            await changes.told_company(tx, mine)
        await tx.changed("applications")
        return companion


def _back(companion: store.Companion, application: Application, mine: Application) -> store.Companion:
    """The naming back: that of the officer who said yes."""
    return store.Companion(
        id=new_id(),
        mode=companion.mode,
        application_id=mine.id,
        call_id=companion.call_id,
        kind=companion.kind,
        written=application.reference or companion.written,
        subject=application.subject,
        named_id=application.id,
        state=CompanionState.CONFIRMED,
        asked_at=clock.now(),
        answered_at=clock.now(),
    )


async def _free(session: AsyncSession, mine: Application, companion: store.Companion) -> None:
    """Raises `Refused` (409) for an officer who applies with others already."""
    live = await store.live_by(session, [mine.id])
    goes(
        model.alone,
        member=await store.group_of(session, mine.id) is not None,
        leads=any(one.as_ is ApplicationMode.GROUP for one in live),
        paired=any(one.as_ is ApplicationMode.PRE_MATCHED and one.subject != companion.subject for one in live),
    )
