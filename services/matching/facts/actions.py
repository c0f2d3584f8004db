"""Change what matching knows of a call's pool from within the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.facts.store import pools

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def leave_pool(session: AsyncSession, applications: Collection[UUID]) -> None:
    """Remove the provisional places of these applications: they have a match, or look for a place no longer."""
    await pools.drop_standings(session, applications)
