"""Serve changes of one fund or one excluded pair; several at once are entered in bulk."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.applications.guards import Coordinator
from services.applications.parameters import REGISTER_API, Body, BusDep
from services.applications.register.actions import funds as actions
from services.applications.register.model import ExclusionEntry, FundEntry
from services.applications.register.store import entries

router = APIRouter(prefix=REGISTER_API, tags=["register"])


class FundChange(Body):
    """A fund as it is to be; `version` is the one that was read."""

    fund: FundEntry
    version: int | None = None


class ExclusionChange(Body):
    """An excluded pair as it is to be; `version` is the one that was read."""

    exclusion: ExclusionEntry
    version: int | None = None


@router.post("/funds")
async def save_fund(body: FundChange, principal: Coordinator, bus: BusDep) -> dict[str, UUID]:
    """Enter a fund, or change the one with that id; returns its id."""
    return {"id": await actions.save_fund(bus, principal, body.fund, version=body.version)}


@router.get("/exclusions")
async def read_exclusions(_: Coordinator, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """All excluded pairs, the newest first; for programme coordinators only."""
    async with bus.read() as session:
        found = await entries.exclusions(session)
    return {"exclusions": [row.model_dump(mode="json") for row in found]}


@router.post("/exclusions")
async def save_exclusion(body: ExclusionChange, principal: Coordinator, bus: BusDep) -> dict[str, UUID]:
    """Enter an excluded pair, or change the one with that id; returns its id."""
    return {"id": await actions.save_exclusion(bus, principal, body.exclusion, version=body.version)}


@router.post("/exclusions/{exclusion_id}/end")
async def end_exclusion(exclusion_id: UUID, principal: Coordinator, bus: BusDep) -> dict[str, bool]:
    """End an exclusion: the pair may be matched again from tomorrow on."""
    await actions.end_exclusion(bus, principal, exclusion_id)
    return {"ended": True}
