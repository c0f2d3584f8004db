"""The page on which the programme coordinator confirms eligibility."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.review.views.eligibility import waiting_page
from shared.web.render import render

router = APIRouter(prefix="/applications", include_in_schema=False)


@router.get("/eligibility")
async def waiting(
    request: Request, _: Coordinator, bus: BusDep, page: Annotated[int, Query(ge=1, le=100)] = 1
) -> Response:
    """Show endorsed applications with what the rules say, to be selected and confirmed."""
    async with bus.read() as session:
        judged, total = await waiting_page(session, page)
    return render(request, "review/eligibility.html", judged=judged, page=page, total=total)
