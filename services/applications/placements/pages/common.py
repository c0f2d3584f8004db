"""Load a placement for a page, and give its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.placements import store
from services.applications.placements.views import may_read
from services.applications.refusals import not_found
from shared.identity.scope import may_act_for_organisation

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from shared.identity import Principal


def offer_path(offer_id: UUID, rest: str = "") -> str:
    """Return the address of a placement, or of a page of it."""
    return f"/applications/offers/{offer_id}" + (f"/{rest}" if rest else "")


async def load_offer(bus: Bus, principal: Principal, offer_id: UUID) -> store.Offer:
    """Return a placement that the reader may see. Raises `Refused` (404)."""
    async with bus.read() as session:
        offer = await store.offer(session, offer_id)
    if offer is None or not may_read(principal, offer):
        raise not_found()
    return offer


async def load_own_offer(bus: Bus, principal: Principal, offer_id: UUID) -> store.Offer:
    """Return a placement of the reader's organisation. Raises `Refused` (404)."""
    offer = await load_offer(bus, principal, offer_id)
    if not may_act_for_organisation(principal, offer.organisation_id):
        raise not_found()
    return offer
