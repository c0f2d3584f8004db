"""Serve changes of one fund or one excluded pair; several at once are entered in bulk."""

from uuid import UUID

from fastapi import APIRouter

from services.applications.guards import Coordinator
from services.applications.parameters import REGISTER_API, Body, BusDep
from services.applications.register.actions import funds as actions
from services.applications.register.model import ExclusionEntry, FundEntry
from services.applications.register.views import entries
from services.applications.register.views.entries import Ended, EntryId, Exclusion
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix=REGISTER_API, tags=["register"])


class FundChange(Body):
    """A fund as it is to be; `version` is the one that was read."""

    fund: FundEntry
    version: int | None = None


class ExclusionChange(Body):
    """An excluded pair as it is to be; `version` is the one that was read."""

    exclusion: ExclusionEntry
    version: int | None = None


@router.post("/funds", operation_id="save_register_fund")
async def save_fund(body: FundChange, principal: Coordinator, bus: BusDep) -> EntryId:
    """Enter a fund, or change the one with that id; returns its id."""
    return EntryId(id=await actions.save_fund(bus, principal, body.fund, version=body.version))


@router.get("/exclusions")
async def read_exclusions(_: Coordinator, bus: BusDep, page: PageDep) -> Page[Exclusion]:
    """Return all excluded pairs, the one entered last first; for programme coordinators only."""
    async with bus.read() as session:
        return await entries.exclusions_page(session, page)


@router.post("/exclusions")
async def save_exclusion(body: ExclusionChange, principal: Coordinator, bus: BusDep) -> EntryId:
    """Enter an excluded pair, or change the one with that id; returns its id."""
    return EntryId(id=await actions.save_exclusion(bus, principal, body.exclusion, version=body.version))


@router.post("/exclusions/{exclusion_id}/end")
async def end_exclusion(exclusion_id: UUID, principal: Coordinator, bus: BusDep) -> Ended:
    """End an exclusion: the pair may be matched again from tomorrow on."""
    await actions.end_exclusion(bus, principal, exclusion_id)
    return Ended(ended=True)
