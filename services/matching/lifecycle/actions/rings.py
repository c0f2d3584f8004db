"""Keep which matches were proposed together as an exchange ring.

A module of its own, since it is the way in for the room that proposes rings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.lifecycle.store import rings as store
from services.matching.lifecycle.store.rings import RingLeg

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def join_matches(session: AsyncSession, ring_id: UUID, call_id: UUID, match_ids: Sequence[UUID]) -> None:
    """Join matches of a call to a new ring, in this order: each officer goes to the agency of the next."""
    legs = [
        RingLeg(match_id=match_id, ring_id=ring_id, call_id=call_id, place=place)
        for place, match_id in enumerate(match_ids, 1)
    ]
    await store.write(session, legs)
