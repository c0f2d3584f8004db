"""The tests before and after a visit for programs, with the portal's ticket: what is asked, saving, submitting."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.assessments.actions import sittings as actions
from services.reporting.assessments.actions.sittings import Paper
from services.reporting.guards import After, Before
from services.reporting.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import TestPhase

router = APIRouter(prefix="/reporting/api/v1", tags=["tests"])
PRE, POST = TestPhase.PRE, TestPhase.POST


class AnswersIn(BaseModel):
    """By the number of a question (from 1) the places of the chosen answers (from 0)."""

    model_config = ConfigDict(extra="forbid")

    answers: dict[int, Annotated[list[int], Field(max_length=6)]]


def _paper_for_programs(paper: Paper, other: Paper | None) -> dict[str, Any]:
    """Return a test as its guest may see it: right answers and points only when both tests are in."""
    row = paper.sitting
    answer: dict[str, Any] = {
        "phase": paper.phase,
        "reference": paper.reference,
        "title": paper.test.title,
        "topic": paper.test.topic,
        "state": paper.stand,
        "until": paper.until,
        "questions": [
            {
                "number": place,
                "kind": question.kind,
                "text": question.text,
                "answers": question.answers,
                "points": question.points,
                **({"right": question.right} if other is not None else {}),
            }
            for place, question in enumerate(paper.questions, 1)
        ],
        "answers": row.chosen,
        "saved_at": row.saved_at,
        "handed_in_at": row.handed_in_at,
    }
    if other is not None:
        results = {
            question.phase: {"score": question.sitting.score, "maximum": question.sitting.maximum}
            for question in (paper, other)
        }
        answer["results"] = {phase: results[phase] for phase in (PRE, POST)}
    return answer


async def _read(bus: Bus, subject: str, phase: TestPhase) -> dict[str, Any]:
    async with bus.read() as session:
        paper = await actions.paper(session, subject, phase)
        return _paper_for_programs(paper, await actions.other_paper(session, paper))


async def _hand_in(response: Response, bus: Bus, subject: str, phase: TestPhase, body: AnswersIn) -> dict[str, Any]:
    """Submit a test: 201 if it was submitted now, 200 if it was before: nothing is overwritten."""
    _, now = await actions.hand_in(bus, subject, phase, body.answers)
    response.status_code = 201 if now else 200
    return await _read(bus, subject, phase)


async def _save(bus: Bus, subject: str, phase: TestPhase, body: AnswersIn) -> dict[str, Any]:
    await actions.save(bus, subject, phase, body.answers)
    return await _read(bus, subject, phase)


@router.get("/test-before/{subject}")
async def before(_: Before, bus: BusDep, subject: str) -> dict[str, Any]:
    """Return the test before the visit, with the answers that are saved."""
    return await _read(bus, subject, PRE)


@router.put("/test-before/{subject}")
async def save_before(_: Before, bus: BusDep, subject: str, body: AnswersIn) -> dict[str, Any]:
    """Save answers of the test before the visit, in place of those saved before."""
    return await _save(bus, subject, PRE, body)


@router.post("/test-before/{subject}", status_code=201)
async def take_before(response: Response, _: Before, bus: BusDep, subject: str, body: AnswersIn) -> dict[str, Any]:
    """Submit the test before the visit."""
    return await _hand_in(response, bus, subject, PRE, body)


@router.get("/test-after/{subject}")
async def after(_: After, bus: BusDep, subject: str) -> dict[str, Any]:
    """Return the test after the visit; once it is in, both results and the right answers."""
    return await _read(bus, subject, POST)


@router.put("/test-after/{subject}")
async def save_after(_: After, bus: BusDep, subject: str, body: AnswersIn) -> dict[str, Any]:
    """Save answers of the test after the visit, in place of those saved before."""
    return await _save(bus, subject, POST, body)


@router.post("/test-after/{subject}", status_code=201)
async def take_after(response: Response, _: After, bus: BusDep, subject: str, body: AnswersIn) -> dict[str, Any]:
    """Submit the test after the visit."""
    return await _hand_in(response, bus, subject, POST, body)
