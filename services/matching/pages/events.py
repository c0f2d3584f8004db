"""What happened, what led to it, and what did it lead to? The stream of events with its filters, and one event."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching import store
from services.matching.pages import lines
from services.matching.pages.asked import COORDINATORS, call_filter, call_of, page_of
from services.matching.store.board import Narrowed
from shared.bus import Bus
from shared.contracts.runs import RunFinished
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.service import bus_of
from shared.web.errors import Refused
from shared.web.i18n import gettext
from shared.web.render import render

router = APIRouter(prefix="/matching/events", include_in_schema=False)

TheBus = Annotated[Bus, Depends(bus_of)]
Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_PAGE = 50
_CAUSES, _EFFECTS, _STORY = 10, 100, 200


@router.get("")
async def events(request: Request, bus: TheBus, who: Coordinator) -> Response:
    """The stream by call, topic, type and case, further back than the board shows it."""
    page, asked = page_of(request), request.query_params
    async with bus.read() as session:
        calls = await store.facts.all_calls(session)
        call = call_of(request, calls)
        rows = await store.board.stream(
            session,
            reach(who),
            Narrowed(
                call=call.id if call else None,
                topic=asked.get("topic"),
                type=asked.get("type"),
                reference=(asked.get("case") or "").strip(),
            ),
            limit=_PAGE + 1,
            skip=(page - 1) * _PAGE,
        )
    return render(
        request,
        "events.html",
        call=call,
        filters=[
            call_filter(calls, call),
            {
                "name": "topic",
                "label": gettext("About"),
                "options": [(one, lines.topic_name(one)) for one in lines.TOPICS],
                "value": asked.get("topic"),
            },
            {"name": "type", "label": gettext("What happened"), "options": lines.kinds(), "value": asked.get("type")},
            {"name": "case", "label": gettext("Reference of the case"), "value": asked.get("case")},
        ],
        lines=[lines.line(row) for row in rows[:_PAGE]],
        more=len(rows) > _PAGE,
        page=page,
    )


@router.get("/{event_id}")
async def event(request: Request, bus: TheBus, who: Coordinator, event_id: UUID) -> Response:
    """One event: what led to it, step by step, and what it brought about at once."""
    within = reach(who)
    async with bus.read() as session:
        found = await store.board.stream(session, within, Narrowed(ids=[event_id]))
        if not found:
            raise Refused(gettext("There is no such event here, or it is not yours to see."), 404)
        one = found[0]
        chain = await store.activity.causes(session, one.cause_id, _CAUSES) if one.cause_id else []
        causes = {row.id: row for row in await store.board.stream(session, within, Narrowed(ids=chain))}
        effects = await store.board.stream(
            session, within, Narrowed(caused_by=event_id), limit=_EFFECTS, oldest_first=True
        )
        beside = (
            await store.board.stream(
                session, within, Narrowed(caused_by=one.cause_id), limit=_EFFECTS, oldest_first=True
            )
            if one.cause_id
            else []
        )
        opened = await store.board.open_to(session, within, [one.application_id] if one.application_id else [])
        story = (
            await store.board.stream(session, within, Narrowed(application=one.application_id), limit=_STORY)
            if one.application_id
            else []
        )
    return render(
        request,
        "event.html",
        line=lines.line(one),
        facts=_facts(one),
        causes=[lines.line(causes[each]) for each in chain if each in causes],
        lost=one.cause_id if one.cause_id and one.cause_id not in causes else None,
        effects=[lines.line(row) for row in effects],
        beside=[lines.line(row) for row in beside if row.id != event_id],
        around=_around(story, event_id),
        application_id=one.application_id if one.application_id in opened else None,
        run_id=one.subject if one.type == RunFinished.type else None,
        reference=one.reference,
    )


def _facts(row: Any) -> list[dict[str, Any]]:
    by_itself = row.actor is None or row.actor.startswith("system:")
    return [
        {"key": gettext("Event"), "value": row.type},
        {"key": gettext("About"), "value": lines.topic_name(row.topic)},
        {"key": gettext("Call"), "value": row.call_reference},
        {"key": gettext("Place"), "value": row.seat_reference},
        {"key": gettext("Done by"), "value": gettext("the system") if by_itself else gettext("a coordinator")},
        {"key": gettext("Number"), "value": str(row.id)},
    ]


def _around(story: Any, event_id: UUID) -> list[dict[str, Any]]:
    """The event before and the one after it in the story of its application, the later first."""
    ids = [row.id for row in story]
    if event_id not in ids:
        return []
    at = ids.index(event_id)
    return [lines.line(story[place]) for place in (at - 1, at + 1) if 0 <= place < len(story)]
