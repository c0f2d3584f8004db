"""The calendar page: visits by week and placement; a visit can be moved by drag or by form.

Its columns are weeks, so it is no `Listing`.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.matching.board.views.monitoring import week_plan
from services.matching.engine.problem.weeks import WEEK, monday
from services.matching.facts.views import all_calls
from services.matching.filters import COORDINATORS, BoardDay, ChosenCall, PageNumber, call_filter, call_of
from services.matching.parameters import BusDep
from services.matching.words import stage
from shared.contracts.codes import Role
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.time import clock
from shared.web.render import render

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

WEEKS = 6
ROWS = 40
_FRIDAY = timedelta(days=4)


@router.get("/calendar")
async def calendar(
    request: Request,
    bus: BusDep,
    principal: Coordinator,
    page: PageNumber = 1,
    first: Annotated[BoardDay, Query(alias="from")] = None,
    chosen: ChosenCall = "",
) -> Response:
    """Show six weeks from the one in the address, else from the first with a visit to come."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        view = await week_plan(session, reach(principal), calls, call.id if call else None, first, WEEKS)
    return render(
        request,
        "board/calendar.html",
        call=call,
        filters=[call_filter(calls, call)],
        weeks=[(week, week + _FRIDAY) for week in view.weeks],
        lines=view.lines[(page - 1) * ROWS : page * ROWS],
        total=len(view.lines),
        page=page,
        size=ROWS,
        visits=view.visits,
        this_week=monday(clock.today()),
        earlier=(view.weeks[0] - WEEK * WEEKS).isoformat(),
        later=(view.weeks[0] + WEEK * WEEKS).isoformat(),
        stage=stage,
        may_move=principal.has(Role.PROGRAMME_COORDINATOR),
    )
