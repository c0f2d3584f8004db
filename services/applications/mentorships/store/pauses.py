"""Store the pauses that pairs asked for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.tables import Table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Pause(Table, table=True):
    """A pause that one side asked for, and the later request of either side to resume."""

    __tablename__ = "pause"
    __table_args__ = (sa.Index("pause_of_mentorship", "mentorship_id", "at"),)

    id: UUID = Field(primary_key=True)
    mentorship_id: UUID
    party: str
    reason: str = Field(description="A StatedReason")
    text: str = Field(default="", description="For the two of them; stays here")
    actor: str
    at: datetime = Field(sa_type=_TIME)
    resumed_by: str | None = None
    resumed_at: datetime | None = Field(default=None, sa_type=_TIME)


async def last(session: AsyncSession, mentorship_id: UUID) -> Pause | None:
    """Return the newest pause that was asked for; the mentorship's row is the lock."""
    query = select(Pause).where(Pause.mentorship_id == mentorship_id)
    return await session.scalar(query.order_by(col(Pause.at).desc(), col(Pause.id).desc()).limit(1))
