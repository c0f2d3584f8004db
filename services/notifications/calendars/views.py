"""Show whether a person has a private calendar address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import AwareDatetime

from services.notifications.calendars.store import feeds
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class FeedState(ReadModel):
    """A person's address: when it was made and last read (real time); `id` null where there is none."""

    id: UUID | None = None
    made_at: AwareDatetime | None = None
    read_at: AwareDatetime | None = None


async def feed_state(session: AsyncSession, person: UUID) -> FeedState:
    """Return a person's address."""
    row = await feeds.address_of(session, person)
    return FeedState() if row is None else FeedState(id=row.id, made_at=row.created_at, read_at=row.read_at)
