"""Store how far each submitted period is approved."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.reporting.periods.model import periods
from services.reporting.periods.model.approval import Approval
from services.reporting.tables import Table, write_rows
from shared.bus.db.locking import for_update
from shared.contracts.codes import PeriodState

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class PeriodRow(Table, table=True):
    """The approval of a period; a period without a row is a draft."""

    __tablename__ = "period"

    label: str = Field(primary_key=True)
    state: str
    author: str | None = Field(default=None, description="Sign-in subject of who submitted it")
    cut_off: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    figures: int = 0
    figures_digest: str | None = None
    frozen_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    statement: int = Field(default=1, description="Of the figures that stand; above 1: restated")


async def locked(session: AsyncSession, label: str) -> Approval:
    """Return the approval of a period and lock its row until the transaction ends; create the row if it is new."""
    query = for_update(select(PeriodRow).where(PeriodRow.label == label))
    row = await session.scalar(query)
    if row is None:
        new = insert(PeriodRow).values(label=label, state="draft", figures=0, statement=1)
        await session.execute(new.on_conflict_do_nothing())
        row = (await session.execute(query)).scalar_one()
    return _approval(row)


async def approval(session: AsyncSession, period: periods.Period) -> Approval:
    """Return the approval of a period."""
    row = await session.scalar(select(PeriodRow).where(PeriodRow.label == period.label))
    return _approval(row) if row else Approval(period)


async def approvals(session: AsyncSession) -> list[Approval]:
    """Return the approvals of all periods that were ever submitted, newest label first."""
    rows = await session.scalars(select(PeriodRow).order_by(col(PeriodRow.label).desc()))
    return [_approval(row) for row in rows]


def _approval(row: PeriodRow) -> Approval:
    state = PeriodState(row.state)
    return Approval(
        periods.parse(row.label),
        state,
        row.author,
        row.cut_off,
        row.figures,
        row.figures_digest,
        row.frozen_at,
        row.statement,
    )


async def keep(session: AsyncSession, approval: Approval) -> None:
    """Save the approval of a period."""
    row = PeriodRow(
        label=approval.period.label,
        state=approval.state.value,
        author=approval.author,
        cut_off=approval.cut_off,
        figures=approval.figures,
        figures_digest=approval.figures_digest,
        frozen_at=approval.frozen_at,
        statement=approval.statement,
    )
    await write_rows(session, PeriodRow, [row])
