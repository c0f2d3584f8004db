"""The JSON API of a visit's dates: ask for others, answer those that are proposed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.guards import Participant, ParticipantOrCoordinator
from services.applications.parameters import Body, BusDep, Reason, Text
from services.applications.visits.actions import moves as actions
from services.applications.visits.model import MOST_PERIODS
from services.applications.visits.views import read_models
from services.applications.visits.views.read_models import Visit
from shared.bus import Bus
from shared.contracts.base import DatePeriod
from shared.contracts.codes import Answer, StatedReason
from shared.identity import Principal

router = APIRouter(prefix="/applications/api/v1/visits", tags=["visits"])


class OtherDates(Reason):
    """The periods in which the visit could take place instead, and why."""

    periods: Annotated[tuple[DatePeriod, ...], Field(min_length=1, max_length=MOST_PERIODS)]


class MoveAnswer(Body):
    """Yes or no to other dates; a no needs a reason, whose text stays in the portal."""

    answer: Answer
    reason: StatedReason | None = None
    text: Text = ""


async def _visit_answer(bus: Bus, principal: Principal, visit_id: UUID) -> Visit:
    async with bus.read() as session:
        return await read_models.visit(session, principal, visit_id)


@router.post("/{visit_id}/moves", operation_id="propose_visit_move", status_code=202)
async def ask(visit_id: UUID, body: OtherDates, principal: ParticipantOrCoordinator, bus: BusDep) -> Visit:
    """Ask for other dates, or for first ones where none were found; matching looks for them."""
    await actions.ask(bus, principal, visit_id, body.periods, body.reason, body.text)
    return await _visit_answer(bus, principal, visit_id)


@router.post("/{visit_id}/moves/{proposal}/answer", status_code=202)
async def answer(visit_id: UUID, proposal: int, body: MoveAnswer, principal: Participant, bus: BusDep) -> Visit:
    """Accept or refuse the proposed dates; the visit moves when guest and host have accepted."""
    await actions.answer(bus, principal, visit_id, proposal, body.answer, body.reason, body.text)
    return await _visit_answer(bus, principal, visit_id)
