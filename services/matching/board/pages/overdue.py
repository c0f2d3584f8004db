"""The page of overdue cases: what is overdue, since when, and who must act."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.board.views import overdue
from services.matching.facts.views import all_calls
from services.matching.filters import COORDINATORS, call_filter, call_of
from services.matching.parameters import BusDep
from services.matching.words import stage
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.web.render import render

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]


@router.get("/stuck")
async def overdue_cases(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """List all overdue cases, the latest first."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(request, calls)
        found = await overdue.overdue_cases(session, reach(who), call.id if call else None, calls)
    return render(
        request,
        "board/overdue.html",
        call=call,
        call_filter=call_filter(calls, call),
        rows=found.items,
        stage=stage,
    )
