"""Store why coordinators assigned places manually, in their own words: nothing of it leaves the portal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.applications.matches.store.matches import Match
from services.applications.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession


class OverrideReason(Table, table=True):
    """The reason for one place that was assigned manually; it is deleted with its application."""

    __tablename__ = "override_reason"
    __table_args__ = (
        sa.Index("override_reason_at", "at", "match_id"),
        sa.Index("override_reason_application", "application_id", "at"),
    )

    match_id: UUID = Field(primary_key=True)
    application_id: UUID = Field(
        sa_column=sa.Column(sa.Uuid, sa.ForeignKey("application.id", ondelete="CASCADE"), nullable=False)
    )
    reason: str = Field(description="A Reason")
    text: str
    decided_by: str
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))


async def write_once(session: AsyncSession, values: Mapping[str, object]) -> OverrideReason:
    """Write the reason of a match unless there is one; return the one that is stored now."""
    await session.execute(insert(OverrideReason).values(**values).on_conflict_do_nothing())
    query = select(OverrideReason).where(OverrideReason.match_id == values["match_id"])
    return (await session.scalars(query)).one()


async def of_application(session: AsyncSession, application_id: UUID) -> list[OverrideReason]:
    """Return the reasons for the places of an application, the newest first; only those whose match was made."""
    query = select(OverrideReason).join(Match, col(Match.id) == OverrideReason.match_id)
    query = query.where(OverrideReason.application_id == application_id)
    return list(await session.scalars(query.order_by(col(OverrideReason.at).desc(), col(OverrideReason.match_id))))
