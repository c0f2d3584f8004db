"""Store refused attempts: one row each, without the content of the request; insert-only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field

from services.applications.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

_A_STATEMENT = 1_000
"""Rows; PostgreSQL takes 32,767 values a statement."""


class Attempt(Table, table=True):
    """A request that was refused for a reason that an auditor may want to know of."""

    __tablename__ = "attempt"
    __table_args__ = (
        sa.Index("attempt_at", "at", "id"),
        sa.Index("attempt_subject", "subject", "at"),
        sa.Index("attempt_reason", "reason", "at"),
    )

    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    subject: str | None = Field(default=None, description="Sign-in subject; none for a stranger")
    method: str
    route: str = Field(description="The route's pattern, such as /applications/matches/{match_id}")
    reason: str = Field(description="A word of actions/attempts.py")
    record_ids: str | None = Field(default=None, description="The ids in the address, none of which need exist")
    status: int
    repeats: int = Field(default=0, description="Further ones of the same person that were only counted")


async def add(session: AsyncSession, rows: Sequence[Attempt]) -> None:
    """Add attempts, except those that are there already."""
    for start in range(0, len(rows), _A_STATEMENT):
        values = [row.model_dump() for row in rows[start : start + _A_STATEMENT]]
        await session.execute(insert(Attempt).values(values).on_conflict_do_nothing(index_elements=["id"]))
