"""The page of overdue cases: what is overdue, since when, and who must act."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from services.matching.board.views import overdue
from services.matching.facts.views import all_calls
from services.matching.filters import ALL, COORDINATORS, ChosenCall, call_caption, call_filter, call_of
from services.matching.parameters import BusDep
from services.matching.words import stage
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.time import clock, dates
from shared.web.lists import Cell, Column, Empty, Link, Listing, list_page, tag

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]


@router.get("/stuck")
async def overdue_cases(request: Request, bus: BusDep, principal: Coordinator, chosen: ChosenCall = "") -> Response:
    """List all overdue cases, the latest first."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        found = await overdue.overdue_cases(session, reach(principal), call.id if call else None)
    names = (
        gettext("Case"),
        gettext("State"),
        gettext("With"),
        gettext("Next step"),
        gettext("Since"),
        gettext("Was due"),
    )
    listing = Listing(
        gettext("Overdue cases"),
        "/matching/stuck",
        [Column(name) for name in names],
        [_row(case) for case in found.items],
        len(found.items),
        Empty(
            gettext("Nothing is overdue."),
            gettext("A case appears here when the deadline of its next step has passed."),
        ),
        size=max(len(found.items), 1),
        filters=[call_filter(calls, call)],
        caption=call_caption(call),
        back=f"/matching/?call={call.id if call else ALL}",
        back_text=gettext("Board"),
        live=("/matching/live", "stuck"),
        table_title=gettext("Overdue cases, most overdue first"),
    )
    return list_page(request, listing)


def _row(case: overdue.OverdueCase) -> list[Cell]:
    late = Markup('<span class="tandem-quiet">({})</span>').format(dates.relative(case.due, clock.today()))
    return [
        Link(case.reference, f"/matching/applications/{case.application_id}"),
        tag(stage(*case.kind_and_state)),
        case.holder,
        case.next,
        dates.day(case.since),
        Markup("{} {}").format(dates.day(case.due), late),
    ]
