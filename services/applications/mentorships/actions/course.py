"""Ask to pause, resume, complete or end a mentorship.

These are requests: matching draws the conclusions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.actions.parties import pair_member
from services.applications.mentorships.model import course as model
from services.applications.mentorships.model.sessions import totals
from services.applications.mentorships.store import pauses, sessions
from services.applications.mentorships.views.requests import pause_arrived, resume_arrived
from services.applications.refusals import may_proceed
from services.applications.transitions import Recorded
from services.applications.visits import store as visits_store
from shared.contracts.codes import MentorshipState, Party, StatedReason, published
from shared.contracts.participation import EndRequested, PauseRequested, ResumeRequested
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.mentorships.actions.parties import PairMember
    from services.applications.mentorships.store.mentorships import Mentorship
    from shared.bus import Bus
    from shared.identity import Principal


async def pause(
    bus: Bus, principal: Principal, mentorship_id: UUID, reason: StatedReason, text: str = ""
) -> Mentorship:
    """Ask for a pause. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        last = await pauses.last(tx.session, mentorship_id)
        if not may_proceed(model.may_pause, member.mentorship.stands, member.party, _asked_to_pause(member, last)):
            return member.mentorship
        tx.session.add(
            pauses.Pause(
                id=new_id(),
                mentorship_id=mentorship_id,
                party=member.party,
                reason=reason,
                text=text.strip()[:1000],
                actor=principal.subject,
                at=clock.now(),
            )
        )
        await member.record(PauseRequested(**member.ids, by=member.party, reason=published(reason)))
        return member.mentorship


async def resume(bus: Bus, principal: Principal, mentorship_id: UUID) -> Mentorship:
    """Ask to resume after a pause. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        last = await pauses.last(tx.session, mentorship_id)
        paused_by = Party(member.mentorship.paused_by) if member.mentorship.paused_by else None
        request = _asked_to_resume(member, last)
        if not may_proceed(model.may_resume, member.mentorship.stands, paused_by, member.party, request):
            return member.mentorship
        if last is not None:
            last.resumed_by, last.resumed_at = member.party, clock.now()
            tx.session.add(last)
        await member.record(ResumeRequested(**member.ids, by=member.party))
        return member.mentorship


async def end(
    bus: Bus, principal: Principal, mentorship_id: UUID, reason: StatedReason | None = None, text: str = ""
) -> Mentorship:
    """Ask to complete the mentorship or, with a reason, to end it early. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        member = await pair_member(tx, principal, mentorship_id)
        statements = await visits_store.statements(tx.session, member.case.match.id)
        before = visits_store.recorded_statement(statements, EndRequested.type, member.party)
        request = before and Recorded(model.END_EARLY if before.what else model.COMPLETE, member.party, before.at)
        what = model.COMPLETE if reason is None else model.END_EARLY
        if not may_proceed(model.check_asked, request, what, member.party):
            return member.mentorship
        if reason is None:
            logged = [session.as_logged for session in await sessions.sessions(tx.session, mentorship_id)]
            summed = totals(logged, (await member.terms()).sessions_to_complete)
            may_proceed(model.may_complete, member.mentorship.stands, summed)
        else:
            may_proceed(model.may_end_early, member.mentorship.stands)
        tx.session.add(
            visits_store.Statement(
                match_id=member.case.match.id,
                kind=EndRequested.type,
                party=member.party,
                reason=reason,
                text=text.strip()[:1000],
                actor=principal.subject,
                at=clock.now(),
            )
        )
        await member.record(EndRequested(**member.ids, by=member.party, reason=reason and published(reason)))
        return member.mentorship


def _asked_to_pause(member: PairMember, last: pauses.Pause | None) -> Recorded | None:
    """Return the request for the pause that waits for matching, or that lasts."""
    if last is None or not (pause_arrived(member.mentorship, last) or _lasts(member, last)):
        return None
    return Recorded(model.PAUSE, last.party, last.at)


def _asked_to_resume(member: PairMember, last: pauses.Pause | None) -> Recorded | None:
    """Return the request to resume that waits for matching, or that it has followed."""
    if last is None or last.resumed_at is None or last.resumed_by is None:
        return None
    if not resume_arrived(member.mentorship, last) and member.mentorship.stands is not MentorshipState.ACTIVE:
        return None
    return Recorded(model.RESUME, last.resumed_by, last.resumed_at)


def _lasts(member: PairMember, last: pauses.Pause) -> bool:
    return member.mentorship.stands is MentorshipState.PAUSED and last.resumed_at is None
