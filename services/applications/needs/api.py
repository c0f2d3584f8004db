"""Serve training needs, entered singly or imported as a table."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, UploadFile
from pydantic import Field

from services.applications.guards import Country
from services.applications.needs import views
from services.applications.needs.actions import imports
from services.applications.needs.actions import needs as actions
from services.applications.needs.model import MOST_BYTES, NeedEntry
from services.applications.needs.views import Discarded, ImportPreview, ImportResult, Need, NeedList, Withdrawn
from services.applications.parameters import REGISTER_API, Body, BusDep
from services.applications.register.views.entries import Entered, EntryId
from shared.contracts.base import Country as CountryCode
from shared.web.paging import PageDep

router = APIRouter(prefix=f"{REGISTER_API}/needs", tags=["register"])


class Needs(Body):
    """Needs to enter; an existing one gets the new quantity."""

    needs: Annotated[tuple[NeedEntry, ...], Field(min_length=1, max_length=100)]


class NeedChange(Body):
    """A need as it is to be; `version` is the one that was read."""

    need: NeedEntry
    version: int | None = None


class ImportConfirmed(Body):
    """A confirmed import: with `all_or_none` wrong rows stop it; otherwise they are left out."""

    all_or_none: bool = True
    seen: Annotated[
        str | None, Field(description="The preview's; the import is refused if something changed since.")
    ] = None


@router.get("")
async def read_all(
    principal: Country,
    bus: BusDep,
    page: PageDep,
    country: CountryCode | None = None,
    topic_code: str | None = None,
    level: Annotated[int | None, Query(ge=1, le=3)] = None,
    withdrawn: bool = False,  # noqa: FBT001, FBT002 - a query parameter
) -> NeedList:
    """Return the needs of the caller's country, or all, in the order of entry, with their number and that of people."""
    filters = views.Filters(country, topic_code, level, withdrawn=withdrawn)
    async with bus.read() as session:
        return await views.need_list(session, principal, filters, page)


@router.post("", status_code=201)
async def enter(body: Needs, principal: Country, bus: BusDep) -> Entered:
    """Enter needs; returns their ids in the same order."""
    return Entered(ids=tuple(await actions.enter(bus, principal, body.needs)))


@router.post("/imports", status_code=201)
async def upload(file: UploadFile, principal: Country, bus: BusDep) -> ImportPreview:
    """Upload a table (CSV in UTF-8, or .xlsx) and read what importing it would do; nothing is imported yet."""
    import_id = await imports.upload(bus, principal, await file.read(MOST_BYTES + 1), file.filename or "")
    return await read_import(import_id, principal, bus)


@router.get("/imports/{import_id}")
async def read_import(import_id: UUID, principal: Country, bus: BusDep) -> ImportPreview:
    """Return what importing the caller's own table would do now."""
    async with bus.read() as session:
        return (await views.preview(session, principal, import_id)).shown


@router.post("/imports/{import_id}/confirm")
async def confirm(import_id: UUID, body: ImportConfirmed, principal: Country, bus: BusDep) -> ImportResult:
    """Import a table; returns how many rows were added, changed, unchanged and left out."""
    return await imports.confirm(bus, principal, import_id, all_or_none=body.all_or_none, seen=body.seen)


@router.post("/imports/{import_id}/discard")
async def discard(import_id: UUID, principal: Country, bus: BusDep) -> Discarded:
    """Discard an uploaded table."""
    await imports.discard(bus, principal, import_id)
    return Discarded(discarded=True)


@router.get("/{need_id:uuid}")
async def read_one(need_id: UUID, principal: Country, bus: BusDep) -> Need:
    """Return one need."""
    async with bus.read() as session:
        return await views.need(session, principal, need_id)


@router.post("/{need_id:uuid}", operation_id="change_register_need")
async def save(need_id: UUID, body: NeedChange, principal: Country, bus: BusDep) -> EntryId:
    """Change a need."""
    entry = body.need.model_copy(update={"id": need_id})
    return EntryId(id=await actions.save(bus, principal, entry, version=body.version))


@router.post("/{need_id}/withdraw")
async def withdraw(need_id: UUID, principal: Country, bus: BusDep) -> Withdrawn:
    """Withdraw a need."""
    await actions.withdraw(bus, principal, need_id)
    return Withdrawn(withdrawn=True)
