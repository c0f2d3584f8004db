"""How good are the data behind the figures: which events make no sense, and what becomes of each?"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.facts import store
from services.reporting.facts.model.flaws import LEFT_OUT
from services.reporting.guards import Tracer
from shared.bus import Bus
from shared.bus.dead_letters import letters
from shared.contracts.codes import Role
from shared.i18n import N_
from shared.runtime.service import bus_of
from shared.web.render import render

router = APIRouter(include_in_schema=False)
Store = Annotated[Bus, Depends(bus_of)]
PAGE = 50
MOST = 200
"""So many parked events, and records of attendance on other days, are listed at once."""

REASONS = {
    "undecodable": N_("It cannot be read"),
    "contract": N_("It breaks its contract"),
    "failed": N_("Applying it failed"),
    "fork": N_("Another event has its number: its owner was restored from a copy"),
    "gap": N_("An event before it is missing"),
    "behind": N_("An earlier event of the same subject is parked"),
}
"""Why an event is parked, in words."""


async def quality_report(bus: Bus, page: int) -> dict[str, Any]:
    """All that is known to be wrong with the data."""
    async with bus.read() as session:
        flawed, total = await store.flawed(session, PAGE, (page - 1) * PAGE)
        elsewhere = await store.attended_elsewhere(session, MOST)
        unknown = await store.unknown(session)
        waiting = await letters.open_events(session, limit=MOST)
    return {"flawed": flawed, "total": total, "elsewhere": elsewhere, "unknown": unknown, "parked": waiting}


@router.get("/reporting/quality")
async def quality(
    request: Request, principal: Tracer, bus: Store, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> Response:
    """The events that make no sense, what is wrong with each, and what becomes of it."""
    return render(
        request,
        "facts/quality.html",
        **await quality_report(bus, page),
        page=page,
        size=PAGE,
        reasons=REASONS,
        left_out=LEFT_OUT,
        mends=principal.has(Role.PROGRAMME_COORDINATOR),
    )
