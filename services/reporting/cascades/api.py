"""Cascade sessions for programs, with the portal's ticket."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.cascades import actions, views
from services.reporting.cascades.model import LONGEST, MOST, Session
from services.reporting.cascades.views import CascadeSessions
from services.reporting.guards import Passing
from services.reporting.parameters import BusDep
from shared.contracts.base import Day
from shared.contracts.codes import CascadeFormat
from shared.ids import new_id

router = APIRouter(prefix="/reporting/api/v1", tags=["outcomes"])


class SessionIn(BaseModel):
    """A session that was held: its day, kind, how many people it reached, what it was about.

    Sent again with the same `id` it changes nothing; another session with that `id` is refused (409).
    """

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    held_on: Day
    format: CascadeFormat
    attendees: Annotated[int, Field(ge=1, le=MOST)]
    about: Annotated[str, Field(min_length=1, max_length=LONGEST)]


@router.get("/cascades/{subject}")
async def sessions(_: Passing, bus: BusDep, subject: str) -> CascadeSessions:
    """Return what was reported about a visit or a mentorship, and until when more may be."""
    async with bus.read() as session:
        return views.cascade_sessions(await views.sessions(session, subject))


@router.post("/cascades/{subject}", operation_id="report_cascade_session", status_code=201)
async def report(_: Passing, bus: BusDep, subject: str, body: SessionIn) -> CascadeSessions:
    """Report a session; the line manager is asked to confirm it."""
    reported = Session(body.held_on, body.format.value, body.attendees, body.about)
    return views.cascade_sessions(await actions.report(bus, subject, body.id or new_id(), reported))
