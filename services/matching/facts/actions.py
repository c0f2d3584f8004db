"""Change what matching knows of a call's pool from within the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.facts.store import pools

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.facts.store.pools import Vacancy


async def match_again(session: AsyncSession, call_ids: Collection[UUID]) -> None:
    """Mark the matching of these calls as out of date."""
    await pools.touch(session, call_ids)


async def free_places(session: AsyncSession, vacancies: Sequence[Vacancy]) -> None:
    """Add places that fell free and are to be offered to the next in line."""
    await pools.add_vacancies(session, vacancies)


async def leave_pool(session: AsyncSession, applications: Collection[UUID]) -> None:
    """Remove the provisional places of these applications: they have a match, or look for a place no longer."""
    await pools.drop_standings(session, applications)
