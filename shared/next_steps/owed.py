"""Derive what people are asked for about a case, and until when, from the facts of the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from shared.contracts.codes import (
    UNION,
    AnswerForm,
    ApplicationKind,
    ApplicationState,
    FollowUpBy,
    MatchState,
    MentorshipState,
    Respondent,
    VisitState,
)
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import DeadlineKind as D
from shared.contracts.lifecycle import DEADLINES
from shared.contracts.lifecycle.state_sets import MENTORSHIP_OVER, VISIT_OVER
from shared.next_steps.received import WAIVER, closed_form
from shared.time import clock
from shared.time.workdays import due as due_after

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from shared.contracts.calls import Timers
    from shared.next_steps.facts import CaseFacts, MatchFacts, PairFacts, VisitFacts

EVALUATION, REPORT, FOLLOW_UP = AnswerForm.EVALUATION.value, AnswerForm.REPORT.value, AnswerForm.FOLLOW_UP.value


@dataclass(frozen=True, slots=True)
class Owed:
    """Something that somebody is asked for: the kind of deadline, whose it is and when it is due."""

    kind: D
    by: A
    due: datetime | None

    def lapsed(self, at: datetime) -> bool:
        """Return whether it can no longer be done: its time is over, and what comes later does not count."""
        return DEADLINES[self.kind].lapses and self.due is not None and self.due < at


@dataclass(frozen=True, slots=True)
class Dues:
    """The due date of the first open task of a case: until a moment, and from then on."""

    due: datetime | None
    changes_at: datetime | None = None
    due_then: datetime | None = None


_OF_STATE: dict[ApplicationState, D] = {
    ApplicationState.SUBMITTED: D.ENDORSEMENT,
    ApplicationState.RETURNED_FOR_INFORMATION: D.INFORMATION,
    ApplicationState.ENDORSED: D.ELIGIBILITY,
    ApplicationState.APPEALED: D.APPEAL_DECISION,
}
_TICK = timedelta(microseconds=1)
_VISITORS = (A.APPLICANT, A.HOST_CONTACT)
_PAIR = (A.APPLICANT, A.MENTOR)


def owed(case: CaseFacts, at: datetime | None = None) -> list[Owed]:
    """Return all that people are asked for about a case at a moment (None: now), in the order of the life cycles."""
    at = at or clock.now()
    return _open(_all_owed(case, at), at)


def _all_owed(case: CaseFacts, at: datetime) -> list[Owed]:
    """Return the same with what has lapsed, whose owner has not ended it yet."""
    kind = _OF_STATE.get(case.state)
    found = [] if kind is None else [Owed(kind, DEADLINES[kind].owners[0], case.due)]
    for match in (case.match, case.reserve):
        found += [] if match is None else _of_match(match)
    found += [] if case.pair is None else _of_pair(case.pair)
    for visit in case.visits:
        found += _of_visit(visit, at)
    return found


def of_match(match: MatchFacts) -> list[Owed]:
    """Return what is asked for now about a match: a clearance, or answers."""
    return _open(_of_match(match), clock.now())


def of_visit(visit: VisitFacts) -> list[Owed]:
    """Return what is asked for now about a visit: before it, during it, and after it."""
    now = clock.now()
    return _open(_of_visit(visit, now), now)


def of_pair(pair: PairFacts) -> list[Owed]:
    """Return what is asked for now about a mentorship: the signatures, and the answers after it."""
    return _open(_of_pair(pair), clock.now())


def _open(items: Iterable[Owed], at: datetime) -> list[Owed]:
    return [item for item in items if not item.lapsed(at)]


def first_due(items: Iterable[Owed]) -> datetime | None:
    """Return when the first of these is due; None where none has a deadline. The case is overdue after that."""
    return min((item.due for item in items if item.due is not None), default=None)


def _of_match(match: MatchFacts) -> list[Owed]:
    match match.state:
        case MatchState.PROPOSED if match.refused:
            return []
        case MatchState.PROPOSED if match.home_cleared:
            return [Owed(D.HOST_CLEARANCE, A.HOST_COORDINATOR, match.due)]
        case MatchState.PROPOSED:
            return [Owed(D.HOME_CLEARANCE, A.HOME_COORDINATOR, match.due)]
        case MatchState.OFFERED:
            sides = _VISITORS if match.kind is ApplicationKind.STUDY_VISIT else _PAIR
            return [Owed(D.ANSWER, by, match.due) for by in sides if by not in match.accepted]
        case _:
            return []


def _of_visit(visit: VisitFacts, at: datetime) -> list[Owed]:
    found, on = list[Owed](), at.date()
    match visit.state:
        case VisitState.SCHEDULED:
            if visit.move_due is not None:
                found += [Owed(D.MOVE, by, visit.move_due) for by in _VISITORS if by not in visit.move_accepted]
            if visit.start is None or to_come(visit.start, on):
                found += [Owed(D.AGENDA, by, visit.agenda_due) for by in _VISITORS if by not in visit.agreed]
            if visit.start is not None and to_come(visit.start, on):
                due = preparation_due(visit.start, visit.timers)
                owners = DEADLINES[D.PREPARATION].owners
                found += [Owed(D.PREPARATION, by, due) for by in owners if by not in visit.prepared]
            if visit.start is not None and not to_come(visit.start, on):
                found += _attendance(visit)
        case VisitState.UNDER_WAY:
            found += _attendance(visit)
        case state if state in VISIT_OVER and visit.ended_on is not None:
            found += _evaluation(visit, A.APPLICANT, Respondent.GUEST, visit.ended_on)
            if not _settled(visit.received, REPORT, Respondent.GUEST.value):
                found.append(Owed(D.REPORT, A.APPLICANT, _counted(D.REPORT, visit.ended_on, visit.timers)))
            found += _evaluation(visit, A.HOST_CONTACT, Respondent.HOST, visit.ended_on)
            if state is VisitState.COMPLETED:
                found += _later(visit, Respondent.GUEST, visit.ended_on)
        case _:
            pass
    return found


def _of_pair(pair: PairFacts) -> list[Owed]:
    if pair.state is MentorshipState.OPENED:
        return [Owed(D.AGREEMENT, by, pair.due) for by in _PAIR if by not in pair.signed]
    if pair.state not in MENTORSHIP_OVER or pair.ended_on is None:
        return []
    found = _evaluation(pair, A.APPLICANT, Respondent.MENTEE, pair.ended_on)
    found += _evaluation(pair, A.MENTOR, Respondent.MENTOR, pair.ended_on)
    if pair.state is MentorshipState.COMPLETED:
        found += _later(pair, Respondent.MENTEE, pair.ended_on)
    return found


def certificate_due(visit: VisitFacts) -> bool:
    """Return whether all that a certificate needs is there, and it is not granted yet."""
    if visit.state not in VISIT_OVER or not visit.attended or visit.certified:
        return False
    return not any(item.kind in {D.EVALUATION, D.REPORT} for item in of_visit(visit))


def to_come(start: date, on: date | None = None) -> bool:
    """Return whether a visit that starts on that day is to come on a day (None: today): only then is it prepared."""
    return (on or clock.today()) < start


def first_dues(case: CaseFacts) -> Dues:
    """Return the due date of the first open task of a case, before and after the next change that the clock brings.

    That is the beginning of its planned visit, or the end of a time to answer. A later one follows an event, since what
    lapses is ended within minutes.
    """
    planned = [visit.start for visit in case.visits if visit.state is VisitState.SCHEDULED]
    moments = [datetime.combine(start, time.min, UTC) for start in planned if start is not None]
    before = min(moments, default=clock.now()) - _TICK
    lapsing = [item.due for item in _all_owed(case, before) if DEADLINES[item.kind].lapses and item.due is not None]
    changes_at = min([*moments, *(due + _TICK for due in lapsing)], default=None)
    if changes_at is None:
        return Dues(first_due(owed(case)))
    return Dues(first_due(owed(case, changes_at - _TICK)), changes_at, first_due(owed(case, changes_at)))


def _attendance(visit: VisitFacts) -> list[Owed]:
    if visit.end is None:
        return []
    return [Owed(D.ATTENDANCE, A.HOST_CONTACT, attendance_due(visit.end, visit.timers))]


def attendance_due(end: date, timers: Timers) -> datetime:
    """Return until when the attendance of a visit that ends on that day is to be recorded, by its call's timers."""
    return _counted(D.ATTENDANCE, end, timers)


