"""How does a program read who comes when, and what is left of each placement in each week?"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.applications.calendar.model import WEEK, monday
from services.applications.calendar.views import READERS, CalendarFilter, CalendarVisit, calendar
from services.applications.parameters import BusDep
from shared.identity import Principal, allow
from shared.time import clock

router = APIRouter(prefix="/applications/api/calendar", tags=["visits"])
Reader = Annotated[Principal, Depends(allow(*READERS))]


@router.get("")
async def read(
    principal: Reader,
    bus: BusDep,
    day: date | None = None,
    weeks: Annotated[int, Query(ge=1, le=53)] = 5,
    offer_id: UUID | None = None,
    state: str | None = None,
    country: str | None = None,
) -> dict[str, Any]:
    """The weeks from that of `day` on (today without one), at the own hosts; names only where they were released."""
    first = monday(day or clock.today())
    async with bus.read() as session:
        found = await calendar(
            session,
            principal,
            [first + WEEK * count for count in range(weeks)],
            CalendarFilter(offer_id, state, country),
        )
    return {
        "weeks": [
            {
                "monday": week.monday,
                "holidays": [{"day": on, "country": of, "name": name} for on, of, name in week.holidays],
                "visits": [
                    {
                        "id": one.visit.id,
                        "reference": one.view.case.application.reference,
                        "guest": _guest(one),
                        "country": one.visit.country,
                        "offer_id": one.visit.offer_id,
                        "state": one.visit.state,
                        "start": one.visit.start,
                        "end": one.visit.end,
                        "attendance": {on.isoformat(): present for on, present in one.attendance.items()},
                    }
                    for one in week.visits
                ],
                "places": [
                    {
                        "offer_id": offer.id,
                        "reference": offer.reference,
                        "places": places.places,
                        "taken": places.taken,
                        "free": places.free,
                    }
                    for offer, places in week.places
                ],
            }
            for week in found.weeks
        ]
    }


def _guest(one: CalendarVisit) -> dict[str, Any]:
    """The guest as the reader may know him or her: no name before it was released."""
    known, profile = one.view.known.get(one.view.case.sides[0]), one.view.profile
    return {
        "name": known.name if known else None,
        "rank_group": profile.rank_group if profile else None,
        "service": profile.service if profile else None,
    }
