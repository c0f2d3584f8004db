"""Show how good the data behind the figures are: which events make no sense, and what happens to each."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.facts.views import PAGE, quality_page
from services.reporting.guards import Tracer
from services.reporting.parameters import BusDep
from shared.contracts.codes import Role
from shared.i18n import N_
from shared.web.render import render

router = APIRouter(include_in_schema=False)

REASONS = {
    "undecodable": N_("It cannot be read"),
    "contract": N_("It breaks its contract"),
    "failed": N_("Applying it failed"),
    "fork": N_("Another event has its number: its owner was restored from a copy"),
    "gap": N_("An event before it is missing"),
    "behind": N_("An earlier event of the same subject is parked"),
}
"""Why an event is a dead letter, in words."""


@router.get("/reporting/quality")
async def quality(
    request: Request, principal: Tracer, bus: BusDep, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> Response:
    """Show the events that make no sense, what is wrong with each, and what happens to it."""
    flawed, total, lists = await quality_page(bus, page)
    return render(
        request,
        "facts/quality.html",
        flawed=flawed,
        total=total,
        elsewhere=lists.elsewhere,
        unknown=lists.unknown,
        dead_letters=lists.dead_letters,
        page=page,
        size=PAGE,
        reasons=REASONS,
        mends=principal.has(Role.PROGRAMME_COORDINATOR),
    )
