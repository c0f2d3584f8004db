"""The pages of visits and mentorships."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts import views as cohorts_views
from services.matching.facts.store import facts as store
from services.matching.filters import COORDINATORS, call_filter, call_of, page_of
from services.matching.overview.store import board
from services.matching.parameters import BusDep
from services.matching.provisional.store import replacements
from shared.contracts.calls import CallTerms
from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.web.render import render
from shared.web.states import states

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]


@router.get("/visits")
async def visits(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """List the visits by start; those without a lawful week first."""
    page, state = page_of(request), request.query_params.get("state")
    async with bus.read() as session:
        calls = await store.all_calls(session)
        call = call_of(request, calls)
        rows, total = await board.visits(session, reach(who), call_id=call.id if call else None, state=state, page=page)
        outcomes = await replacements.both_ways(session, reach(who), [row.id for row in rows])
        open_to = await board.open_to(session, reach(who), (row.application_id for row in rows))
    notice = {one.id: CallTerms.model_validate(one.terms).timers.notice_weeks for one in calls}
    taken_over = {
        row.id: cohorts_views.replacement(outcomes[row.id], notice.get(row.call_id, 0))
        or cohorts_views.replaces(outcomes[row.id])
        for row in rows
    }
    moved = request.query_params.get("moved", "")
    known = [(one.code, one.word) for one in states("visit") if one.code not in {"agenda_agreed", "move_proposed"}]
    return render(
        request,
        "board/visits.html",
        rows=rows,
        open_to=open_to,
        total=total,
        page=page,
        filters=[
            call_filter(calls, call),
            {"name": "state", "label": gettext("State"), "options": known, "value": state},
        ],
        stage=cohorts_views.stage,
        replacements=taken_over,
        call=call,
        may_plan=who.has(Role.PROGRAMME_COORDINATOR),
        moved=int(moved) if moved.isdecimal() else 0,
    )


@router.get("/mentorships")
async def mentorships(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """List the mentorships, the newest first."""
    page, state = page_of(request), request.query_params.get("state")
    async with bus.read() as session:
        calls = await store.all_calls(session)
        call = call_of(request, calls)
        rows, total = await board.mentorships(
            session, reach(who), call_id=call.id if call else None, state=state, page=page
        )
        open_to = await board.open_to(session, reach(who), (row.application_id for row in rows))
    return render(
        request,
        "board/mentorships.html",
        rows=rows,
        open_to=open_to,
        total=total,
        page=page,
        filters=[
            call_filter(calls, call),
            {
                "name": "state",
                "label": gettext("State"),
                "options": [(one.code, one.word) for one in states("mentorship")],
                "value": state,
            },
        ],
        stage=cohorts_views.stage,
    )
