"""Read what a visit's agenda says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.placements import store as placements_store
from services.applications.visits import store

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.visits.store import Visit

FIRST_VERSION = 1


async def agenda_of(session: AsyncSession, visit: Visit) -> tuple[int, str]:
    """Return the newest version of a visit's agenda and its text; version 1 is the outline of the placement."""
    written = await store.agenda(session, visit.id)
    if written is not None:
        return written.version, written.text
    offer = None if visit.offer_id is None else await placements_store.offer(session, visit.offer_id)
    return FIRST_VERSION, offer.entry.outline if offer is not None else ""
