"""Store which messages were sent anew, by whom and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.notifications.tables import Table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Resending(Table, table=True):
    """That somebody had a message sent anew, and why."""

    __tablename__ = "resending"

    message_id: UUID = Field(primary_key=True)
    generation: int = Field(primary_key=True)
    at: datetime = Field(sa_type=_TIME, description="Domain time")
    actor: str = Field(description="A sign-in subject")
    reason: str = Field(description="A code of `ResendReason`")


async def add(session: AsyncSession, row: Resending) -> None:
    """Note that a message is sent anew."""
    session.add(row)
    await session.flush()


async def resendings(session: AsyncSession, message_id: UUID) -> list[Resending]:
    """Return when a message was sent anew, by whom and why; the first first."""
    query = select(Resending).where(col(Resending.message_id) == message_id).order_by(col(Resending.generation))
    return list((await session.scalars(query)).all())
