"""The API of the board's monitoring: overdue cases, events with their causes, supply and demand, the calendar."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from services.matching.activity import store as activity_store
from services.matching.board.views import late_cases
from services.matching.facts.store import facts as store
from services.matching.overview.store import board, monitoring
from services.matching.overview.store.board import Narrowed
from services.matching.parameters import BusDep
from shared.contracts.codes import ApplicationKind, Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.runtime.service import service_of
from shared.time import clock

COORDINATORS = (Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER)

router = APIRouter(prefix="/matching/api/v1", tags=["board"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_PAGE = 50
_CAUSES, _EFFECTS = 10, 100
Day = Annotated[date, Query(ge=date(2000, 1, 1), le=date(2100, 1, 1))]


@router.get("/stuck")
async def stuck(bus: BusDep, who: Coordinator, call_id: UUID | None = None) -> dict[str, Any]:
    """The overdue cases, the latest first: the stage of each, who must act, since when, and when it was due."""
    async with bus.read() as session:
        found = await late_cases(session, reach(who), call_id, await store.all_calls(session))
    return {
        "stuck": [
            {
                "application_id": one.row.id,
                "reference": one.row.reference,
                "stage": f"{one.row.stage_kind}:{one.row.stage}",
                "holder": one.holder,
                "since": one.row.since,
                "due": one.due,
            }
            for one in found
        ]
    }


@router.get("/due")
async def due(bus: BusDep, who: Coordinator, call_id: UUID | None = None) -> dict[str, Any]:
    """The matches whose next step is due first (100 at most), with how many are next in line for the place."""
    async with bus.read() as session:
        rows = await board.running_out(session, reach(who), call_id, clock.now(), limit=100)
    return {
        "due": [
            {
                "application_id": row.id,
                "reference": row.reference,
                "match_id": row.match_id,
                "state": row.match_state,
                "due": row.due,
                "next_in_line": row.in_line,
            }
            for row in rows
        ]
    }


@router.get("/events")
async def events(
    bus: BusDep,
    who: Coordinator,
    call_id: UUID | None = None,
    topic: str | None = None,
    type: str | None = None,  # noqa: A002 - the word CloudEvents uses
    case: str | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """Events by call, topic, type and the reference of a case, 50 a page, the newest first."""
    wanted = Narrowed(call=call_id, topic=topic, type=type, reference=case)
    async with bus.read() as session:
        rows = await board.stream(session, reach(who), wanted, limit=_PAGE, skip=(page - 1) * _PAGE)
    return {"page": page, "events": [_line(row) for row in rows]}


@router.get("/events/{event_id}")
async def event(bus: BusDep, who: Coordinator, event_id: UUID) -> dict[str, Any]:
    """One event with the chain of its causes, the nearest first, and the events that it caused."""
    within = reach(who)
    async with bus.read() as session:
        found = await board.stream(session, within, Narrowed(ids=[event_id]))
        if not found:
            raise Refused(gettext("There is no such event here, or it is not yours to see."), 404)
        cause = found[0].cause_id
        chain = await activity_store.causes(session, cause, _CAUSES) if cause else []
        causes = {row.id: row for row in await board.stream(session, within, Narrowed(ids=chain))}
        effects = await board.stream(session, within, Narrowed(caused_by=event_id), limit=_EFFECTS, oldest_first=True)
    return {
        "event": _line(found[0]),
        "causes": [_line(causes[one]) for one in chain if one in causes],
        "effects": [_line(row) for row in effects],
    }


@router.get("/supply")
async def supply(
    bus: BusDep, who: Coordinator, call_id: UUID | None = None, kind: ApplicationKind | None = None
) -> dict[str, Any]:
    """Supply and demand by topic and language; cells in which both are 0 are left out."""
    wanted_kind = kind.value if kind else None
    async with bus.read() as session:
        wanted = await monitoring.demand(session, reach(who), call_id, wanted_kind)
        free = await monitoring.supply(session, call_id, wanted_kind)
    fields = {(row.topic, row.tongue): {"wanted": int(row.number), "free": 0} for row in wanted}
    for row in free:
        fields.setdefault((row.topic, row.tongue), {"wanted": 0, "free": 0})["free"] = int(row.number)
    return {
        "fields": [
            {"topic": topic, "language": tongue, **numbers} for (topic, tongue), numbers in sorted(fields.items())
        ]
    }


@router.get("/calendar")
async def calendar(
    bus: BusDep, who: Coordinator, call_id: UUID | None = None, first: Day | None = None, last: Day | None = None
) -> dict[str, Any]:
    """The visits that begin from `first` (today) to `last` (12 weeks later), by start; 2,000 at most."""
    begins = first or clock.today()
    ends = last or begins + timedelta(weeks=12)
    async with bus.read() as session:
        rows = await monitoring.calendar(session, reach(who), call_id, begins, ends + timedelta(days=1))
    return {"first": begins, "last": ends, "visits": [dict(row._mapping) for row in rows]}  # noqa: SLF001 - public


@router.get("/progress")
async def progress(request: Request, bus: BusDep, _: Coordinator, call_id: UUID | None = None) -> dict[str, Any]:
    """The backlog of the service: events to read (null: unknown), to match, to send, waiting, and dead letters."""
    reader = service_of(request).reader
    async with bus.read() as session:
        row = await monitoring.behind(session, call_id)
    return {
        "to_read": reader.behind(),
        "paused": reader.paused,
        "to_match": int(row.to_match),
        "to_send": row.to_send,
        "waiting": row.waiting,
        "parked": row.parked,
        "what_ifs": row.what_ifs,
    }


def _line(row: Any) -> dict[str, Any]:
    """Return an event as programs see it, without the sign-in of the person behind it."""
    return {name: value for name, value in row._mapping.items() if name != "actor"}  # noqa: SLF001 - public
