"""Keep the days of visits in the reciprocity ledger: the way in for the room that changes visits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.reciprocity import store

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.reciprocity.store import Stay


async def count_days(session: AsyncSession, stays: Sequence[Stay], removed_ids: Collection[UUID]) -> None:
    """Write the days of these visits, and remove visits that do not count any more (`removed_ids`)."""
    await store.write(session, stays, removed_ids)
