"""React to events about matches, visits and mentorships; each event becomes one transition."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.facts import actions as facts
from services.matching.lifecycle.actions import moves
from services.matching.lifecycle.actions.transitions import Transitions
from services.matching.lifecycle.model.match import UNCONFIRMED
from services.matching.lifecycle.store import matches as store
from shared.contracts import applications as application_events
from shared.contracts import calls as call_events
from shared.contracts import mentors as mentor_events
from shared.contracts import offers as offer_events
from shared.contracts import participation as participation_events
from shared.contracts.codes import Answer, ApplicationState, CloseCause, Party, Reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shared.bus import Envelope, Tx


async def participation(tx: Tx, events: Sequence[Envelope]) -> None:
    """React to clearances, answers, attendance, sessions and requests."""
    statements = [event for event in events if type(event.data) in _STATEMENTS]
    if not statements:
        return
    cases = await Transitions.load(tx, {UUID(event.subject) for event in statements})
    for event in statements:
        missing = cases.missing(UUID(event.subject))
        if missing is not None:
            await tx.wait(event, *missing)
            continue
        await _STATEMENTS[type(event.data)](cases, event)
    await cases.save()


async def _cleared(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.ClearanceGiven)
    await cases.clear(UUID(event.subject), event.data.side, event.data.host_due, event)


async def _refused(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.ClearanceRefused)
    by = Party.HOME_COORDINATOR if event.data.side.value == "home" else Party.HOST_COORDINATOR
    await cases.cancel(UUID(event.subject), by, event.data.reason, event)


async def _answered(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.AnswerGiven)
    await cases.answer(event, event.data.by, event.data.answer, event.data.reason)


async def _cancelled(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.CancellationRequested)
    if event.data.visit_id is not None and UUID(event.subject) in cases.mentorships:
        await cases.cancel_visit(UUID(event.subject), event.data.by, event.data.reason, event)
        return
    await cases.cancel(UUID(event.subject), event.data.by, event.data.reason, event)


async def _refunded(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.FundChangeRequested)
    await cases.pay_from(UUID(event.subject), event.data.fund_id, event.data.reason, event)


async def _attended(cases: Transitions, event: Envelope) -> None:
    await cases.attended(UUID(event.subject), event)


async def _early(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.EarlyReturnReported)
    await cases.early_return(UUID(event.subject), event.data.last_day, event.data.reason, event)


async def _absent(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.NoShowReported)
    await cases.no_show(UUID(event.subject), event.data.reason, event)


async def _visit_asked(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.VisitRequested)
    if event.data.answer is Answer.ACCEPT:
        await cases.visit_asked(UUID(event.subject), event.data, event)


async def _progressed(cases: Transitions, event: Envelope) -> None:
    await cases.progressed(UUID(event.subject), event)


async def _ended(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.EndRequested)
    await cases.end(UUID(event.subject), event.data.by, event.data.reason, event)


async def _paused(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.PauseRequested)
    await cases.pause(UUID(event.subject), event.data.by, event.data.reason, event)


async def _resumed(cases: Transitions, event: Envelope) -> None:
    assert isinstance(event.data, participation_events.ResumeRequested)
    await cases.resume(UUID(event.subject), event.data.by, event)


_STATEMENTS: dict[type, Callable[[Transitions, Envelope], Awaitable[None]]] = {
    participation_events.ClearanceGiven: _cleared,
    participation_events.ClearanceRefused: _refused,
    participation_events.AnswerGiven: _answered,
    participation_events.CancellationRequested: _cancelled,
    participation_events.FundChangeRequested: _refunded,
    participation_events.AttendanceRecorded: _attended,
    participation_events.EarlyReturnReported: _early,
    participation_events.MoveRequested: moves.requested,
    participation_events.MoveAccepted: moves.accepted,
    participation_events.MoveRefused: moves.refused,
    participation_events.NoShowReported: _absent,
    participation_events.AgreementSigned: _progressed,
    participation_events.SessionConfirmed: _progressed,
    participation_events.GoalClosed: _progressed,
    participation_events.VisitRequested: _visit_asked,
    participation_events.EndRequested: _ended,
    participation_events.PauseRequested: _paused,
    participation_events.ResumeRequested: _resumed,
}


async def applications(tx: Tx, events: Sequence[Envelope]) -> None:
    """Free the place of an application that is withdrawn, cancelled, voided or must be endorsed again."""
    leaving = [event for event in events if _leaves(event)]
    if not leaving:
        return
    by_application = {UUID(event.subject): event for event in leaving}
    cases = await Transitions.load(tx, await store.open_matches_of(tx.session, applications=list(by_application)))
    for match_id, match in sorted(cases.matches.items()):
        event = by_application[match.pairing.application_id]
        match event.data:
            case application_events.ApplicationWithdrawn() as data:
                await cases.cancel(match_id, data.by, data.reason, event, application_ended=True)
            case application_events.ApplicationCancelled() as data:
                await cases.cancel(match_id, Party.PROGRAMME, data.reason, event, application_ended=True)
            case application_events.ApplicationVoided() as data:
                await cases.void(match_id, data.reason, Party.PROGRAMME, Reason.OTHER, event)
            case application_events.ApplicationChanged() as data if match.state in UNCONFIRMED:
                await cases.cancel(match_id, match.applicant, data.reason, event)
    await facts.leave_pool(tx.session, list(by_application))
    await cases.save()


def _leaves(event: Envelope) -> bool:
    match event.data:
        case application_events.ApplicationChanged() as data:
            return data.state is ApplicationState.SUBMITTED
        case (
            application_events.ApplicationWithdrawn()
            | application_events.ApplicationCancelled()
            | application_events.ApplicationVoided()
        ):
            return True
    return False


async def offers(tx: Tx, events: Sequence[Envelope]) -> None:
    """End unconfirmed matches of a placement that is withdrawn, entered in error, or closed before it was full."""
    ended: dict[UUID, tuple[Envelope, Party, Reason]] = {}
    for event in events:
        match event.data:
            case offer_events.OfferWithdrawn() as data:
                ended[UUID(event.subject)] = event, Party.HOST, data.reason
            case offer_events.OfferClosed() as data if data.cause is not CloseCause.FULL:
                ended[UUID(event.subject)] = event, Party.HOST, Reason.NOT_AVAILABLE
            case offer_events.OfferVoided():
                ended[UUID(event.subject)] = event, Party.PROGRAMME, Reason.OTHER
    await _without_seat(tx, ended)


async def mentors(tx: Tx, events: Sequence[Envelope]) -> None:
    """End unconfirmed matches of a mentor who closes; open mentorships stand."""
    ended = {
        UUID(event.subject): (event, Party.MENTOR, Reason.NOT_AVAILABLE)
        for event in events
        if isinstance(event.data, mentor_events.MentorClosed) and event.data.cause is not CloseCause.FULL
    }
    await _without_seat(tx, ended)


async def _without_seat(tx: Tx, ended: dict[UUID, tuple[Envelope, Party, Reason]]) -> None:
    if not ended:
        return
    cases = await Transitions.load(tx, await store.open_matches_of(tx.session, seats=list(ended)))
    for match_id, match in sorted(cases.matches.items()):
        if match.state in UNCONFIRMED:
            event, by, reason = ended[match.seat_id]
            await cases.cancel(match_id, by, reason, event)
    await cases.save()


async def calls(tx: Tx, events: Sequence[Envelope]) -> None:
    """End unconfirmed matches of a closed call: its other applications are unplaced (lifecycles.md, "Application")."""
    closed = {UUID(event.subject): event for event in events if isinstance(event.data, call_events.CallClosed)}
    if not closed:
        return
    cases = await Transitions.load(tx, await store.open_matches_in(tx.session, list(closed)))
    for match_id, match in sorted(cases.matches.items()):
        if match.state in UNCONFIRMED:
            await cases.cancel(match_id, Party.PROGRAMME, Reason.OTHER, closed[match.pairing.call_id])
    await cases.save()
