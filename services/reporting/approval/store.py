"""Store proposed restatements."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.reporting.figures.model.restatement import Proposal, ProposalState
from services.reporting.tables import Table, write_rows
from shared.contracts.codes import RestatementReason

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class RestatementRow(Table, table=True):
    """A proposed restatement of a period's figures; they are stored under its statement's number."""

    __tablename__ = "restatement"
    __table_args__ = (sa.Index("restatement_period", "period", "proposed_at"),)

    id: UUID = Field(primary_key=True)
    period: str
    statement: int
    reason: str
    author: str = Field(description="Sign-in subject")
    proposed_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    cut_off: datetime = Field(sa_type=sa.DateTime(timezone=True))
    figures: int
    state: str
    decided_by: str | None = Field(default=None, description="Sign-in subject")
    decided_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    counted: str | None = Field(default=None, description="Which events were counted, as PeriodRestated tells it")


async def keep(session: AsyncSession, proposal: Proposal) -> None:
    """Save a proposal; the period's row is locked by the caller."""
    await write_rows(session, RestatementRow, [proposal])


async def of_period(session: AsyncSession, label: str) -> list[Proposal]:
    """Return all proposals for a period, the newest first."""
    query = select(RestatementRow).where(RestatementRow.period == label)
    rows = await session.scalars(query.order_by(col(RestatementRow.proposed_at).desc(), col(RestatementRow.id)))
    return [
        Proposal(
            row.id,
            row.period,
            row.statement,
            RestatementReason(row.reason),
            row.author,
            row.proposed_at,
            row.cut_off,
            row.figures,
            ProposalState(row.state),
            row.decided_by,
            row.decided_at,
            row.counted,
        )
        for row in rows
    ]
