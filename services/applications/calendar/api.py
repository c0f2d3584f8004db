"""The JSON API of the visit calendar."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.applications.calendar.model import WEEK, monday
from services.applications.calendar.views import READERS, CalendarFilter, CalendarVisit, calendar
from services.applications.parameters import BusDep
from shared.identity import Principal, allow
from shared.time import clock

router = APIRouter(prefix="/applications/api/v1/calendar", tags=["visits"])
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
    """Return the weeks from that of `day` on (default today) at your hosts; names only where they were released."""
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
                "holidays": [
                    {"day": day_, "country": country_, "name": name} for day_, country_, name in week.holidays
                ],
                "visits": [
                    {
                        "id": entry.visit.id,
                        "reference": entry.view.case.application.reference,
                        "guest": _guest_answer(entry),
                        "country": entry.visit.country,
                        "offer_id": entry.visit.offer_id,
                        "state": entry.visit.state,
                        "start": entry.visit.start,
                        "end": entry.visit.end,
                        "attendance": {day_.isoformat(): present for day_, present in entry.attendance.items()},
                    }
                    for entry in week.visits
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


def _guest_answer(entry: CalendarVisit) -> dict[str, Any]:
    """Return the guest as the reader may know them: no name before it was released."""
    known, profile = entry.view.known.get(entry.view.case.sides[0]), entry.view.profile
    return {
        "name": known.name if known else None,
        "rank_group": profile.rank_group if profile else None,
        "service": profile.service if profile else None,
    }
