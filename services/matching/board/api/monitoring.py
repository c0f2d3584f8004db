"""The API of the board's monitoring: overdue cases, events with their causes, supply and demand, the calendar."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from services.matching.activity.views import TOPICS, BoardEvent
from services.matching.board.views import monitoring as views
from services.matching.board.views.events import EventChain, EventFilter, event_chain, events_page
from services.matching.board.views.monitoring import Calendar, Progress, SupplyCell
from services.matching.board.views.overdue import DueMatch, OverdueCase, due_matches, overdue_cases
from services.matching.filters import COORDINATORS
from services.matching.parameters import BusDep
from shared.contracts.base import EVENTS, OneOf
from shared.contracts.codes import ApplicationKind
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.runtime.service import service_of
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/matching/api/v1", tags=["board"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_MOST_DUE = 100
Day = Annotated[date, Query(ge=date(2000, 1, 1), le=date(2100, 1, 1))]


@router.get("/stuck", operation_id="list_overdue_cases")
async def stuck(bus: BusDep, principal: Coordinator, call_id: UUID | None = None) -> Page[OverdueCase]:
    """Return the overdue cases, the latest first: the stage of each, who must act, since when, and when it was due."""
    async with bus.read() as session:
        return await overdue_cases(session, reach(principal), call_id)


@router.get("/due", operation_id="list_due_matches")
async def due(bus: BusDep, principal: Coordinator, call_id: UUID | None = None) -> Page[DueMatch]:
    """Return the matches whose next step is due first (100 at most), with how many are next in line for the place."""
    async with bus.read() as session:
        return await due_matches(session, reach(principal), call_id, limit=_MOST_DUE)


@router.get("/events")
async def events(
    bus: BusDep,
    principal: Coordinator,
    page: PageDep,
    call_id: UUID | None = None,
    topic: Annotated[str, OneOf.of(TOPICS)] | None = None,
    type: Annotated[str, OneOf.of(EVENTS)] | None = None,  # noqa: A002 - the word CloudEvents uses
    case: Annotated[str | None, Query(description="Reference of an application or a place.")] = None,
) -> Page[BoardEvent]:
    """Events by call, topic, type and the reference of a case, the newest first."""
    filters = EventFilter(call=call_id, topic=topic, type=type, reference=case)
    async with bus.read() as session:
        return await events_page(session, reach(principal), filters, page)


@router.get("/events/{event_id}")
async def event(bus: BusDep, principal: Coordinator, event_id: UUID) -> EventChain:
    """Return one event with the chain of its causes, the nearest first, and the events that it caused."""
    async with bus.read() as session:
        return await event_chain(session, reach(principal), event_id)


@router.get("/supply")
async def supply(
    bus: BusDep, principal: Coordinator, call_id: UUID | None = None, kind: ApplicationKind | None = None
) -> Page[SupplyCell]:
    """Supply and demand by topic and language; cells in which both are 0 are left out."""
    async with bus.read() as session:
        return await views.supply(session, reach(principal), call_id, kind)


@router.get("/calendar")
async def calendar(
    bus: BusDep, principal: Coordinator, call_id: UUID | None = None, first: Day | None = None, last: Day | None = None
) -> Calendar:
    """Return the visits that begin from `first` (today) to `last` (12 weeks later), by start; 2,000 at most."""
    async with bus.read() as session:
        return await views.calendar(session, reach(principal), call_id, first, last)


@router.get("/progress")
async def progress(request: Request, bus: BusDep, _: Coordinator, call_id: UUID | None = None) -> Progress:
    """Return the backlog: events to read (null: unknown), to match, to send, waiting, and dead letters."""
    reader = service_of(request).reader
    async with bus.read() as session:
        return await views.progress(session, call_id, to_read=reader.behind(), paused=reader.paused)
