"""Add lines to the board's stream of events, and delete its oldest ones: the way in for other rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.activity import store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.activity.store import Activity


async def add_lines(session: AsyncSession, lines: Iterable[Activity]) -> None:
    """Add the lines of events that are not in the stream yet."""
    await store.add(session, lines)


async def trim(session: AsyncSession) -> None:
    """Delete all but the newest lines."""
    await store.trim(session)
