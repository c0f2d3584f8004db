"""How do mentee and mentor pause their mentorship, resume it, complete it, end it early? Requests to matching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.actions.parties import acting
from services.applications.mentorships.model import course as model
from services.applications.mentorships.model.sessions import totals
from services.applications.mentorships.store import pauses, sessions
from services.applications.mentorships.views.requests import pause_arrived, resume_arrived
from services.applications.refusals import may_proceed
from services.applications.visits import store as visits_store
from shared.contracts.codes import Party, StatedReason, published
from shared.contracts.participation import EndRequested, PauseRequested, ResumeRequested
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.mentorships.store.mentorships import Mentorship
    from shared.bus import Bus
    from shared.identity import Principal


async def pause(
    bus: Bus, principal: Principal, mentorship_id: UUID, reason: StatedReason, text: str = ""
) -> Mentorship:
    """Ask for a pause. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        last = await pauses.last(tx.session, mentorship_id)
        if not may_proceed(model.may_pause, one.mentorship.stands, asked=pause_arrived(one.mentorship, last)):
            return one.mentorship
        tx.session.add(
            pauses.Pause(
                id=new_id(),
                mentorship_id=mentorship_id,
                party=one.party,
                reason=reason,
                text=text.strip()[:1000],
                actor=principal.subject,
                at=clock.now(),
            )
        )
        await one.tell(PauseRequested(**one.ids, by=one.party, reason=published(reason)))
        return one.mentorship


async def resume(bus: Bus, principal: Principal, mentorship_id: UUID) -> Mentorship:
    """Ask to go on after a pause. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        last = await pauses.last(tx.session, mentorship_id)
        paused_by = Party(one.mentorship.paused_by) if one.mentorship.paused_by else None
        asked = resume_arrived(one.mentorship, last)
        if not may_proceed(model.may_resume, one.mentorship.stands, paused_by, asked=asked):
            return one.mentorship
        if last is not None:
            last.resumed_by, last.resumed_at = one.party, clock.now()
            tx.session.add(last)
        await one.tell(ResumeRequested(**one.ids, by=one.party))
        return one.mentorship


async def end(
    bus: Bus, principal: Principal, mentorship_id: UUID, reason: StatedReason | None = None, text: str = ""
) -> Mentorship:
    """Ask to complete the mentorship, or, with a reason, to end it early. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        asked = {
            (statement.what, statement.party)
            for statement in await visits_store.statements(tx.session, one.case.match.id)
        }
        if reason is None:
            held = [session.held for session in await sessions.sessions(tx.session, mentorship_id)]
            summed = totals(held, (await one.terms()).sessions_to_complete)
            goes_on = may_proceed(model.may_complete, one.mentorship.stands, summed)
        else:
            goes_on = may_proceed(model.may_end_early, one.mentorship.stands)
        if not goes_on or (EndRequested.type, one.party) in asked:
            return one.mentorship
        tx.session.add(
            visits_store.Statement(
                match_id=one.case.match.id,
                what=EndRequested.type,
                party=one.party,
                reason=reason,
                text=text.strip()[:1000],
                actor=principal.subject,
                at=clock.now(),
            )
        )
        await one.tell(EndRequested(**one.ids, by=one.party, reason=reason and published(reason)))
        return one.mentorship
