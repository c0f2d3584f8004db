"""The state machine of a visit, from its dates to its end (lifecycles.md, "Visit").

The sender owns the planned dates, the host the attendance (EWP); conclusions from attendance are drawn here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime  # noqa: TC003 - the store reads a proposal by its annotations
from typing import TYPE_CHECKING

from services.matching.engine.schedule import Scheduled, Unscheduled
from shared.contracts import visits
from shared.contracts.codes import MoveDropCause, Party, Reason, Side, UnschedulableCause, VisitState, VoidReason
from shared.contracts.lifecycle.state_sets import VISIT_AHEAD, VISIT_GOING
from shared.contracts.visits import VisitOf, VisitPlan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from shared.contracts.visits import VisitEvent

NOT_BEGUN = VISIT_AHEAD
TO_COME = VISIT_GOING
"""Neither over nor without dates: a mentoring pair has one such visit at a time."""
SIDES = {Party.GUEST: Side.HOME, Party.MENTEE: Side.HOME, Party.HOST: Side.HOST, Party.MENTOR: Side.HOST}
"""For which side somebody accepts new dates; both accept, or the old ones stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """New dates that both sides are asked about until `due`: who asked, why, and who has accepted so far."""

    number: int
    days: tuple[date, ...]
    by: Party
    reason: Reason
    due: datetime
    accepted: frozenset[Side] = frozenset()

    @property
    def agreed(self) -> bool:
        """Return whether both sides have accepted."""
        return len(self.accepted) == len(Side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit; `plan` is None while no lawful week was found. `moves` counts the requested moves."""

    id: UUID
    of: VisitOf
    state: VisitState
    since: datetime
    required_days: int
    plan: VisitPlan | None = None
    agenda_due: datetime | None = None
    ended_on: date | None = None
    early: bool = False
    cause: UnschedulableCause | None = None
    reason: Reason | None = None
    moves: int = 0
    proposal: Proposal | None = None

    @property
    def fixed(self) -> bool:
        """Return whether its dates cannot be changed: it has begun or is over, or other dates are proposed."""
        return self.state not in NOT_BEGUN or self.proposal is not None


Step = tuple[Visit, tuple["VisitEvent", ...]]


def paid_from(visit: Visit, fund_id: UUID) -> Visit:
    """Return the visit under another fund, which its next events name; the match publishes the change."""
    moved = {"fund_id": fund_id}
    plan = None if visit.plan is None else visit.plan.model_copy(update=moved)
    return replace(visit, of=visit.of.model_copy(update=moved), plan=plan)


Attendance = "Mapping[date, bool]"


def open_visit(
    visit_id: UUID,
    of: VisitOf,
    answer: Scheduled | Unscheduled,
    *,
    days: int,
    agenda_due: datetime | None,
    now: datetime,
) -> Step:
    """Return the visit of a confirmed match, with its dates or with why there are none."""
    if isinstance(answer, Unscheduled):
        visit = Visit(
            id=visit_id,
            of=of,
            state=VisitState.UNSCHEDULABLE,
            since=now,
            required_days=days,
            cause=answer.cause,
        )
        return visit, (visits.VisitUnschedulable(visit=of, required_days=days, cause=answer.cause),)
    assert agenda_due is not None
    plan = _planned(of, answer.days)
    visit = Visit(
        id=visit_id,
        of=of,
        state=VisitState.SCHEDULED,
        since=now,
        required_days=len(answer.days),
        plan=plan,
        agenda_due=agenda_due,
    )
    return visit, (visits.VisitScheduled(plan=plan, agenda_due=agenda_due),)


def _planned(of: VisitOf, days: tuple[date, ...]) -> VisitPlan:
    names = VisitOf.model_fields
    return VisitPlan(
        **{name: getattr(of, name) for name in names}, start=days[0], end=days[-1], required_days=len(days), days=days
    )


def propose_move(
    visit: Visit, answer: Scheduled | Unscheduled, by: Party, reason: Reason, *, due: datetime, now: datetime
) -> Step:
    """Propose the dates that the engine found on request, or keep the visit's dates if it found none.

    While dates are proposed, or once the visit has begun, nothing is proposed.
    """
    if visit.state is not VisitState.SCHEDULED or visit.plan is None or visit.proposal is not None:
        return visit, ()
    number = visit.moves + 1
    counted = replace(visit, moves=number)
    if isinstance(answer, Unscheduled):
        return counted, (_dropped(visit.plan, number, MoveDropCause.NO_LAWFUL_WEEK, by, reason),)
    proposal = Proposal(number=number, days=answer.days, by=by, reason=reason, due=due)
    events = visits.VisitMoveProposed(
        plan=visit.plan,
        move=number,
        start=answer.start,
        end=answer.end,
        days=answer.days,
        by=by,
        reason=reason,
        due=due,
    )
    return replace(counted, proposal=proposal, since=now), (events,)


def accept_move(
    visit: Visit,
    by: Party,
    number: int,
    *,
    lawful: bool,
    waits: bool = False,
    agenda_due: datetime | None,
    at: datetime,
    now: datetime,
) -> Step:
    """Record that one side accepts, at a moment of the portal's clock.

    With both the visit moves, if its new week is free. If it is not, but a guest is asked to leave that week, the visit
    `waits` for the answer (`settle_move`). An answer to another proposal, or after its end, changes nothing.
    """
    proposal, plan = visit.proposal, visit.plan
    if visit.state is not VisitState.SCHEDULED or proposal is None or plan is None or by not in SIDES:
        return visit, ()
    if proposal.number != number or at > proposal.due:
        return visit, ()
    visit = replace(visit, proposal=replace(proposal, accepted=proposal.accepted | {SIDES[by]}))
    if waits and not lawful:
        return visit, ()
    return settle_move(visit, lawful=lawful, agenda_due=agenda_due, now=now)


def settle_move(visit: Visit, *, lawful: bool, agenda_due: datetime | None, now: datetime) -> Step:
    """Move a visit that both have accepted, or keep its dates if the new ones are not lawful any more."""
    proposal, plan = visit.proposal, visit.plan
    if visit.state is not VisitState.SCHEDULED or proposal is None or plan is None or not proposal.agreed:
        return visit, ()
    if not lawful:
        events = _dropped(plan, proposal.number, MoveDropCause.NO_LAWFUL_WEEK, proposal.by, proposal.reason)
        return replace(visit, proposal=None), (events,)
    assert agenda_due is not None
    moved = _planned(plan, proposal.days)
    event = visits.VisitMoved(
        plan=moved, move=proposal.number, previous_start=plan.start, previous_end=plan.end, agenda_due=agenda_due
    )
    after = replace(
        visit, plan=moved, proposal=None, agenda_due=agenda_due, required_days=moved.required_days, since=now
    )
    return after, (event,)


def refuse_move(visit: Visit, by: Party, number: int, reason: Reason) -> Step:
    """Record that one side refuses: the old dates stand."""
    proposal, plan = visit.proposal, visit.plan
    if visit.state is not VisitState.SCHEDULED or proposal is None or plan is None or proposal.number != number:
        return visit, ()
    events = _dropped(plan, number, MoveDropCause.REFUSED, by, reason)
    return replace(visit, proposal=None), (events,)


def expire_move(visit: Visit, *, now: datetime) -> Step:
    """End a proposal that both sides did not answer in time, or whose week did not fall free: the old dates stand."""
    proposal, plan = visit.proposal, visit.plan
    if visit.state is not VisitState.SCHEDULED or proposal is None or plan is None or now <= proposal.due:
        return visit, ()
    cause = MoveDropCause.NO_LAWFUL_WEEK if proposal.agreed else MoveDropCause.EXPIRED
    events = _dropped(plan, proposal.number, cause, Party.CLOCK, None)
    return replace(visit, proposal=None), (events,)


def _dropped(
    plan: VisitPlan, number: int, cause: MoveDropCause, by: Party, reason: Reason | None
) -> visits.VisitMoveDropped:
    return visits.VisitMoveDropped(plan=plan, move=number, cause=cause, by=by, reason=reason)


def find_dates(
    visit: Visit, answer: Scheduled | Unscheduled, *, days: int, agenda_due: datetime | None, now: datetime
) -> Step:
    """Try a visit without a lawful week again, in further periods."""
    if visit.state is not VisitState.UNSCHEDULABLE:
        return visit, ()
    retried, events = open_visit(visit.id, visit.of, answer, days=days, agenda_due=agenda_due, now=now)
    return replace(retried, since=visit.since if retried.plan is None else now), events


def attended(visit: Visit, attendance: Mapping[date, bool], *, now: datetime) -> Step:
    """Return what follows from the days recorded so far.

    Started, ended once all are recorded, completed if all were attended. All days recorded and none attended is a
    no-show.
    """
    plan = visit.plan
    if plan is None:
        return visit, ()
    present = _present(plan, attendance)
    recorded = all(day in attendance for day in plan.days)
    events: list[VisitEvent] = []
    if visit.state is VisitState.SCHEDULED and present:
        visit = replace(visit, state=VisitState.UNDER_WAY, since=now, proposal=None)
        events.append(visits.VisitStarted(plan=plan))
    elif visit.state is VisitState.SCHEDULED and recorded:
        return no_show(visit, None, now=now)
    if visit.state is VisitState.UNDER_WAY and recorded:
        visit, more = _end(visit, plan, present, _last(plan, present), now=now)
        events.extend(more)
    elif visit.state is VisitState.ENDED and not visit.early:
        visit, more = _complete(visit, plan, present, now=now)
        events.extend(more)
    return visit, tuple(events)


def time_over(visit: Visit, attendance: Mapping[date, bool], *, now: datetime) -> Step:
    """Conclude from the records when the time to record attendance is over."""
    if visit.state is not VisitState.UNDER_WAY or visit.plan is None:
        return visit, ()
    present = _present(visit.plan, attendance)
    return _end(visit, visit.plan, present, _last(visit.plan, present), now=now)


def early_return(
    visit: Visit, attendance: Mapping[date, bool], last_day: date, reason: Reason | None, *, now: datetime
) -> Step:
    """Record that the guest left after `last_day`: the visit ends with its actual days and is not completed."""
    plan = visit.plan
    if plan is None or visit.state not in VISIT_GOING or last_day < plan.start:
        return visit, ()
    events: list[VisitEvent] = []
    if visit.state is VisitState.SCHEDULED:
        visit = replace(visit, state=VisitState.UNDER_WAY, proposal=None)
        events.append(visits.VisitStarted(plan=plan))
    present = tuple(day for day in _present(plan, attendance) if day <= last_day)
    visit, more = _end(visit, plan, present, last_day, now=now, early=last_day < plan.end, reason=reason)
    return visit, (*events, *more)


def no_show(visit: Visit, reason: Reason | None, *, now: datetime) -> Step:
    """Record that the guest did not come at all."""
    if visit.state is not VisitState.SCHEDULED or visit.plan is None:
        return visit, ()
    events = visits.VisitNoShow(plan=visit.plan, reason=reason)
    return replace(visit, state=VisitState.NO_SHOW, since=now, reason=reason), (events,)


def cancel(visit: Visit, by: Party, reason: Reason, *, now: datetime) -> Step:
    """Cancel a visit that has not begun. One that never had dates ends without a fact of its own."""
    if visit.state not in NOT_BEGUN:
        return visit, ()
    cancelled = replace(visit, state=VisitState.CANCELLED, since=now, reason=reason, proposal=None)
    if visit.plan is None:
        return cancelled, ()
    return cancelled, (visits.VisitCancelled(plan=visit.plan, by=by, reason=reason),)


def void(visit: Visit, reason: VoidReason, *, now: datetime) -> Step:
    """Void a visit whose application was entered in error: it leaves the counts."""
    if visit.state is VisitState.VOIDED or visit.plan is None:
        return visit, ()
    return replace(visit, state=VisitState.VOIDED, since=now), (visits.VisitVoided(plan=visit.plan, reason=reason),)


def _present(plan: VisitPlan, attendance: Mapping[date, bool]) -> tuple[date, ...]:
    return tuple(day for day in plan.days if attendance.get(day))


def _last(plan: VisitPlan, present: tuple[date, ...]) -> date:
    """Return the last day on which the guest was there; the planned one if the host took every day back."""
    return present[-1] if present else plan.end


def _end(
    visit: Visit,
    plan: VisitPlan,
    present: tuple[date, ...],
    ended_on: date,
    *,
    now: datetime,
    early: bool = False,
    reason: Reason | None = None,
) -> Step:
    ended = replace(visit, state=VisitState.ENDED, since=now, ended_on=ended_on, early=early, reason=reason)
    events = visits.VisitEnded(
        plan=plan,
        attended=present,
        attended_days=len(present),
        required_days=visit.required_days,
        ended_on=ended_on,
        early=early,
        reason=reason,
    )
    if early:
        return ended, (events,)
    completed, more = _complete(ended, plan, present, now=now)
    return completed, (events, *more)


def _complete(visit: Visit, plan: VisitPlan, present: tuple[date, ...], *, now: datetime) -> Step:
    if len(present) < visit.required_days:
        return visit, ()
    events = visits.VisitCompleted(
        plan=plan, attended_days=len(present), required_days=visit.required_days, ended_on=present[-1]
    )
    return replace(visit, state=VisitState.COMPLETED, since=now, ended_on=present[-1]), (events,)
