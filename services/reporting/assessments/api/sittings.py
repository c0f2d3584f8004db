"""The tests before and after a visit for programs, with the portal's ticket: what is asked, saving, submitting."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.assessments.actions import sittings as actions
from services.reporting.assessments.model.bank import MOST_ANSWERS
from services.reporting.assessments.views.sittings import GuestTest, guest_test
from services.reporting.guards import After, Before
from services.reporting.parameters import SUBMITTED_BEFORE, BusDep
from shared.bus import Bus
from shared.contracts.codes import TestPhase

router = APIRouter(prefix="/reporting/api/v1", tags=["tests"])
PRE, POST = TestPhase.PRE, TestPhase.POST


class AnswersIn(BaseModel):
    """The answers of a guest."""

    model_config = ConfigDict(extra="forbid")

    answers: Annotated[
        dict[int, Annotated[list[int], Field(max_length=MOST_ANSWERS)]],
        Field(
            description="By the number of a question (from 1) the places of the chosen answers (from 0).",
            examples=[{"1": [0]}],
        ),
    ]


async def _read(bus: Bus, subject: str, phase: TestPhase) -> GuestTest:
    async with bus.read() as session:
        return await guest_test(session, subject, phase)


async def _hand_in(response: Response, bus: Bus, subject: str, phase: TestPhase, body: AnswersIn) -> GuestTest:
    """Submit a test: 201 if it was submitted now, 200 if it was before: nothing is overwritten."""
    _, now = await actions.hand_in(bus, subject, phase, body.answers)
    response.status_code = 201 if now else 200
    return await _read(bus, subject, phase)


async def _save(bus: Bus, subject: str, phase: TestPhase, body: AnswersIn) -> GuestTest:
    await actions.save(bus, subject, phase, body.answers)
    return await _read(bus, subject, phase)


@router.get("/test-before/{subject}")
async def before(_: Before, bus: BusDep, subject: str) -> GuestTest:
    """Return the test before the visit, with the answers that are saved."""
    return await _read(bus, subject, PRE)


@router.put("/test-before/{subject}")
async def save_before(_: Before, bus: BusDep, subject: str, body: AnswersIn) -> GuestTest:
    """Save answers of the test before the visit, in place of those saved before."""
    return await _save(bus, subject, PRE, body)


@router.post(
    "/test-before/{subject}", status_code=201, responses={200: {"description": SUBMITTED_BEFORE, "model": GuestTest}}
)
async def take_before(response: Response, _: Before, bus: BusDep, subject: str, body: AnswersIn) -> GuestTest:
    """Submit the test before the visit."""
    return await _hand_in(response, bus, subject, PRE, body)


@router.get("/test-after/{subject}")
async def after(_: After, bus: BusDep, subject: str) -> GuestTest:
    """Return the test after the visit; once it is in, both results and the right answers."""
    return await _read(bus, subject, POST)


@router.put("/test-after/{subject}")
async def save_after(_: After, bus: BusDep, subject: str, body: AnswersIn) -> GuestTest:
    """Save answers of the test after the visit, in place of those saved before."""
    return await _save(bus, subject, POST, body)


@router.post(
    "/test-after/{subject}", status_code=201, responses={200: {"description": SUBMITTED_BEFORE, "model": GuestTest}}
)
async def take_after(response: Response, _: After, bus: BusDep, subject: str, body: AnswersIn) -> GuestTest:
    """Submit the test after the visit."""
    return await _hand_in(response, bus, subject, POST, body)
