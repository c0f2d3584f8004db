"""The pages of visits and mentorships."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.board.views.visits import StayFilter, mentorship_list, replacement_cells, visit_list
from services.matching.facts.views import all_calls
from services.matching.filters import COORDINATORS, FilterField, call_filter, call_of, page_of
from services.matching.parameters import BusDep
from services.matching.words import stage
from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.web.render import render
from shared.web.states import states

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_NO_STATES = {"agenda_agreed", "move_proposed"}
"""Steps of a scheduled visit, in which none is listed."""


@router.get("/visits")
async def visits(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """List the visits by start; those without a lawful week first."""
    page, state = page_of(request), request.query_params.get("state")
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(request, calls)
        wanted = StayFilter(call_id=call.id if call else None, state=state)
        view = await visit_list(session, reach(who), wanted, page=page)
    moved = request.query_params.get("moved", "")
    return render(
        request,
        "board/visits.html",
        view=view,
        page=page,
        filters=[call_filter(calls, call), _state_filter("visit", state)],
        stage=stage,
        replacements=replacement_cells(view.rows, calls),
        call=call,
        may_plan=who.has(Role.PROGRAMME_COORDINATOR),
        moved=int(moved) if moved.isdecimal() else 0,
    )


@router.get("/mentorships")
async def mentorships(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """List the mentorships, the newest first."""
    page, state = page_of(request), request.query_params.get("state")
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(request, calls)
        wanted = StayFilter(call_id=call.id if call else None, state=state)
        view = await mentorship_list(session, reach(who), wanted, page=page)
    return render(
        request,
        "board/mentorships.html",
        view=view,
        page=page,
        filters=[call_filter(calls, call), _state_filter("mentorship", state)],
        stage=stage,
    )


def _state_filter(kind: str, value: str | None) -> FilterField:
    known = [(state.code, state.word) for state in states(kind) if state.code not in _NO_STATES]
    return {"name": "state", "label": gettext("State"), "options": known, "value": value}
