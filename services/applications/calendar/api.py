"""The JSON API of the visit calendar."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.applications.calendar.model import WEEK, monday
from services.applications.calendar.views import READERS, CalendarFilter, VisitCalendar, calendar, visit_calendar
from services.applications.parameters import BusDep
from shared.contracts.base import Country, Day
from shared.contracts.codes import VisitState
from shared.identity import Principal, allow
from shared.time import clock

router = APIRouter(prefix="/applications/api/v1/calendar", tags=["visits"])
Reader = Annotated[Principal, Depends(allow(*READERS))]


@router.get("")
async def read(
    principal: Reader,
    bus: BusDep,
    day: Day | None = None,
    weeks: Annotated[int, Query(ge=1, le=53)] = 5,
    offer_id: UUID | None = None,
    state: VisitState | None = None,
    country: Country | None = None,
) -> VisitCalendar:
    """Return the weeks from that of `day` on (default today) at your hosts; names only where they were released."""
    first = monday(day or clock.today())
    async with bus.read() as session:
        found = await calendar(
            session,
            principal,
            [first + WEEK * count for count in range(weeks)],
            CalendarFilter(offer_id, state, country),
        )
    return visit_calendar(found)
