"""Store baselines and targets."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.reporting.tables import Table
from services.reporting.targets.model import TargetKind, TargetValue

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class TargetRow(Table, table=True):
    """A baseline or a target of an indicator; an approved one is never changed, a later one replaces it."""

    __tablename__ = "target"

    id: UUID = Field(primary_key=True)
    indicator: str
    kind: str
    day: date
    value: Decimal = Field(sa_type=sa.Numeric)
    source: str
    comment: str
    author: str = Field(description="Sign-in subject")
    written_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    approved_by: str | None = Field(default=None, description="Sign-in subject")
    approved_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))


async def lock(session: AsyncSession) -> None:
    """Let one person write at a time until the transaction ends; reading goes on."""
    await session.execute(sa.text("LOCK TABLE target IN SHARE ROW EXCLUSIVE MODE"))


async def everything(session: AsyncSession) -> list[TargetValue]:
    """Return all values, by indicator, kind and day, the earlier written first; a few hundred."""
    order = (
        col(TargetRow.indicator),
        col(TargetRow.kind),
        col(TargetRow.day),
        col(TargetRow.written_at),
        col(TargetRow.id),
    )
    return [_aim(row) for row in await session.scalars(select(TargetRow).order_by(*order))]


async def target_by_id(session: AsyncSession, aim_id: UUID) -> TargetValue | None:
    """Return the value with that id."""
    row = await session.get(TargetRow, aim_id)
    return _aim(row) if row else None


async def keep(session: AsyncSession, target_value: TargetValue) -> None:
    """Save a value."""
    await session.merge(TargetRow(**asdict(target_value)))
    await session.flush()


async def drop(session: AsyncSession, target_value: TargetValue) -> None:
    """Delete a value that waits."""
    await session.execute(
        sa.delete(TargetRow).where(col(TargetRow.id) == target_value.id, col(TargetRow.approved_at).is_(None))
    )


def _aim(row: TargetRow) -> TargetValue:
    values = {field.name: getattr(row, field.name) for field in fields(TargetValue)}
    return TargetValue(**{**values, "kind": TargetKind(row.kind)})
