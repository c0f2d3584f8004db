"""Store what was shown of each published statement; later releases are checked against it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.reporting.disclosure.model import Pattern, StoredPattern
from services.reporting.tables import Table
from shared.bus.db.documents import JsonDocument

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.periods.model.approval import Approval


class Release(Table, table=True):
    """A released statement of a period, and what of it was shown."""

    period: str = Field(primary_key=True)
    statement: int = Field(primary_key=True)
    pattern: StoredPattern = Field(sa_type=JsonDocument(StoredPattern))
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))


async def lock(session: AsyncSession) -> None:
    """Let one period be released at a time until the transaction ends: each is checked against all others."""
    await session.execute(sa.text("LOCK TABLE release IN EXCLUSIVE MODE"))


async def keep(session: AsyncSession, approval: Approval, pattern: Pattern, at: datetime) -> None:
    """Save what of a period's statement is shown, for ever."""
    session.add(Release(period=approval.period.label, statement=approval.statement, pattern=pattern.stored(), at=at))
    await session.flush()


async def pattern(session: AsyncSession, approval: Approval) -> Pattern:
    """Return what is shown of the present statement of a published period."""
    query = select(Release).where(
        col(Release.period) == approval.period.label, col(Release.statement) == approval.statement
    )
    return Pattern.of_stored((await session.execute(query)).scalar_one().pattern)


async def releases(session: AsyncSession) -> list[tuple[str, int, Pattern]]:
    """Return each release: the period's label, the statement's number, and what of it is shown."""
    query = select(Release).order_by(col(Release.period), col(Release.statement))
    return [(row.period, row.statement, Pattern.of_stored(row.pattern)) for row in await session.scalars(query)]


async def statement_before(session: AsyncSession, period: str, statement: int) -> int | None:
    """Return the statement of a period that was released before one; None if there is none."""
    newest = sa.func.max(Release.statement)
    query = sa.select(newest).where(col(Release.period) == period, col(Release.statement) < statement)
    return (await session.execute(query)).scalar()


async def released_until(session: AsyncSession, period: str, statement: int) -> dict[str, int]:
    """Return the statement of each other period that stood when a statement was released, by the period's label."""
    own = sa.select(col(Release.at)).where(col(Release.period) == period, col(Release.statement) == statement)
    newest = sa.func.max(Release.statement)
    query = (
        sa.select(col(Release.period), newest)
        .where(col(Release.period) != period, col(Release.at) < own.scalar_subquery())
        .group_by(col(Release.period))
        .order_by(col(Release.period))
    )
    return {row[0]: row[1] for row in await session.execute(query)}
