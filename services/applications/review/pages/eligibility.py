"""The page on which the programme coordinator confirms eligibility."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.application.store import applications as store
from services.applications.display import page_rows
from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.review.actions import eligibility as actions
from shared.web.render import render

router = APIRouter(prefix="/applications", include_in_schema=False)


@router.get("/eligibility")
async def waiting(
    request: Request, _: Coordinator, bus: BusDep, page: Annotated[int, Query(ge=1, le=100)] = 1
) -> Response:
    """Show endorsed applications with what the rules say, to be selected and confirmed."""
    async with bus.read() as session:
        ready = await store.ready_for_eligibility(session)
        judged = await actions.judge_applications(session, page_rows(ready, page))
    return render(request, "review/eligibility.html", judged=judged, page=page, total=len(ready))
