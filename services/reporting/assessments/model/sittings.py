"""Decide when a guest can take a test, and score the answers.

The test before is open from the visit's confirmation until the end of the day before it starts, the one after from its
end until the report is due. Only a guest who took the first is asked for the second: a single result says nothing about
learning. Right answers are shown when both are in, never before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the dataclass's own
from enum import StrEnum
from typing import TYPE_CHECKING

from services.reporting.assessments.model.bank import Invalid, Question
from shared.contracts.codes import TestPhase, VisitState
from shared.contracts.lifecycle import Unit
from shared.contracts.lifecycle.state_sets import VISIT_OVER
from shared.contracts.outcomes import TestAsked, TestScored
from shared.i18n import N_
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from services.reporting.cases.model import Case
    from shared.contracts.calls import Timers

Answers = dict[int, tuple[int, ...]]
"""By the place of a question in its form (from 1) the places of the chosen answers (from 0)."""

_BEFORE = frozenset({VisitState.SCHEDULED})
_AFTER = frozenset(VISIT_OVER)


class Availability(StrEnum):
    """The availability of a test."""

    OPEN = "open"
    HANDED_IN = "handed_in"
    OVER = "over"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Result:
    """The points of one form, and the maximum."""

    score: int
    maximum: int


def until(case: Case, phase: TestPhase, timers: Timers) -> datetime | None:
    """Return until when the test can be taken; None while the visit has no such day."""
    if phase is TestPhase.PRE:
        return due(case.start, -1, Unit.DAYS, "EU") if case.start else None
    return due(case.ended_on, timers.report_days, Unit.DAYS, "EU") if case.ended_on else None


def stand(case: Case, phase: TestPhase, timers: Timers, now: datetime, *, handed_in: bool) -> Availability:
    """Return whether the test of a visit can be taken at `now`."""
    if handed_in:
        return Availability.HANDED_IN
    last = until(case, phase, timers)
    if phase is TestPhase.PRE and case.state in _BEFORE:
        return Availability.OPEN if last and now <= last else Availability.OVER
    if phase is TestPhase.POST and case.state in _AFTER:
        return Availability.OPEN if last and now <= last else Availability.OVER
    return Availability.OVER if case.state in {*_AFTER, VisitState.UNDER_WAY} else Availability.OFF


def valid_answers(questions: Sequence[Question], chosen_answers: Mapping[int, Sequence[int]]) -> Answers:
    """Return the given answers to existing questions, in their order. Raises `Invalid`."""
    answers: Answers = {}
    for place, question in enumerate(questions, 1):
        chosen = tuple(sorted(set(chosen_answers.get(place, ()))))
        if any(not 0 <= answer < len(question.answers) for answer in chosen):
            raise Invalid({f"q{place}": N_("Choose one of the answers given")})
        if chosen:
            answers[place] = chosen
    return answers


def result(questions: Sequence[Question], answers: Mapping[int, Sequence[int]]) -> Result:
    """Return the points of a form; a question without an answer has none. Raises `Invalid` if none was answered."""
    if not answers:
        raise Invalid({"q1": N_("Answer at least one question")})
    score = sum(question.worth(answers.get(place, ())) for place, question in enumerate(questions, 1))
    return Result(score, sum(question.points for question in questions))


def request_of_test(case: Case, phase: TestPhase, test_id: UUID, last: datetime, *, again: bool = False) -> TestAsked:
    """Return the event by which a guest is asked to take a test."""
    return TestAsked(
        application_id=case.application_id,
        visit_id=case.id,
        country=case.country,
        topic_code=case.topic,
        phase=phase,
        test_id=test_id,
        due=last,
        again=again,
    )


def scored(case: Case, phase: TestPhase, reached: Result) -> TestScored:
    """Return the event of a submitted test."""
    return TestScored(
        application_id=case.application_id,
        visit_id=case.id,
        country=case.country,
        topic_code=case.topic,
        phase=phase,
        score=reached.score,
        maximum=reached.maximum,
    )
