"""The open deadlines for programs, with the rights of the person who signed in."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.notifications.deadlines import views
from services.notifications.guards import countries_read
from services.notifications.parameters import BusDep, Reader
from shared.time import clock

router = APIRouter(prefix="/notifications/api/v1", tags=["notifications"])


class DeadlineOut(BaseModel):
    """An open deadline; `whom` is an opaque key of its holder, the same for all deadlines of that person or office."""

    id: UUID
    kind: str
    owner: str
    due: datetime
    reference: str
    application_id: UUID | None
    case_id: UUID
    over: bool
    country: str | None
    whom: str


@router.get("/deadlines")
async def deadlines(
    bus: BusDep,
    who: Reader,
    days: Annotated[int, Query(ge=0, le=400, description="How far ahead")] = 28,
) -> list[DeadlineOut]:
    """The open deadlines of the last year and the next `days`, the first due first; at most a thousand."""
    now = clock.now()
    async with bus.read() as session:
        found = await views.upcoming(session, countries_read(who), now, days)
    return [
        DeadlineOut(
            id=entry.id,
            kind=entry.deadline.kind,
            owner=entry.deadline.owner,
            due=entry.due,
            reference=entry.case.reference,
            application_id=entry.case.application_id,
            case_id=entry.case.id,
            over=entry.due <= now,
            country=entry.country,
            whom=entry.key,
        )
        for entry in found
    ]
