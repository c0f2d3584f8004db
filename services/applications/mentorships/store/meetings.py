"""Store the sessions that pairs have planned."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.tables import Table

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Meeting(Table, table=True):
    """A planned session; `version` counts its changes, a cancellation too."""

    __tablename__ = "meeting"
    __table_args__ = (
        sa.Index("meeting_stands", "mentorship_id", "begins_at", postgresql_where=sa.text("cancelled_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    mentorship_id: UUID
    party: str = Field(description="Who planned it, or gave it its present time")
    begins_at: datetime = Field(sa_type=_TIME)
    minutes: int
    on_site: bool = False
    version: int = 1
    at: datetime = Field(sa_type=_TIME)
    cancelled_at: datetime | None = Field(default=None, sa_type=_TIME)

    def to_come(self, now: datetime) -> bool:
        """Return whether it has not begun."""
        return self.begins_at > now

    def over(self, now: datetime) -> bool:
        """Return whether its time is over."""
        return self.begins_at + timedelta(minutes=self.minutes) <= now


async def to_come(session: AsyncSession, ids: Collection[UUID], now: datetime) -> dict[UUID, Meeting]:
    """Return, by mentorship, the planned session that has not begun; the mentorship's row is the lock."""
    query = select(Meeting).where(
        col(Meeting.mentorship_id).in_(sorted(ids)), col(Meeting.cancelled_at).is_(None), col(Meeting.begins_at) > now
    )
    found = await session.scalars(query.order_by(col(Meeting.begins_at).desc(), col(Meeting.id).desc()))
    return {planned.mentorship_id: planned for planned in found}


async def latest(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Meeting]:
    """Return, by mentorship, the session that is planned last, whether it is to come or over."""
    query = select(Meeting).where(col(Meeting.mentorship_id).in_(sorted(ids)), col(Meeting.cancelled_at).is_(None))
    found = await session.scalars(query.order_by(col(Meeting.begins_at), col(Meeting.id)))
    return {planned.mentorship_id: planned for planned in found}


async def meeting(session: AsyncSession, meeting_id: UUID) -> Meeting | None:
    """Return one planned session."""
    return await session.get(Meeting, meeting_id)
