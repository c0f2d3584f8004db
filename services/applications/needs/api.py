"""Serve training needs, entered singly or imported as a table."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, UploadFile
from pydantic import Field

from services.applications.guards import Country
from services.applications.needs import views
from services.applications.needs.actions import imports
from services.applications.needs.actions import needs as actions
from services.applications.needs.model import MOST_BYTES, NeedEntry
from services.applications.needs.views import (
    Discarded,
    ImportPreview,
    ImportResult,
    ListedNeed,
    ListedNeeds,
    Need,
    Withdrawn,
)
from services.applications.parameters import REGISTER_API, Body, BusDep
from services.applications.register.views.entries import Entered, EntryId
from shared.contracts.base import Country as CountryCode
from shared.identity.versions import sent_versions
from shared.web.items import RecordVersion, with_versions
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix=f"{REGISTER_API}/needs", tags=["register"])


class NeedToEnter(NeedEntry):
    """A need to enter; an existing one gets the new quantity, in the version that was read."""

    version: RecordVersion = ""


class Needs(Body):
    """Needs to enter."""

    needs: Annotated[tuple[NeedToEnter, ...], Field(min_length=1, max_length=100)]


class NeedChange(Body):
    """A need as it is to be."""

    need: NeedEntry


class ImportConfirmed(Body):
    """A confirmed import: with `all_or_none` wrong rows stop it; otherwise they are left out."""

    all_or_none: bool = True
    seen: Annotated[
        str | None, Field(description="The preview's; the import is refused if something changed since.")
    ] = None


@router.get("")
async def read_all(
    request: Request,
    principal: Country,
    bus: BusDep,
    page: PageDep,
    country: CountryCode | None = None,
    topic_code: str | None = None,
    level: Annotated[int | None, Query(ge=1, le=3)] = None,
    withdrawn: bool = False,  # noqa: FBT001, FBT002 - a query parameter
) -> ListedNeeds:
    """Return the needs of the caller's country, or all, in the order of entry, with their number and that of people."""
    filters = views.Filters(country, topic_code, level, withdrawn=withdrawn)
    async with bus.snapshot() as session:
        found = await views.need_list(session, principal, filters, page)
        listed = Page[Need](items=list(found.items), next=found.next)
        items = (await with_versions(request, session, "need_id", listed, ListedNeed)).items
    return ListedNeeds(items=items, next=found.next, total=found.total, people=found.people)


@router.post("", status_code=201)
async def enter(request: Request, body: Needs, principal: Country, bus: BusDep) -> Entered:
    """Enter needs; returns their ids in the same order."""
    sent = sent_versions(request, "need_id", "needs", [each.version for each in body.needs])
    entries = [NeedEntry.model_validate(each.model_dump(exclude={"version"})) for each in body.needs]
    return Entered(ids=tuple(await actions.enter(bus, principal, entries, sent)))


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
    return EntryId(id=await actions.save(bus, principal, entry))


@router.post("/{need_id}/withdraw")
async def withdraw(need_id: UUID, principal: Country, bus: BusDep) -> Withdrawn:
    """Withdraw a need."""
    await actions.withdraw(bus, principal, need_id)
    return Withdrawn(withdrawn=True)
