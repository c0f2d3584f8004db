"""What did an officer change after submission: the answers of the sections concerned, before and after?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.store.base import Table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class Change(Table, table=True):
    """One change: `before` and `after` hold all answers of the pages that differ, by field."""

    __tablename__ = "application_change"
    __table_args__ = (sa.Index("application_change_story", "application_id", "id"),)

    id: UUID = Field(primary_key=True)
    application_id: UUID
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    tasks: list[str] = Field(sa_type=JSONB)
    before: dict[str, Any] = Field(sa_type=JSONB)
    after: dict[str, Any] = Field(sa_type=JSONB)


async def changes(session: AsyncSession, application_id: UUID) -> list[Change]:
    """The changes of an application, the newest first."""
    query = select(Change).where(Change.application_id == application_id)
    return list((await session.scalars(query.order_by(col(Change.id).desc()).limit(50))).all())
