"""Serve training needs, entered singly or imported as a table."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, UploadFile
from pydantic import Field

from services.applications.guards import Country
from services.applications.needs import store
from services.applications.needs.actions import imports
from services.applications.needs.actions import needs as actions
from services.applications.needs.model import MOST_BYTES, NeedEntry
from services.applications.needs.views import Preview, preview
from services.applications.parameters import REGISTER_API, Body, BusDep
from services.applications.refusals import not_found
from shared.identity.scope import countries_visible, may_see_country

router = APIRouter(prefix=f"{REGISTER_API}/needs", tags=["register"])


class Needs(Body):
    """Needs to enter; an existing one gets the new quantity."""

    needs: Annotated[tuple[NeedEntry, ...], Field(min_length=1, max_length=100)]


class NeedChange(Body):
    """A need as it is to be; `version` is the one that was read."""

    need: NeedEntry
    version: int | None = None


class ImportConfirmed(Body):
    """How to treat wrong rows: with `all_or_none` they stop the whole import; otherwise they are left out."""

    all_or_none: bool = True
    seen: str | None = None


@router.get("")
async def read_all(
    principal: Country,
    bus: BusDep,
    country: str | None = None,
    topic_code: str | None = None,
    level: Annotated[int | None, Query(ge=1, le=3)] = None,
    withdrawn: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """One page (50) of the needs of the caller's country, or all; their number, and the number of people."""
    filters = store.Filters(country, topic_code, level, withdrawn=withdrawn)
    async with bus.read() as session:
        found, total, people = await store.needs(session, countries_visible(principal), filters, page)
    return {"needs": [need.model_dump(mode="json") for need in found], "total": total, "people": people}


@router.post("", status_code=201)
async def enter(body: Needs, principal: Country, bus: BusDep) -> dict[str, list[UUID]]:
    """Enter needs; returns their ids in the same order."""
    return {"ids": await actions.enter(bus, principal, body.needs)}


@router.post("/imports", status_code=201)
async def upload(file: UploadFile, principal: Country, bus: BusDep) -> dict[str, Any]:
    """Upload a table (CSV in UTF-8, or .xlsx) and read what importing it would do; nothing is imported yet."""
    stored = await imports.upload(bus, principal, await file.read(MOST_BYTES + 1), file.filename or "")
    async with bus.read() as session:
        return _preview_json(await preview(session, principal, stored.id))


@router.get("/imports/{import_id}")
async def read_import(import_id: UUID, principal: Country, bus: BusDep) -> dict[str, Any]:
    """What importing the caller's own table would do now."""
    async with bus.read() as session:
        return _preview_json(await preview(session, principal, import_id))


def _preview_json(shown: Preview) -> dict[str, Any]:
    plan = shown.plan
    return {
        "id": shown.upload.id,
        "state": shown.upload.state,
        "expires_at": shown.upload.expires_at,
        "seen": shown.mark,
        "added": [row.number for row in plan.added],
        "changed": [row.number for row, _ in plan.changed],
        "unchanged": [row.number for row in plan.unchanged],
        "wrong": [
            {"row": problem.row, "column": problem.column, "written": problem.written, "remedy": problem.remedy}
            for problem in plan.wrong
        ],
    }


@router.post("/imports/{import_id}/confirm")
async def confirm(import_id: UUID, body: ImportConfirmed, principal: Country, bus: BusDep) -> dict[str, int]:
    """Import a table; returns how many rows were added, changed, unchanged and left out."""
    imported = await imports.confirm(bus, principal, import_id, all_or_none=body.all_or_none, seen=body.seen)
    return imported.result


@router.post("/imports/{import_id}/discard")
async def discard(import_id: UUID, principal: Country, bus: BusDep) -> dict[str, bool]:
    """Discard an uploaded table."""
    await imports.discard(bus, principal, import_id)
    return {"discarded": True}


@router.get("/{need_id}")
async def read_one(need_id: UUID, principal: Country, bus: BusDep) -> dict[str, Any]:
    """One need."""
    async with bus.read() as session:
        need = await store.need(session, need_id)
    if need is None or not may_see_country(principal, need.country):
        raise not_found()
    return need.model_dump(mode="json")


@router.post("/{need_id}")
async def save(need_id: UUID, body: NeedChange, principal: Country, bus: BusDep) -> dict[str, UUID]:
    """Change a need."""
    entry = body.need.model_copy(update={"id": need_id})
    return {"id": await actions.save(bus, principal, entry, version=body.version)}


@router.post("/{need_id}/withdraw")
async def withdraw(need_id: UUID, principal: Country, bus: BusDep) -> dict[str, bool]:
    """Withdraw a need."""
    await actions.withdraw(bus, principal, need_id)
    return {"withdrawn": True}
