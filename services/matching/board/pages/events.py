"""The pages of events: the stream with its filters, and one event with its causes and effects.

The stream is a timeline without a total, so it is no `Listing`.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.matching.activity.views import KINDS, TOPICS, kinds, topic_name
from services.matching.board.views.events import EventFilter, event_list, event_page
from services.matching.facts.views import all_calls
from services.matching.filters import COORDINATORS, ChosenCall, PageNumber, call_filter, call_of
from services.matching.parameters import BusDep
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.web.lists import Filter
from shared.web.query import one_of
from shared.web.render import render

router = APIRouter(prefix="/matching/events", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]


@router.get("")
async def events(
    request: Request,
    bus: BusDep,
    principal: Coordinator,
    topic: Annotated[str, one_of(*TOPICS)] = "",
    type_: Annotated[str, one_of(*KINDS), Query(alias="type")] = "",
    case: str = "",
    page: PageNumber = 1,
    chosen: ChosenCall = "",
) -> Response:
    """List the events by call, topic, type and case, further back than the board does."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        call_id = call.id if call else None
        filters = EventFilter(call=call_id, topic=topic or None, type=type_ or None, reference=case.strip())
        found = await event_list(session, reach(principal), filters, page=page)
    return render(
        request,
        "board/events.html",
        call=call,
        filters=[call_filter(calls, call), *_filters(topic, type_, case)],
        lines=found.lines,
        more=found.more,
        page=page,
    )


def _filters(topic: str, type_: str, case: str) -> list[Filter]:
    return [
        Filter("topic", gettext("About"), topic, [(each, topic_name(each)) for each in TOPICS]),
        Filter("type", gettext("Activity"), type_, kinds()),
        Filter("case", gettext("Case reference"), case),
    ]


@router.get("/{event_id}")
async def event(request: Request, bus: BusDep, principal: Coordinator, event_id: UUID) -> Response:
    """Show one event: the chain of its causes, and the events that it caused directly."""
    async with bus.read() as session:
        view = await event_page(session, reach(principal), event_id)
    return render(request, "board/event.html", view=view)
