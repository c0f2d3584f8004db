"""Show the tests before and after a visit as their guest may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field

from services.reporting.assessments.model import sittings
from services.reporting.assessments.model.bank import QuestionKind
from services.reporting.assessments.model.sittings import Availability
from services.reporting.assessments.store import bank
from services.reporting.assessments.store import sittings as sittings_store
from services.reporting.cases import views as cases_views
from services.reporting.facts import store as facts_store
from shared.contracts.codes import Respondent, TestPhase
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import read_id
from shared.time.arrival import arrived
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.assessments.model.bank import Question, Test
    from services.reporting.assessments.store.sittings import Sitting
    from services.reporting.cases.model import Case

PRE, POST = TestPhase.PRE, TestPhase.POST


class GuestQuestion(ReadModel):
    """A question as its guest sees it."""

    number: Annotated[int, Field(description="Counted from 1.", examples=[1])]
    kind: QuestionKind
    text: Annotated[str, Field(examples=["What is secured first on a running computer?"])]
    answers: Annotated[list[str], Field(description="To choose from.", examples=[["The memory", "The printer"]])]
    points: int
    right: Annotated[
        list[int] | None,
        Field(description="The places of the right answers, from 0; null until both tests are in.", examples=[[0]]),
    ]


class GuestResult(ReadModel):
    """The points of one test, and the most that can be reached."""

    score: int
    maximum: int


class GuestResults(ReadModel):
    """The points before and after the visit."""

    pre: GuestResult
    post: GuestResult


class GuestTest(ReadModel):
    """The test before or after a visit as its guest may see it."""

    phase: TestPhase
    reference: Annotated[str, Field(description="Of the application.", examples=["AM-2026-0042"])]
    title: Annotated[str, Field(examples=["What do you know?"])]
    topic: Annotated[str, Field(examples=["online_crime"])]
    state: Availability
    until: Annotated[AwareDatetime | None, Field(description="Until when it can be taken; null without such a day.")]
    questions: list[GuestQuestion]
    answers: Annotated[
        dict[int, list[int]],
        Field(
            description="By the number of a question the places of the chosen answers, from 0.", examples=[{"1": [0]}]
        ),
    ]
    saved_at: AwareDatetime | None
    handed_in_at: AwareDatetime | None
    results: Annotated[GuestResults | None, Field(description="Null until both tests are in.")]


@dataclass(frozen=True, slots=True)
class Paper:
    """A test that a guest is asked to take before or after a visit, with its state; `other` is the other of the two.

    `compared`: both are in, so that the right answers may be shown.
    """

    subject: str
    case: Case
    phase: TestPhase
    reference: str
    test: Test
    questions: Sequence[Question]
    sitting: Sitting
    other: Sitting | None
    stand: Availability
    until: datetime | None

    @property
    def compared(self) -> bool:
        """Return whether both tests are in."""
        return all(sitting is not None and sitting.handed_in_at is not None for sitting in (self.sitting, self.other))


async def paper(session: AsyncSession, subject: str, phase: TestPhase, *, lock: bool = False) -> Paper:
    """Return the test that the ticket's `subject` means: `guest.<visit>`. Raises `Refused` (404) if there is none."""
    named, _, key = subject.rpartition(".")
    case = await cases_views.case(session, visit) if (visit := read_id(key)) else None
    if case is None or named != Respondent.GUEST:
        raise _none()
    both = await sittings_store.both(session, case.id, locked=lock)
    sitting = both.get(phase)
    test = await bank.test(session, sitting.test_id) if sitting else None
    if sitting is None or test is None:
        raise _none()
    application = await facts_store.application(session, str(case.application_id))
    timers = await cases_views.timers(session, case.call_id)
    return Paper(
        subject=subject,
        case=case,
        phase=phase,
        reference=application.reference if application else "",
        test=test,
        questions=await bank.form(session, test.id, phase),
        sitting=sitting,
        other=both.get(POST if phase is PRE else PRE),
        stand=sittings.stand(case, phase, timers, arrived(), handed_in=sitting.handed_in_at is not None),
        until=sittings.until(case, phase, timers),
    )


def _none() -> Refused:
    return Refused(gettext("You have no test to take here."), 404)


async def other_paper(session: AsyncSession, found: Paper) -> Paper | None:
    """Return the other of the two tests, if both are in and may be compared; else None."""
    if not found.compared:
        return None
    return await paper(session, found.subject, POST if found.phase is PRE else PRE)


async def guest_test(session: AsyncSession, subject: str, phase: TestPhase) -> GuestTest:
    """Return a test: right answers and points only when both tests are in. Raises `Refused` (404)."""
    found = await paper(session, subject, phase)
    other = await other_paper(session, found)
    row = found.sitting
    return GuestTest(
        phase=found.phase,
        reference=found.reference,
        title=found.test.title,
        topic=found.test.topic,
        state=found.stand,
        until=found.until,
        questions=[
            GuestQuestion(
                number=number,
                kind=question.kind,
                text=question.text,
                answers=list(question.answers),
                points=question.points,
                right=None if other is None else list(question.right),
            )
            for number, question in enumerate(found.questions, 1)
        ],
        answers={number: list(chosen) for number, chosen in row.chosen.items()},
        saved_at=row.saved_at,
        handed_in_at=row.handed_in_at,
        results=None if other is None else _results(found, other),
    )


def _results(found: Paper, other: Paper) -> GuestResults:
    before, after = (found, other) if found.phase is PRE else (other, found)
    return GuestResults(pre=_result(before.sitting), post=_result(after.sitting))


def _result(row: Sitting) -> GuestResult:
    assert row.score is not None
    assert row.maximum is not None
    return GuestResult(score=row.score, maximum=row.maximum)
