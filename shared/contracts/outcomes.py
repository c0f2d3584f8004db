"""Define the events on `exchange.outcomes`: the results of a visit or a mentorship, owner reporting.

The key is the visit or the mentorship. Answers to closed questions only; free text stays in reporting's store, the
objectives' texts in the portal.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import _examples as ex
from shared.contracts.base import Count, Country, Day, Due, Event, Example, Part, TopicCode
from shared.contracts.codes import (
    N_,
    AnswerForm,
    Applied,
    CascadeFormat,
    CascadeRefusal,
    FollowUpBy,
    Respondent,
    RevocationReason,
    TestPhase,
    WaiverReason,
)

Score = Annotated[int, Field(ge=1, le=5, description="From 1, worst, to 5, best")]


class ObjectiveScore(Part):
    """The score for an objective of the application (by its number, 1 to 3)."""

    number: Annotated[int, Field(ge=1, le=3)]
    score: Score


class GoalScore(Part):
    """One side's answer whether a goal of the mentorship (by its number) was met."""

    number: Annotated[int, Field(ge=1)]
    met: bool


class QuestionScore(Part):
    """The answer to a closed question of the form, with its Kirkpatrick level."""

    question: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    level: Annotated[int, Field(ge=1, le=4)]
    score: Score


class OutcomeEvent(Event):
    """An event on `exchange.outcomes`: about a visit or a mentorship (exactly one is given, and is the key)."""

    topic: ClassVar[str] = "exchange.outcomes"

    application_id: UUID
    visit_id: UUID | None = None
    mentorship_id: UUID | None = None
    country: Country
    topic_code: TopicCode


_OF: Mapping[str, Any] = {
    "application_id": ex.APPLICATION,
    "visit_id": ex.VISIT,
    "mentorship_id": None,
    "country": "MD",
    "topic_code": "online_crime",
}


class EvaluationSubmitted(OutcomeEvent):
    """A respondent evaluates; due seven days after the end, later ones are flagged."""

    label: ClassVar[str] = N_("Evaluation submitted")

    respondent: Respondent
    form_version: Annotated[int, Field(ge=1)] = 1
    overall: Score
    objectives: tuple[ObjectiveScore, ...] = ()
    goals: tuple[GoalScore, ...] = ()
    answers: tuple[QuestionScore, ...] = ()
    late: bool = False

    example: ClassVar[Example] = {
        **_OF,
        "respondent": "guest",
        "form_version": 1,
        "overall": 5,
        "objectives": [{"number": 1, "score": 4}],
        "goals": [],
        "answers": [{"question": "programme_useful", "level": 1, "score": 5}],
        "late": False,
    }


class TestAsked(OutcomeEvent):
    """A guest is asked to take a test before or after the visit, until `due`.

    `again`: the visit has other dates, so the same test has another day.
    """

    label: ClassVar[str] = N_("Test requested")

    __test__ = False  # or pytest would collect it by its name

    phase: TestPhase
    test_id: UUID
    due: Due
    again: bool = False

    example: ClassVar[Example] = {
        **_OF,
        "phase": "pre",
        "test_id": ex.TEST,
        "due": "2026-03-15T22:59:59Z",
        "again": False,
    }


class TestScored(OutcomeEvent):
    """A test before or after the visit was scored (Kirkpatrick level 2)."""

    label: ClassVar[str] = N_("Test scored")

    __test__ = False  # or pytest would collect it by its name

    phase: TestPhase
    score: Count
    maximum: Annotated[int, Field(ge=1)]

    example: ClassVar[Example] = {**_OF, "phase": "pre", "score": 11, "maximum": 20}


class ReportSubmitted(OutcomeEvent):
    """The guest submits the report; due thirty days after the end. Its text stays in reporting's store."""

    label: ClassVar[str] = N_("Report submitted")

    late: bool = False

    example: ClassVar[Example] = {**_OF, "late": False}


class FollowUpSubmitted(OutcomeEvent):
    """Six months later the officer or the line manager says whether the officer uses on the job what they learnt.

    `in_window` says whether it came within thirty days of the date; `objectives` are scored by the line manager.
    """

    label: ClassVar[str] = N_("Follow-up submitted")

    by: FollowUpBy
    applied: Applied
    answers: tuple[QuestionScore, ...] = ()
    objectives: tuple[ObjectiveScore, ...] = ()
    in_window: bool = True

    example: ClassVar[Example] = {
        **_OF,
        "by": "self",
        "applied": "yes",
        "answers": [{"question": "use_in_work", "level": 3, "score": 4}],
        "objectives": [],
        "in_window": True,
    }


