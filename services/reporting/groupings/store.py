"""Store the level that was chosen for each dimension."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.reporting.groupings.model import Levels
from services.reporting.tables import Table, write_rows

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class GroupingRow(Table, table=True):
    """The level of a dimension; a dimension without a row has each value by itself."""

    __tablename__ = "grouping"

    dimension: str = Field(primary_key=True)
    level: str
    chosen_by: str = Field(description="Sign-in subject")
    chosen_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


async def lock_to_choose(session: AsyncSession) -> None:
    """Let nobody else choose or count figures to be kept until the transaction ends; reading goes on."""
    await session.execute(sa.text('LOCK TABLE "grouping" IN EXCLUSIVE MODE'))


async def lock_to_count(session: AsyncSession) -> None:
    """Let nobody choose until the transaction ends; others may count meanwhile."""
    await session.execute(sa.text('LOCK TABLE "grouping" IN SHARE MODE'))


async def rows(session: AsyncSession) -> dict[str, GroupingRow]:
    """Return the choices by dimension, in order."""
    query = select(GroupingRow).order_by(col(GroupingRow.dimension))
    return {row.dimension: row for row in await session.scalars(query)}


async def levels(session: AsyncSession) -> Levels:
    """Return the chosen levels."""
    return Levels({dimension: row.level for dimension, row in (await rows(session)).items()})


async def keep(session: AsyncSession, dimension: str, level: str, by: str, at: datetime) -> None:
    """Save the level of a dimension."""
    await write_rows(session, GroupingRow, [GroupingRow(dimension=dimension, level=level, chosen_by=by, chosen_at=at)])
