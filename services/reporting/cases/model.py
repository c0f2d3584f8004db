"""Follow a visit or a mentorship as far as its outcomes need it, with the dates by which answers are asked for."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from shared.contracts import mentorships, visits
from shared.contracts.codes import MentorshipState, Respondent, VisitState
from shared.contracts.lifecycle.state_sets import moves
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.contracts import Event
    from shared.contracts.calls import Timers

Kind = Literal["visit", "mentorship"]


@dataclass(frozen=True, slots=True)
class Case:
    """A visit or a mentorship as its events describe it; `host_id` is the host organisation or the mentor's."""

    id: UUID
    kind: Kind
    state: str
    application_id: UUID
    call_id: UUID
    country: str
    host_country: str
    host_id: UUID
    topic: str
    start: date | None = None
    end: date | None = None
    ended_on: date | None = None
    attended_days: int = 0
    required_days: int = 0
    goals: int = 0

    @property
    def respondents(self) -> tuple[Respondent, Respondent]:
        """The people who evaluate: first the guest or mentee, then the host or mentor."""
        if self.kind == "visit":
            return Respondent.GUEST, Respondent.HOST
        return Respondent.MENTEE, Respondent.MENTOR

    @property
    def visit_id(self) -> UUID | None:
        """Its id if it is a visit."""
        return self.id if self.kind == "visit" else None

    @property
    def mentorship_id(self) -> UUID | None:
        """Its id if it is a mentorship."""
        return self.id if self.kind == "mentorship" else None

    @property
    def open(self) -> bool:
        """Return whether it is over and counts, so that it can be evaluated and reported on."""
        return self.ended_on is not None and self.state != VisitState.VOIDED

    @property
    def why_not_open(self) -> str:
        """Return why nobody can answer about it now, in a sentence; empty where it is open."""
        if self.state == VisitState.VOIDED:
            return gettext("This was entered in error. We ask nothing more about it.")
        return "" if self.open else gettext("It has not ended yet. You can answer from its last day.")

    def check_open(self) -> None:
        """Raise `Refused` (409) unless it is over and counts."""
        if not self.open:
            code = ProblemCode.WRONG_STATE if self.state == VisitState.VOIDED else ProblemCode.TOO_EARLY
            raise Refused(self.why_not_open, code=code)

    def evaluable(self, respondent: Respondent, timers: Timers, day: date) -> bool:
        """Return whether that respondent is asked for an evaluation on `day`: a coordinator months after the end."""
        if respondent is Respondent.NATIONAL_COORDINATOR:
            return self.in_follow_up_time(timers, day)
        return self.open

    def evaluation_due(self, timers: Timers) -> date | None:
        """Return the last day on which an evaluation is in time."""
        return self.ended_on + timedelta(days=timers.evaluation_days) if self.ended_on else None

    def report_due(self, timers: Timers) -> date | None:
        """Return the last day on which the report is in time; the host's evaluation may be waived after it."""
        return self.ended_on + timedelta(days=timers.report_days) if self.ended_on else None

    def follow_up_on(self, timers: Timers) -> date | None:
        """Return the day for which the follow-up is asked."""
        return months_after(self.ended_on, timers.follow_up_months) if self.ended_on else None

    def in_follow_up_time(self, timers: Timers, day: date) -> bool:
        """Return whether the follow-up of a completed case is asked for on `day`: from its window on."""
        on = self.follow_up_on(timers)
        return self.state == "completed" and on is not None and day >= on - timedelta(timers.follow_up_window_days)

    def in_follow_up_window(self, timers: Timers, day: date) -> bool:
        """Return whether an answer on `day` is near enough to the day for which the follow-up is asked."""
        on = self.follow_up_on(timers)
        return on is not None and abs((day - on).days) <= timers.follow_up_window_days


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or that month's last day."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


_VISIT_STATES = moves("exchange.visits", VisitState)
_MENTORSHIP_STATES = moves("mentoring.mentorships", MentorshipState)


def after(case: Case | None, subject: str, event: Event) -> Case | None:
    """Return the case after an event about `subject`; an event of another kind leaves it as it was."""
    apply = _applier(type(event))
    return case if apply is None else apply(case, subject, event)


@cache
def _applier(event: type[Event]) -> Callable[[Case | None, str, Any], Case] | None:
    """Return the function that applies events of that class; cached, since `issubclass` goes through `abc`."""
    if issubclass(event, visits.PlannedVisitEvent):
        return _visit
    return _mentorship if issubclass(event, mentorships.MentorshipEvent) else None


def _visit(case: Case | None, subject: str, event: visits.PlannedVisitEvent) -> Case:
    """Return the case after an event of its visit; built in one call, since a rebuild makes hundreds of thousands."""
    plan = event.plan
    ended_on, attended = (case.ended_on, case.attended_days) if case else (None, 0)
    # By the class itself, since `isinstance` goes through `abc`.
    if type(event) is visits.VisitEnded or type(event) is visits.VisitCompleted:
        ended_on, attended = event.ended_on, event.attended_days
    before = case.state if case else VisitState.SCHEDULED
    return Case(
        case.id if case else UUID(subject),
        "visit",
        str(_VISIT_STATES.get(event.type, before)),
        case.application_id if case else plan.application_id,
        case.call_id if case else plan.call_id,
        case.country if case else plan.country,
        case.host_country if case else plan.host_country,
        case.host_id if case else plan.host_organisation_id,
        case.topic if case else plan.topic,
        plan.start,
        plan.end,
        ended_on,
        attended,
        plan.required_days,
    )


def _mentorship(case: Case | None, subject: str, event: mentorships.MentorshipEvent) -> Case:
    plan = event.plan
    case = case or Case(
        UUID(subject),
        "mentorship",
        MentorshipState.OPENED,
        plan.application_id,
        plan.call_id,
        plan.country,
        plan.mentor_country,
        plan.mentor_organisation_id,
        plan.topic,
    )  # fmt: skip - the fields in their order
    case = replace(case, state=str(_MENTORSHIP_STATES.get(event.type, case.state)))
    match event:
        case mentorships.MentorshipStarted():
            return replace(case, start=event.started_on, end=event.until)
        case mentorships.MentorshipCompleted():
            return replace(case, ended_on=event.ended_on, goals=event.goals)
        case mentorships.MentorshipEndedEarly():
            return replace(case, ended_on=event.ended_on)
        case _:
            return case
