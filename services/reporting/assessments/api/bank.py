"""The bank of questions and the tests, for programs of those who steer."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from services.reporting.assessments.actions import bank as actions
from services.reporting.assessments.model.bank import Draft, Question, Test
from services.reporting.assessments.store import bank as store
from services.reporting.assessments.store import sittings
from services.reporting.assessments.store.sittings import Participation
from services.reporting.guards import Steerer
from services.reporting.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import TestPhase

router = APIRouter(prefix="/reporting/api/v1", tags=["tests"])
_PAGE = 200


class QuestionIn(BaseModel):
    """A question: `kind` single, multiple or true_false; `right` the places of the right answers, from 0.

    Of a statement that is true or false `answers` stay empty, and `right` is [0] for true, [1] for false.
    """

    model_config = ConfigDict(extra="forbid")

    topic: str
    area: str = ""
    kind: str
    text: str
    answers: list[str] = []
    right: list[int]
    points: int = 1

    def draft(self) -> Draft:
        """Return what was written."""
        right = tuple(sorted(set(self.right)))
        return Draft(self.topic, self.area, self.kind, self.text, tuple(self.answers), right, self.points)


class ChangeIn(QuestionIn):
    """The next version of a question, after the one that was read."""

    version: int


class TestIn(BaseModel):
    """A test on a topic, for one call (its id) or for all."""

    __test__ = False  # or pytest would collect it by its name
    model_config = ConfigDict(extra="forbid")

    title: str
    topic: str
    call_id: str = ""


class ItemsIn(BaseModel):
    """The questions of a draft, by id and in order; without `after` the same are asked again after the visit."""

    model_config = ConfigDict(extra="forbid")

    before: list[str]
    after: list[str] = []


def _question(each: Question) -> dict[str, Any]:
    return {
        "id": each.id,
        "version": each.version,
        "topic": each.topic,
        "area": each.area,
        "kind": each.kind,
        "text": each.text,
        "answers": each.answers,
        "right": each.right,
        "points": each.points,
        "written_at": each.at,
        "retired_at": each.retired_at,
    }


def _test(each: Test, participation: Participation) -> dict[str, Any]:
    return {
        "id": each.id,
        "title": each.title,
        "topic": each.topic,
        "call_id": each.call_id,
        "state": each.state,
        "written_at": each.at,
        "published_at": each.published_at,
        "closed_at": each.closed_at,
        "before": each.question_ids(TestPhase.PRE),
        "after": each.question_ids(TestPhase.POST),
        "asked": participation.asked,
        "handed_in": {TestPhase.PRE: participation.before, TestPhase.POST: participation.after},
    }


async def _read_test(bus: Bus, test: str) -> dict[str, Any]:
    async with bus.read() as session:
        found = await actions.one_test(session, test)
        return _test(found, (await sittings.participation(session, [found.id])).get(found.id, sittings.NOBODY))


@router.get("/questions")
async def questions(
    _: Steerer,
    bus: BusDep,
    topic: Annotated[str, Query(max_length=60)] = "",
    area: Annotated[str, Query(max_length=60)] = "",
    retired: bool = False,  # noqa: FBT001, FBT002 - a query parameter has a name in the address
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> dict[str, Any]:
    """Return the newest versions of the bank's questions, 200 a page."""
    async with bus.read() as session:
        filters = store.Filters(topic, area, retired)
        found, total, _others = await store.questions(session, filters, _PAGE, (page - 1) * _PAGE)
    return {"questions": [_question(each) for each in found], "total": total}


@router.post("/questions", status_code=201)
async def write(principal: Steerer, bus: BusDep, body: QuestionIn) -> dict[str, Any]:
    """Add a question to the bank."""
    return _question(await actions.write(bus, principal, body.draft()))


@router.get("/questions/{question}")
async def question(_: Steerer, bus: BusDep, question: str) -> dict[str, Any]:
    """Return a question in all its versions, the newest first."""
    async with bus.read() as session:
        return {"versions": [_question(each) for each in await actions.all_versions(session, question)]}


@router.put("/questions/{question}")
async def change(principal: Steerer, bus: BusDep, question: str, body: ChangeIn) -> dict[str, Any]:
    """Write the next version of a question."""
    return _question(await actions.change(bus, principal, question, body.draft(), body.version))


@router.post("/questions/{question}/retire")
async def retire(principal: Steerer, bus: BusDep, question: str) -> dict[str, Any]:
    """Retire a question; tests that have it keep it."""
    return _question(await actions.retire(bus, principal, question))


@router.post("/questions/{question}/restore")
async def restore(principal: Steerer, bus: BusDep, question: str) -> dict[str, Any]:
    """Return a retired question to use."""
    return _question(await actions.retire(bus, principal, question, back=True))


@router.delete("/questions/{question}", status_code=204)
async def drop(principal: Steerer, bus: BusDep, question: str) -> None:
    """Delete a question that is in no test."""
    await actions.drop(bus, principal, question)


@router.get("/tests")
async def tests(_: Steerer, bus: BusDep) -> dict[str, Any]:
    """Return all tests, the newest first, with how many took each."""
    async with bus.read() as session:
        found = await store.tests(session)
        participation = await sittings.participation(session, [each.id for each in found])
    return {"tests": [_test(each, participation.get(each.id, sittings.NOBODY)) for each in found]}


@router.post("/tests", status_code=201)
async def begin(principal: Steerer, bus: BusDep, body: TestIn) -> dict[str, Any]:
    """Begin a test."""
    return _test(await actions.begin(bus, principal, body.title, body.topic, body.call_id), sittings.NOBODY)


@router.get("/tests/{test}")
async def show_test(_: Steerer, bus: BusDep, test: str) -> dict[str, Any]:
    """Return one test, with how many took it."""
    return await _read_test(bus, test)


@router.put("/tests/{test}/questions")
async def compose(principal: Steerer, bus: BusDep, test: str, body: ItemsIn) -> dict[str, Any]:
    """Choose the questions of a draft."""
    return _test(await actions.compose(bus, principal, test, body.before, body.after), sittings.NOBODY)


@router.post("/tests/{test}/publish")
async def publish(principal: Steerer, bus: BusDep, test: str) -> dict[str, Any]:
    """Publish a test, also to guests whose visit is to come."""
    await actions.publish(bus, principal, test)
    return await _read_test(bus, test)


@router.post("/tests/{test}/close")
async def close(principal: Steerer, bus: BusDep, test: str) -> dict[str, Any]:
    """Close a test; guests who were asked may still take it."""
    await actions.close(bus, principal, test)
    return await _read_test(bus, test)


@router.delete("/tests/{test}", status_code=204)
async def remove(principal: Steerer, bus: BusDep, test: str) -> None:
    """Delete a test that was never published."""
    await actions.remove(bus, principal, test)
