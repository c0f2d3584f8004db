"""Saved views of the queue: a person's own names for filters."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.tables import Table

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


class SavedView(Table, table=True):
    """Filters of the queue under a name that one person gave them."""

    __tablename__ = "saved_view"
    __table_args__ = (sa.UniqueConstraint("subject", "name", name="saved_view_subject_name_key"),)

    id: UUID = Field(primary_key=True)
    subject: str = Field(description="Sign-in subject")
    name: str
    query: str = Field(description="The filters as the address of the queue has them")
    saved_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


async def lock_views(session: AsyncSession, subject: str) -> None:
    """Let nobody else change the saved views of a person until the commit."""
    key = {"key": f"saved_view {subject}"}
    await session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


async def views_of(session: AsyncSession, subject: str) -> list[SavedView]:
    """Return the saved views of a person by name."""
    query = select(SavedView).where(col(SavedView.subject) == subject)
    return list(await session.scalars(query.order_by(col(SavedView.name), col(SavedView.id))))


async def owners(session: AsyncSession) -> Sequence[str]:
    """Return the people who have saved views, in order."""
    query = select(SavedView.subject).distinct().order_by(col(SavedView.subject))
    return (await session.scalars(query)).all()


async def delete_of(session: AsyncSession, subjects: Collection[str]) -> None:
    """Delete all saved views of people."""
    await session.execute(sa.delete(SavedView).where(col(SavedView.subject).in_(sorted(subjects))))
