"""API routes that move the clock of a local run; they exist only where it can be moved."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.applications.guards import Coordinator
from shared.time import clock

router = APIRouter(prefix="/applications/api/v1/clock", tags=["clock"])


class Move(BaseModel):
    """How far forward."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[float, Field(ge=0, le=400)] = 0
    hours: Annotated[float, Field(ge=0, le=10_000)] = 0


@router.get("")
async def read(_: Coordinator) -> dict[str, datetime]:
    """Return the present time."""
    return {"now": clock.now()}


@router.post("")
async def move(body: Move, _: Coordinator) -> dict[str, datetime]:
    """Move the clock forward; return the time that it then shows."""
    return {"now": clock.move(timedelta(days=body.days, hours=body.hours))}
