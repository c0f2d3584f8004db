"""Read the saved views of the queue that belong to the reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.saved_views import store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class View:
    """A saved view: its name, and the filters as the address of the queue has them."""

    id: UUID
    name: str
    query: str


async def own_views(session: AsyncSession, principal: Principal) -> Sequence[View]:
    """Return the reader's own saved views by name."""
    return [View(row.id, row.name, row.query) for row in await store.views_of(session, principal.subject)]
