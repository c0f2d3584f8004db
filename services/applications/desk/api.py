"""API routes that move the clock of a local run; they exist only where it can be moved."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from services.applications.guards import Coordinator
from services.applications.parameters import Body
from shared.time import clock
from shared.web.read_models import ReadModel

router = APIRouter(prefix="/applications/api/v1/clock", tags=["clock"])


class ClockMove(Body):
    """The time by which the clock moves forward."""

    days: Annotated[float, Field(ge=0, le=400)] = 0
    hours: Annotated[float, Field(ge=0, le=10_000)] = 0


class ClockTime(ReadModel):
    """The time that the programme's clock shows."""

    now: AwareDatetime


@router.get("")
async def read(_: Coordinator) -> ClockTime:
    """Return the present time."""
    return ClockTime(now=clock.now())


@router.post("")
async def move(body: ClockMove, _: Coordinator) -> ClockTime:
    """Move the clock forward; return the time that it then shows."""
    return ClockTime(now=clock.move(timedelta(days=body.days, hours=body.hours)))
