"""The bank of questions and the tests, for programs of those who steer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.assessments.actions import bank as actions
from services.reporting.assessments.model.bank import (
    LONGEST,
    LONGEST_TITLE,
    MOST_ANSWERS,
    MOST_POINTS,
    MOST_QUESTIONS,
    Draft,
    QuestionFilters,
    QuestionKind,
)
from services.reporting.assessments.views import bank as views
from services.reporting.assessments.views.bank import BankQuestion, KnowledgeTest
from services.reporting.guards import Steerer
from services.reporting.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import Expertise
from shared.web.paging import PageDep, PageWithoutSinceDep
from shared.web.query import TopicText, one_of
from shared.web.read_models import Page

router = APIRouter(prefix="/reporting/api/v1", tags=["tests"])
Topic = Annotated[str, Field(max_length=60, examples=["online_crime"])]


class QuestionIn(BaseModel):
    """A question.

    Of a statement that is true or false `answers` stay empty, and `right` is [0] for true, [1] for false.
    """

    model_config = ConfigDict(extra="forbid")

    topic: Topic
    area: Expertise | None = None
    kind: QuestionKind
    text: Annotated[str, Field(max_length=LONGEST, examples=["What is secured first on a running computer?"])]
    answers: Annotated[
        list[Annotated[str, Field(max_length=LONGEST)]],
        Field(max_length=MOST_ANSWERS, description="To choose from.", examples=[["The memory", "The printer"]]),
    ] = []
    right: Annotated[
        list[int],
        Field(max_length=MOST_ANSWERS, description="The places of the right answers, from 0.", examples=[[0]]),
    ]
    points: Annotated[int, Field(ge=1, le=MOST_POINTS)] = 1

    def draft(self) -> Draft:
        """Return what was written."""
        right = tuple(sorted(set(self.right)))
        area = "" if self.area is None else self.area.value
        return Draft(self.topic, area, self.kind.value, self.text, tuple(self.answers), right, self.points)


class ChangeIn(QuestionIn):
    """The next version of a question."""

    version: Annotated[int, Field(description="The version that was read.", examples=[1])]


class TestIn(BaseModel):
    """A test on a topic, for one call or for all."""

    __test__ = False  # or pytest would collect it by its name
    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(max_length=LONGEST_TITLE, examples=["What do you know?"])]
    topic: Topic
    call_id: Annotated[UUID | None, Field(description="Null: for all calls.")] = None


class ItemsIn(BaseModel):
    """The questions of a draft, in order."""

    model_config = ConfigDict(extra="forbid")

    before: Annotated[list[UUID], Field(max_length=MOST_QUESTIONS)]
    after: Annotated[
        list[UUID], Field(max_length=MOST_QUESTIONS, description="Empty: the same are asked again after the visit.")
    ] = []


async def _read_test(bus: Bus, test: str) -> KnowledgeTest:
    async with bus.read() as session:
        return await views.test_with_participation(session, test)


@router.get("/questions")
async def questions(
    _: Steerer,
    bus: BusDep,
    page: PageDep,
    topic: TopicText = "",
    area: Annotated[str, one_of(*Expertise)] = "",
    retired: Annotated[bool, Query(description="Those that are retired, instead of those in use.")] = False,  # noqa: FBT002 - in the address
) -> Page[BankQuestion]:
    """Return the newest versions of the bank's questions, by topic and the earlier written first."""
    async with bus.read() as session:
        return await views.questions_page(session, QuestionFilters(topic, area, retired), page)


@router.post("/questions", status_code=201)
async def write(principal: Steerer, bus: BusDep, body: QuestionIn) -> BankQuestion:
    """Add a question to the bank."""
    return views.bank_question(await actions.write(bus, principal, body.draft()))


@router.get("/questions/{question}")
async def question(_: Steerer, bus: BusDep, question: str) -> Page[BankQuestion]:
    """Return a question in all its versions, the newest first."""
    async with bus.read() as session:
        return await views.question_versions(session, question)


@router.put("/questions/{question}")
async def change(principal: Steerer, bus: BusDep, question: str, body: ChangeIn) -> BankQuestion:
    """Write the next version of a question."""
    return views.bank_question(await actions.change(bus, principal, question, body.draft(), body.version))


@router.post("/questions/{question}/retire")
async def retire(principal: Steerer, bus: BusDep, question: str) -> BankQuestion:
    """Retire a question; tests that have it keep it."""
    return views.bank_question(await actions.retire(bus, principal, question))


@router.post("/questions/{question}/restore")
async def restore(principal: Steerer, bus: BusDep, question: str) -> BankQuestion:
    """Return a retired question to use."""
    return views.bank_question(await actions.restore(bus, principal, question))


@router.delete("/questions/{question}", status_code=204)
async def drop(principal: Steerer, bus: BusDep, question: str) -> None:
    """Delete a question that is in no test."""
    await actions.drop(bus, principal, question)


@router.get("/tests")
async def tests(_: Steerer, bus: BusDep, page: PageWithoutSinceDep) -> Page[KnowledgeTest]:
    """Return the tests, the newest first, with how many took each.

    The list is short, so it has no `since`.
    """
    async with bus.read() as session:
        return await views.tests_page(session, page)


@router.post("/tests", status_code=201)
async def begin(principal: Steerer, bus: BusDep, body: TestIn) -> KnowledgeTest:
    """Begin a test."""
    call = "" if body.call_id is None else str(body.call_id)
    return views.knowledge_test(await actions.begin(bus, principal, body.title, body.topic, call))


@router.get("/tests/{test}")
async def show_test(_: Steerer, bus: BusDep, test: str) -> KnowledgeTest:
    """Return one test, with how many took it."""
    return await _read_test(bus, test)


@router.put("/tests/{test}/questions")
async def compose(principal: Steerer, bus: BusDep, test: str, body: ItemsIn) -> KnowledgeTest:
    """Choose the questions of a draft."""
    before, after = ([str(id_) for id_ in ids] for ids in (body.before, body.after))
    return views.knowledge_test(await actions.compose(bus, principal, test, before, after))


@router.post("/tests/{test}/publish")
async def publish(principal: Steerer, bus: BusDep, test: str) -> KnowledgeTest:
    """Publish a test, also to guests whose visit is to come."""
    await actions.publish(bus, principal, test)
    return await _read_test(bus, test)


@router.post("/tests/{test}/close")
async def close(principal: Steerer, bus: BusDep, test: str) -> KnowledgeTest:
    """Close a test; guests who were asked may still take it."""
    await actions.close(bus, principal, test)
    return await _read_test(bus, test)


@router.delete("/tests/{test}", status_code=204)
async def remove(principal: Steerer, bus: BusDep, test: str) -> None:
    """Delete a test that was never published."""
    await actions.remove(bus, principal, test)
