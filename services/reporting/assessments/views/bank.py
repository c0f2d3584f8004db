"""Show the bank's questions, and the tests made of them with how many took each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.reporting.assessments.model.bank import TOPICS, QuestionKind, TestState
from services.reporting.assessments.store import bank as store
from services.reporting.assessments.store import sittings
from services.reporting.cases import views as cases_views
from shared.contracts.codes import Expertise, TestPhase
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import read_id
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.assessments.model.bank import Question, QuestionFilters, Test
    from services.reporting.assessments.store.sittings import Participation
    from shared.web.paging import PageRequest


class BankQuestion(ReadModel):
    """A question in one of its versions."""

    id: UUID
    version: Annotated[int, Field(description="Each change is the next version.", examples=[1])]
    topic: Annotated[str, Field(examples=["online_crime"])]
    area: Expertise | None
    kind: QuestionKind
    text: Annotated[str, Field(examples=["What is secured first on a running computer?"])]
    answers: Annotated[list[str], Field(description="To choose from.", examples=[["The memory", "The printer"]])]
    right: Annotated[list[int], Field(description="The places of the right answers, from 0.", examples=[[0]])]
    points: Annotated[int, Field(description="For an answer that is right in full.", examples=[1])]
    written_at: AwareDatetime
    retired_at: Annotated[AwareDatetime | None, Field(description="No new test may ask it since.")]


class HandedIn(ReadModel):
    """The number of people who submitted a test before and after the visit."""

    pre: int
    post: int


class KnowledgeTest(ReadModel):
    """A test on a topic, with how many took it."""

    id: UUID
    title: Annotated[str, Field(examples=["What do you know?"])]
    topic: Annotated[str, Field(examples=["online_crime"])]
    call_id: Annotated[UUID | None, Field(description="Null for all calls.")]
    state: TestState
    written_at: AwareDatetime
    published_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    before: Annotated[list[UUID], Field(description="The questions before the visit, in order.")]
    after: Annotated[list[UUID], Field(description="The questions after it; the same where there are no others.")]
    invited: Annotated[int, Field(description="How many were asked to take it.")]
    handed_in: HandedIn


@dataclass(frozen=True, slots=True)
class QuestionList:
    """A page of the bank's questions, their number, and that of the others (retired, or in use)."""

    questions: Sequence[Question]
    total: int
    others: int


@dataclass(frozen=True, slots=True)
class QuestionDetail:
    """A question in all its versions, the newest first, with the tests that have it."""

    versions: Sequence[Question]
    tests: Sequence[Test]

    @property
    def newest(self) -> Question:
        """Its newest version."""
        return self.versions[0]


@dataclass(frozen=True, slots=True)
class TestList:
    """All tests with how many took each, the references of calls, and the number of questions in use by topic."""

    __test__ = False  # or pytest would collect it by its name

    tests: Sequence[KnowledgeTest]
    calls: Mapping[UUID, str]
    questions_by_topic: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TestDetail:
    """One test with how many took it, what can be asked on its topic, and its forms once it is published."""

    __test__ = False  # or pytest would collect it by its name

    test: Test
    taken: Participation
    bank: Mapping[UUID, Question]
    call: str | None
    forms: Mapping[TestPhase, Sequence[Question]]


def bank_question(question: Question) -> BankQuestion:
    """Return a question without its author."""
    return BankQuestion(
        id=question.id,
        version=question.version,
        topic=question.topic,
        area=None if question.area is None else Expertise(question.area),
        kind=question.kind,
        text=question.text,
        answers=list(question.answers),
        right=list(question.right),
        points=question.points,
        written_at=question.at,
        retired_at=question.retired_at,
    )


async def questions_page(session: AsyncSession, filters: QuestionFilters, request: PageRequest) -> Page[BankQuestion]:
    """Return one page of the newest versions, by topic and the earlier written first."""
    rows = await store.questions_page(session, filters, request)
    return page_of(rows, request, BankQuestion, bank_question, lambda row: (row.topic, row.id))


