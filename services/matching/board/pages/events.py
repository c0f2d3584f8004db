"""The pages of events: the stream with its filters, and one event with its causes and effects."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.activity import store as activity_store
from services.matching.activity import views as activity_views
from services.matching.facts.store import facts as store
from services.matching.filters import COORDINATORS, call_filter, call_of, page_of
from services.matching.overview.store import board
from services.matching.overview.store.board import Narrowed
from services.matching.parameters import BusDep
from shared.contracts.runs import RunFinished
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.web.render import render

router = APIRouter(prefix="/matching/events", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_PAGE = 50
_CAUSES, _EFFECTS, _STORY = 10, 100, 200


@router.get("")
async def events(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """List the events by call, topic, type and case, further back than the board does."""
    page, query = page_of(request), request.query_params
    async with bus.read() as session:
        calls = await store.all_calls(session)
        call = call_of(request, calls)
        rows = await board.stream(
            session,
            reach(who),
            Narrowed(
                call=call.id if call else None,
                topic=query.get("topic"),
                type=query.get("type"),
                reference=(query.get("case") or "").strip(),
            ),
            limit=_PAGE + 1,
            skip=(page - 1) * _PAGE,
        )
    return render(
        request,
        "board/events.html",
        call=call,
        filters=[
            call_filter(calls, call),
            {
                "name": "topic",
                "label": gettext("About"),
                "options": [(one, activity_views.topic_name(one)) for one in activity_views.TOPICS],
                "value": query.get("topic"),
            },
            {
                "name": "type",
                "label": gettext("What happened"),
                "options": activity_views.kinds(),
                "value": query.get("type"),
            },
            {"name": "case", "label": gettext("Reference of the case"), "value": query.get("case")},
        ],
        lines=[activity_views.line(row) for row in rows[:_PAGE]],
        more=len(rows) > _PAGE,
        page=page,
    )


@router.get("/{event_id}")
async def event(request: Request, bus: BusDep, who: Coordinator, event_id: UUID) -> Response:
    """Show one event: the chain of its causes, and the events that it caused directly."""
    within = reach(who)
    async with bus.read() as session:
        found = await board.stream(session, within, Narrowed(ids=[event_id]))
        if not found:
            raise Refused(gettext("There is no such event here, or it is not yours to see."), 404)
        one = found[0]
        chain = await activity_store.causes(session, one.cause_id, _CAUSES) if one.cause_id else []
        causes = {row.id: row for row in await board.stream(session, within, Narrowed(ids=chain))}
        effects = await board.stream(session, within, Narrowed(caused_by=event_id), limit=_EFFECTS, oldest_first=True)
        beside = (
            await board.stream(session, within, Narrowed(caused_by=one.cause_id), limit=_EFFECTS, oldest_first=True)
            if one.cause_id
            else []
        )
        opened = await board.open_to(session, within, [one.application_id] if one.application_id else [])
        story = (
            await board.stream(session, within, Narrowed(application=one.application_id), limit=_STORY)
            if one.application_id
            else []
        )
    return render(
        request,
        "board/event.html",
        line=activity_views.line(one),
        facts=_facts(one),
        causes=[activity_views.line(causes[each]) for each in chain if each in causes],
        lost=one.cause_id if one.cause_id and one.cause_id not in causes else None,
        effects=[activity_views.line(row) for row in effects],
        beside=[activity_views.line(row) for row in beside if row.id != event_id],
        around=_around(story, event_id),
        application_id=one.application_id if one.application_id in opened else None,
        run_id=one.subject if one.type == RunFinished.type else None,
        reference=one.reference,
    )


def _facts(row: Any) -> list[dict[str, Any]]:
    by_itself = row.actor is None or row.actor.startswith("system:")
    return [
        {"key": gettext("Event"), "value": row.type},
        {"key": gettext("About"), "value": activity_views.topic_name(row.topic)},
        {"key": gettext("Call"), "value": row.call_reference},
        {"key": gettext("Place"), "value": row.seat_reference},
        {"key": gettext("Done by"), "value": gettext("the system") if by_itself else gettext("a coordinator")},
        {"key": gettext("Number"), "value": str(row.id)},
    ]


def _around(story: Any, event_id: UUID) -> list[dict[str, Any]]:
    """Return the event before and the one after it in the history of its application, the later first."""
    ids = [row.id for row in story]
    if event_id not in ids:
        return []
    at = ids.index(event_id)
    return [activity_views.line(story[place]) for place in (at - 1, at + 1) if 0 <= place < len(story)]
