"""The API of the board's cases: JSON over the same actions and reads as the pages, with the same access rules."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.requests import Request

from services.matching.cohorts.views import Explained
from services.matching.facts.store import facts as store
from services.matching.facts.store import pools
from services.matching.lifecycle.store import matches as lifecycle_matches
from services.matching.overview.store import board as overview_board
from services.matching.overview.store.board import Filter, Narrowed
from services.matching.parameters import BusDep, receipt_effort
from services.matching.provisional.store import replacements
from services.matching.receipts import views as receipts_views
from shared.bus import Bus
from shared.contracts.codes import Expertise, Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, Ticket, allow, ticket_or_role
from shared.identity.scope import reach

COORDINATORS = (Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER)

router = APIRouter(prefix="/matching/api/v1", tags=["matching"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


@router.get("/board")
async def board(bus: BusDep, who: Coordinator, call_id: UUID | None = None) -> dict[str, Any]:
    """The board now: calls, number of cases by stage, the pipeline, the newest events."""
    async with bus.glance() as session:
        within = reach(who)
        calls = await store.all_calls(session)
        stages = await overview_board.stages(session, within, call_id)
        pipeline = await overview_board.pipeline(session, within, call_id)
        stream = await overview_board.stream(session, within, Narrowed(call=call_id))
        parked = await overview_board.parked(session)
    return {
        "calls": [
            {"id": call.id, "reference": call.reference, "title": call.title, "state": call.state} for call in calls
        ],
        "stages": [{"kind": row.stage_kind, "state": row.stage, "count": row.number} for row in stages],
        "pipeline": dict(pipeline._mapping),  # noqa: SLF001 - SQLAlchemy's public way to a mapping has this name
        "events": [_plain(row) for row in stream],
        "parked": parked,
    }


@router.get("/applications")
async def applications(
    bus: BusDep,
    who: Coordinator,
    call_id: UUID | None = None,
    stage: str | None = None,
    country: str | None = None,
    kind: str | None = None,
    search: str | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """Cases, 50 a page; `stage` is `kind:state`, as `match:provisional` or `application:waitlisted`."""
    wanted = Filter(call_id=call_id, stage=stage, country=country, kind=kind, search=search, page=page)
    async with bus.read() as session:
        rows, total = await overview_board.cases(session, reach(who), wanted)
    return {"total": total, "page": page, "applications": [_plain(row) for row in rows]}


@router.get("/provisional")
async def provisional(bus: BusDep, who: Coordinator, call_id: UUID | None = None) -> dict[str, Any]:
    """All provisional matches of a call (up to 1,000), and how far its matching is behind its facts."""
    wanted = Filter(call_id=call_id, stage="match:provisional")
    async with bus.glance() as session:
        rows, total = await overview_board.cases(session, reach(who), wanted, size=1000)
        pool = await pools.version(session, call_id) if call_id else None
    return {
        "total": total,
        "matched_version": pool.matched_version if pool else None,
        "input_version": pool.input_version if pool else None,
        "provisional": [_plain(row) for row in rows],
    }


@router.get("/matches")
async def matches(
    bus: BusDep,
    who: Coordinator,
    call_id: UUID | None = None,
    application_id: UUID | None = None,
    state: str | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """Matches by filter, 50 a page, the newest first; what ended is among them."""
    async with bus.read() as session:
        rows, total = await lifecycle_matches.listed(
            session, reach(who), call_id=call_id, application_id=application_id, state=state, page=page
        )
    return {"total": total, "page": page, "matches": [_match(row) for row in rows]}


@router.get("/matches/{match_id}")
async def match(bus: BusDep, who: Coordinator, match_id: UUID) -> dict[str, Any]:
    """One match."""
    async with bus.read() as session:
        rows, _ = await lifecycle_matches.listed(session, reach(who), match_id=match_id)
    if not rows:
        raise _none()
    return _match(rows[0])


@router.get("/applications/{application_id}")
async def application(bus: BusDep, who: Coordinator, application_id: UUID) -> dict[str, Any]:
    """One case with its matches, visits and mentorships."""
    found = await receipts_views.case(bus, reach(who), application_id)
    if found is None:
        raise _none()
    return {
        "case": _plain(found.row),
        "matches": [_match(one) for one in found.matches],
        "visits": [_visit(asdict(one)) for one in found.visits],
        "mentorships": [_visit(asdict(one)) for one in found.mentorships],
    }


@router.get("/receipts/{application_id}")
async def receipt(
    request: Request,
    bus: BusDep,
    who: Annotated[Principal | Ticket, Depends(ticket_or_role("receipt", *COORDINATORS))],
    application_id: UUID,
) -> dict[str, Any]:
    """The newest receipt of an application. With a ticket: as published, own points only.

    A coordinator also gets the one that a cohort committed now would give. `waiting` says where the application waits
    at this moment: which place `at` among `of` who wait there, and what else keeps it out.
    """
    published = await receipts_views.published_receipt(bus, application_id)
    if isinstance(who, Ticket):
        if published is None:
            raise _none()
        return own_part(published) | {"waiting": await _waiting(bus, application_id)}
    found = await receipts_views.case(bus, reach(who), application_id)
    if found is None:
        raise _none()
    now = await receipts_views.provisional_receipt(bus, found.candidate, effort=receipt_effort(request))
    return {
        "published": _receipt(published) if published else None,
        "provisional": _receipt(now) if now else None,
        "waiting": await _waiting(bus, application_id),
    }


@router.get("/visits")
async def visits(
    bus: BusDep,
    who: Coordinator,
    call_id: UUID | None = None,
    state: str | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """Visits by their start, 50 a page; those without a lawful week come first."""
    async with bus.read() as session:
        rows, total = await overview_board.visits(session, reach(who), call_id=call_id, state=state, page=page)
        both_ways = await replacements.both_ways(session, reach(who), [row.id for row in rows])
    return {
        "total": total,
        "page": page,
        "visits": [_plain(row) | {"replacement": _replacement(both_ways[row.id])} for row in rows],
    }


@router.get("/mentorships")
async def mentorships(
    bus: BusDep,
    who: Coordinator,
    call_id: UUID | None = None,
    state: str | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """Mentorships, 50 a page, the newest first."""
    async with bus.read() as session:
        rows, total = await overview_board.mentorships(session, reach(who), call_id=call_id, state=state, page=page)
    return {"total": total, "page": page, "mentorships": [_plain(row) for row in rows]}


async def _waiting(bus: Bus, application_id: UUID) -> list[dict[str, Any]]:
    return [asdict(one) for one in await receipts_views.waiting_places(bus, application_id)]


def _none() -> Refused:
    return Refused(gettext("There is nothing here, or it is not yours to see."), 404)


def _plain(row: Any) -> dict[str, Any]:
    """Return a row of a board query, without the total that is only used for paging."""
    mapping: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public way to a mapping has this name
    return {name: value for name, value in mapping.items() if name != "total"}


def _replacement(row: Any) -> dict[str, Any]:
    """Return the outcome for the place of a visit, the match that took it, and the visit whose place it took itself."""
    return {"outcome": row.outcome, "match_id": row.match_id, "replaces": row.replaces}


def _match(match: Any) -> dict[str, Any]:
    values = asdict(match)
    return values | {"seat_id": match.seat_id, "pairing": match.pairing.model_dump(mode="json")}


def _visit(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value for name, value in values.items()
    }


def _receipt(published: Explained) -> dict[str, Any]:
    """Return a receipt as published; an area of expertise that is restricted is not named (domain.md)."""
    document = {"type": published.type, **published.model_dump(mode="json")}
    for change in document["counterfactuals"]:
        if change.get("area") and Expertise(change["area"]).restricted:
            change["area"] = "restricted"
    return document


def own_part(published: Explained) -> dict[str, Any]:
    """Return the officer's part of a receipt, without any preference of the host or mentor."""
    document = _receipt(published)
    for name in ("host_score", "host_rank"):
        document.pop(name, None)
    for points in document.get("points", ()):
        points.pop("host"), points.pop("host_of")
    return document
