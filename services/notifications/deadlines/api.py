"""The open deadlines for programs, with the rights of the person who signed in."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated

from fastapi import APIRouter, Query

from services.notifications.deadlines import views
from services.notifications.deadlines.views import Deadline
from services.notifications.guards import countries_read
from services.notifications.parameters import BusDep, Reader
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/notifications/api/v1", tags=["notifications"])


@router.get("/deadlines")
async def deadlines(
    bus: BusDep,
    principal: Reader,
    page: PageDep,
    days: Annotated[int, Query(ge=0, le=400, description="How far ahead.")] = 28,
) -> Page[Deadline]:
    """Return the open deadlines of the last year and the next `days`, the first due first."""
    async with bus.read() as session:
        return await views.deadlines(session, countries_read(principal), days, page)
