"""Serve changes of one fund or one excluded pair; several at once are entered in bulk."""

from uuid import UUID

from fastapi import APIRouter, Request

from services.applications.guards import Coordinator
from services.applications.parameters import REGISTER_API, Body, BusDep
from services.applications.register.actions import funds as actions
from services.applications.register.model import ExclusionEntry, FundEntry
from services.applications.register.views import entries
from services.applications.register.views.entries import Ended, EntryId, ListedExclusion
from shared.identity.versions import expect_in_body
from shared.web.items import RecordVersion, with_versions
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix=REGISTER_API, tags=["register"])


class FundChange(Body):
    """A fund as it is to be; an existing one in the version that was read."""

    fund: FundEntry
    version: RecordVersion = ""


class ExclusionChange(Body):
    """An excluded pair as it is to be; an existing one in the version that was read."""

    exclusion: ExclusionEntry
    version: RecordVersion = ""


@router.post("/funds", operation_id="save_register_fund")
async def save_fund(request: Request, body: FundChange, principal: Coordinator, bus: BusDep) -> EntryId:
    """Enter a fund, or change the one with that id; returns its id."""
    if body.fund.id is not None:
        expect_in_body(request, "fund_id", body.fund.id, body.version, "/version")
    return EntryId(id=await actions.save_fund(bus, principal, body.fund))


@router.get("/exclusions")
async def read_exclusions(request: Request, _: Coordinator, bus: BusDep, page: PageDep) -> Page[ListedExclusion]:
    """Return all excluded pairs, the one entered last first; for programme coordinators only."""
    async with bus.snapshot() as session:
        found = await entries.exclusions_page(session, page)
        return await with_versions(request, session, "exclusion_id", found, ListedExclusion)


@router.post("/exclusions")
async def save_exclusion(request: Request, body: ExclusionChange, principal: Coordinator, bus: BusDep) -> EntryId:
    """Enter an excluded pair, or change the one with that id; returns its id."""
    if body.exclusion.id is not None:
        expect_in_body(request, "exclusion_id", body.exclusion.id, body.version, "/version")
    return EntryId(id=await actions.save_exclusion(bus, principal, body.exclusion))


@router.post("/exclusions/{exclusion_id}/end")
async def end_exclusion(exclusion_id: UUID, principal: Coordinator, bus: BusDep) -> Ended:
    """End an exclusion: the pair may be matched again from tomorrow on."""
    await actions.end_exclusion(bus, principal, exclusion_id)
    return Ended(ended=True)