class CascadeDelivered(OutcomeEvent):
    """The officer passed the knowledge on at home, to a number of colleagues."""

    label: ClassVar[str] = N_("Training session at home reported")

    cascade_id: UUID
    delivered_on: Day
    attendees: Count
    format: CascadeFormat

    example: ClassVar[Example] = {
        **_OF,
        "cascade_id": ex.CASCADE,
        "delivered_on": "2026-05-20",
        "attendees": 18,
        "format": "training",
    }


class CascadeConfirmed(OutcomeEvent):
    """The line manager confirms a cascade session and how many it reached, possibly fewer than reported."""

    label: ClassVar[str] = N_("Training session at home confirmed")

    cascade_id: UUID
    delivered_on: Day
    attendees: Count

    example: ClassVar[Example] = {
        **_OF,
        "cascade_id": ex.CASCADE,
        "delivered_on": "2026-05-20",
        "attendees": 18,
    }


class CascadeRefused(OutcomeEvent):
    """The line manager does not confirm a cascade session; it is not counted, and the officer is notified."""

    label: ClassVar[str] = N_("Training session at home not confirmed")

    cascade_id: UUID
    delivered_on: Day
    reason: CascadeRefusal

    example: ClassVar[Example] = {
        **_OF,
        "cascade_id": ex.CASCADE,
        "delivered_on": "2026-05-20",
        "reason": "not_known",
    }


class AnswerAsked(OutcomeEvent):
    """A respondent is asked again for a missing answer; `due` is the last day on which it was in time."""

    label: ClassVar[str] = N_("Answer requested")

    form: AnswerForm
    respondent: Respondent
    due: Day | None = None

    example: ClassVar[Example] = {**_OF, "form": "evaluation", "respondent": "guest", "due": "2026-03-27"}


class AnswerClosed(OutcomeEvent):
    """A missing answer is no longer accepted, since its wave was closed: nobody waits for it any more."""

    label: ClassVar[str] = N_("Form closed")

    form: AnswerForm
    respondent: Respondent
    due: Day

    example: ClassVar[Example] = {**_OF, "form": "evaluation", "respondent": "guest", "due": "2026-03-27"}


class AnswerReopened(OutcomeEvent):
    """A closed answer is accepted again; its time counts from `ended_on`, as before."""

    label: ClassVar[str] = N_("Form reopened")

    form: AnswerForm
    respondent: Respondent
    due: Day
    ended_on: Day

    example: ClassVar[Example] = {
        **_OF,
        "form": "evaluation",
        "respondent": "guest",
        "due": "2026-03-27",
        "ended_on": "2026-03-20",
    }


class EvaluationWaived(OutcomeEvent):
    """The programme coordinator no longer waits for an evaluation (the host's, missing after thirty days)."""

    label: ClassVar[str] = N_("Evaluation waived")

    respondent: Respondent
    reason: WaiverReason

    example: ClassVar[Example] = {**_OF, "respondent": "host", "reason": "host_silent"}


class CertificateGranted(OutcomeEvent):
    """Guest evaluation, host evaluation (or its waiver) and report are in: the portal writes the certificate."""

    label: ClassVar[str] = N_("Certificate granted")

    number: Annotated[str, Field(pattern=r"^[A-Z0-9-]+$", max_length=40)]
    attended_days: Count
    start: Day
    end: Day

    example: ClassVar[Example] = {
        **_OF,
        "number": "TC-2026-000017",
        "attended_days": 5,
        "start": "2026-03-16",
        "end": "2026-03-20",
    }


class CertificateRevoked(OutcomeEvent):
    """A certificate is no longer valid; the portal's page that verifies it says so."""

    label: ClassVar[str] = N_("Certificate revoked")

    number: Annotated[str, Field(pattern=r"^[A-Z0-9-]+$", max_length=40)]
    reason: RevocationReason

    example: ClassVar[Example] = {**_OF, "number": "TC-2026-000017", "reason": "visit_voided"}