async def question_list(session: AsyncSession, filters: QuestionFilters, limit: int, offset: int) -> QuestionList:
    """Return a page of the newest versions for people, by topic and the earlier written first."""
    return QuestionList(*await store.questions(session, filters, limit, offset))


async def all_versions(session: AsyncSession, question_id: str) -> list[Question]:
    """Return a question in all its versions, the newest first. Raises `Refused` (404)."""
    found = await store.versions(session, id_) if (id_ := read_id(question_id)) else []
    if not found:
        raise Refused(gettext("There is no such question. It may have been deleted."), 404)
    return found


async def question_versions(session: AsyncSession, question_id: str) -> Page[BankQuestion]:
    """Return a question in all its versions, the newest first. Raises `Refused` (404)."""
    found = await all_versions(session, question_id)
    return Page[BankQuestion](items=[bank_question(each) for each in found], next=None)


async def question_detail(session: AsyncSession, question_id: str) -> QuestionDetail:
    """Return a question with its versions and tests. Raises `Refused` (404)."""
    found = await all_versions(session, question_id)
    return QuestionDetail(found, await store.used(session, found[0].id))


def knowledge_test(test: Test, participation: Participation = sittings.NOBODY) -> KnowledgeTest:
    """Return a test without its author, with how many took it."""
    return KnowledgeTest(
        id=test.id,
        title=test.title,
        topic=test.topic,
        call_id=test.call_id,
        state=test.state,
        written_at=test.at,
        published_at=test.published_at,
        closed_at=test.closed_at,
        before=list(test.question_ids(TestPhase.PRE)),
        after=list(test.question_ids(TestPhase.POST)),
        invited=participation.invited,
        handed_in=HandedIn(pre=participation.before, post=participation.after),
    )


async def tests_page(session: AsyncSession, request: PageRequest) -> Page[KnowledgeTest]:
    """Return one page of the tests, the newest first, with how many took each."""
    found = await store.tests_page(session, request)
    taken = await sittings.participation(session, [each.id for each in found])
    return page_of(
        found,
        request,
        KnowledgeTest,
        lambda test: knowledge_test(test, taken.get(test.id, sittings.NOBODY)),
        lambda test: (test.at, test.id),
    )


async def test_list(session: AsyncSession) -> TestList:
    """Return all tests, the newest first, with how many took each."""
    found = await store.tests(session)
    taken = await sittings.participation(session, [each.id for each in found])
    return TestList(
        [knowledge_test(test, taken.get(test.id, sittings.NOBODY)) for test in found],
        dict(await cases_views.calls(session)),
        await store.questions_by_topic(session, TOPICS),
    )


async def one_test(session: AsyncSession, test_id: str) -> Test:
    """Return the test with that id. Raises `Refused` (404)."""
    found = await store.test(session, id_) if (id_ := read_id(test_id)) else None
    if found is None:
        raise Refused(gettext("There is no such test. It may have been deleted."), 404)
    return found


async def test_with_participation(session: AsyncSession, test_id: str) -> KnowledgeTest:
    """Return the test with that id, with how many took it. Raises `Refused` (404)."""
    found = await one_test(session, test_id)
    return knowledge_test(found, await _participation(session, found))


async def test_detail(session: AsyncSession, test_id: str) -> TestDetail:
    """Return the test with that id, with all that its page shows. Raises `Refused` (404)."""
    test = await one_test(session, test_id)
    calls = dict(await cases_views.calls(session))
    published = test.state is not TestState.DRAFT
    return TestDetail(
        test,
        await _participation(session, test),
        await store.bank(session, test.topic),
        calls.get(test.call_id) if test.call_id else None,
        {phase: await store.form(session, test.id, phase) for phase in TestPhase} if published else {},
    )


async def call_choices(session: AsyncSession) -> list[tuple[str, str]]:
    """Return the ids and references of the calls that a test may be for."""
    return [(str(id_), reference) for id_, reference in await cases_views.calls(session)]


async def _participation(session: AsyncSession, test: Test) -> Participation:
    return (await sittings.participation(session, [test.id])).get(test.id, sittings.NOBODY)