def preparation_due(start: date, timers: Timers) -> datetime:
    """Return until when a visit that starts on that day is to be prepared, by the timers of its call."""
    return _counted(D.PREPARATION, start, timers)


def results_due(ended_on: date, timers: Timers) -> datetime:
    """Return until when the sending country reports the results of a visit or mentorship that ended on that day."""
    return _counted(D.RESULTS, ended_on, timers)


def _counted(kind: D, day: date, timers: Timers) -> datetime:
    """Return when something is due whose deadline is counted from a day."""
    deadline = DEADLINES[kind]
    length = getattr(timers, deadline.timer)
    return due_after(day, -length if deadline.before else length, deadline.unit, UNION)


def _evaluation(about: VisitFacts | PairFacts, by: A, of: Respondent, ended_on: date) -> list[Owed]:
    """Return the evaluation of one side where it is still asked for."""
    if _settled(about.received, EVALUATION, of.value):
        return []
    return [Owed(D.EVALUATION, by, _counted(D.EVALUATION, ended_on, about.timers))]


def _later(about: VisitFacts | PairFacts, applicant: Respondent, ended_on: date) -> list[Owed]:
    """Return what is asked for months after the end: follow-ups, and the results for the sending country."""
    due = _counted(D.FOLLOW_UP, ended_on, about.timers)
    received = about.received
    found = []
    own, manager = (FOLLOW_UP, FollowUpBy.SELF.value), (FOLLOW_UP, FollowUpBy.MANAGER.value)
    if own not in received and not _closed(received, FOLLOW_UP, applicant.value):
        found.append(Owed(D.FOLLOW_UP, A.APPLICANT, due))
    if manager not in received and not _closed(received, FOLLOW_UP, Respondent.LINE_MANAGER.value):
        found.append(Owed(D.FOLLOW_UP, A.LINE_MANAGER, due))
    if not _settled(received, EVALUATION, Respondent.NATIONAL_COORDINATOR.value):
        found.append(Owed(D.RESULTS, A.HOME_COORDINATOR, results_due(ended_on, about.timers)))
    return found


def _settled(received: Iterable[tuple[str, str]], form: str, of: str) -> bool:
    """Return whether a form was submitted, waived, or is no longer taken."""
    return (form, of) in received or _closed(received, form, of) or (form == EVALUATION and (WAIVER, of) in received)


def _closed(received: Iterable[tuple[str, str]], form: str, of: str) -> bool:
    return (closed_form(form), of) in received
