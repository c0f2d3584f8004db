"""How does a visit go from its dates to its end? A pure state machine (lifecycles.md, "Visit").

The sender owns the planned dates, the host the attendance (EWP); what is concluded from attendance is concluded here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.matching.engine.schedule import Scheduled, Unscheduled
from shared.contracts import visits
from shared.contracts.codes import Party, Reason, UnschedulableCause, VisitState, VoidReason
from shared.contracts.visits import VisitOf, VisitPlan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from uuid import UUID

    from shared.contracts.visits import VisitEvent

NOT_BEGUN = (VisitState.SCHEDULED, VisitState.UNSCHEDULABLE)
TO_COME = (VisitState.SCHEDULED, VisitState.UNDER_WAY)
"""Neither over nor without dates: a mentoring pair has one such visit at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit; `plan` is None while no lawful week was found. `attended` counts days once it has ended."""

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


Step = tuple[Visit, tuple["VisitEvent", ...]]


def paid_from(visit: Visit, fund_id: UUID) -> Visit:
    """The visit under another fund, which its next events name; the match tells of the change."""
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
    """The visit of a confirmed match, with its dates or with why there are none."""
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
    plan = VisitPlan(
        **of.model_dump(),
        start=answer.start,
        end=answer.end,
        required_days=len(answer.days),
        days=answer.days,
    )
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


def attended(visit: Visit, attendance: Mapping[date, bool], *, now: datetime) -> Step:
    """What follows from the days recorded so far: started, ended once all are recorded, completed if all were attended.

    All days recorded and none attended is a no-show.
    """
    plan = visit.plan
    if plan is None:
        return visit, ()
    present = _present(plan, attendance)
    recorded = all(day in attendance for day in plan.days)
    told: list[VisitEvent] = []
    if visit.state is VisitState.SCHEDULED and present:
        visit = replace(visit, state=VisitState.UNDER_WAY, since=now)
        told.append(visits.VisitStarted(plan=plan))
    elif visit.state is VisitState.SCHEDULED and recorded:
        return no_show(visit, None, now=now)
    if visit.state is VisitState.UNDER_WAY and recorded:
        visit, more = _end(visit, plan, present, _last(plan, present), now=now)
        told.extend(more)
    elif visit.state is VisitState.ENDED and not visit.early:
        visit, more = _complete(visit, plan, present, now=now)
        told.extend(more)
    return visit, tuple(told)


def time_over(visit: Visit, attendance: Mapping[date, bool], *, now: datetime) -> Step:
    """The time to record attendance is over: what was recorded by then counts."""
    if visit.state is not VisitState.UNDER_WAY or visit.plan is None:
        return visit, ()
    present = _present(visit.plan, attendance)
    return _end(visit, visit.plan, present, _last(visit.plan, present), now=now)


def early_return(
    visit: Visit, attendance: Mapping[date, bool], last_day: date, reason: Reason | None, *, now: datetime
) -> Step:
    """The guest left after `last_day`: the visit ends with its actual days and is not completed."""
    plan = visit.plan
    if plan is None or visit.state not in {VisitState.SCHEDULED, VisitState.UNDER_WAY} or last_day < plan.start:
        return visit, ()
    told: list[VisitEvent] = []
    if visit.state is VisitState.SCHEDULED:
        visit = replace(visit, state=VisitState.UNDER_WAY)
        told.append(visits.VisitStarted(plan=plan))
    present = tuple(day for day in _present(plan, attendance) if day <= last_day)
    visit, more = _end(visit, plan, present, last_day, now=now, early=last_day < plan.end, reason=reason)
    return visit, (*told, *more)


def no_show(visit: Visit, reason: Reason | None, *, now: datetime) -> Step:
    """The guest did not come at all."""
    if visit.state is not VisitState.SCHEDULED or visit.plan is None:
        return visit, ()
    told = visits.VisitNoShow(plan=visit.plan, reason=reason)
    return replace(visit, state=VisitState.NO_SHOW, since=now, reason=reason), (told,)


def cancel(visit: Visit, by: Party, reason: Reason, *, now: datetime) -> Step:
    """A visit that has not begun does not take place. One that never had dates ends without a fact of its own."""
    if visit.state not in NOT_BEGUN:
        return visit, ()
    cancelled = replace(visit, state=VisitState.CANCELLED, since=now, reason=reason)
    if visit.plan is None:
        return cancelled, ()
    return cancelled, (visits.VisitCancelled(plan=visit.plan, by=by, reason=reason),)


def void(visit: Visit, reason: VoidReason, *, now: datetime) -> Step:
    """The application was entered in error: the visit leaves the counts with it."""
    if visit.state is VisitState.VOIDED or visit.plan is None:
        return visit, ()
    return replace(visit, state=VisitState.VOIDED, since=now), (visits.VisitVoided(plan=visit.plan, reason=reason),)


def _present(plan: VisitPlan, attendance: Mapping[date, bool]) -> tuple[date, ...]:
    return tuple(day for day in plan.days if attendance.get(day))


def _last(plan: VisitPlan, present: tuple[date, ...]) -> date:
    """The last day on which the guest was there; the planned one where the host took every day back."""
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
    told = visits.VisitEnded(
        plan=plan,
        attended=present,
        attended_days=len(present),
        required_days=visit.required_days,
        ended_on=ended_on,
        early=early,
        reason=reason,
    )
    if early:
        return ended, (told,)
    completed, more = _complete(ended, plan, present, now=now)
    return completed, (told, *more)


def _complete(visit: Visit, plan: VisitPlan, present: tuple[date, ...], *, now: datetime) -> Step:
    if len(present) < visit.required_days:
        return visit, ()
    told = visits.VisitCompleted(
        plan=plan, attended_days=len(present), required_days=visit.required_days, ended_on=present[-1]
    )
    return replace(visit, state=VisitState.COMPLETED, since=now, ended_on=present[-1]), (told,)
