"""The days that count in the reciprocity ledger, one row a visit."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Index, select, text
from sqlmodel import Field, col

from services.matching.reciprocity.model import Flow
from services.matching.tables import Table, keep

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity.scope import Reach


class Stay(Table, table=True):
    """The days of one visit: attended if `done`, else planned. A visit that does not take place has no row."""

    __table_args__ = (
        Index("stay_between", "country", "host_country", postgresql_include=["days"]),
        Index("stay_host", "host_country"),
        Index("stay_agency", "organisation_id"),
        Index("stay_host_agency", "host_organisation_id"),
    )

    visit_id: UUID = Field(primary_key=True)
    country: str
    organisation_id: UUID
    host_country: str
    host_organisation_id: UUID
    days: int
    done: bool


async def of_visits(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, Stay]:
    """Return the rows of these visits."""
    if not visit_ids:
        return {}
    found = await session.scalars(select(Stay).where(col(Stay.visit_id).in_(visit_ids)).order_by(col(Stay.visit_id)))
    return {row.visit_id: row for row in found}


async def write(session: AsyncSession, rows: Sequence[Stay], removed_ids: Collection[UUID]) -> None:
    """Write the rows that count now, and remove those that do not."""
    await keep(session, rows)
    if removed_ids:
        await session.execute(text("DELETE FROM stay WHERE visit_id = ANY(:ids)"), {"ids": sorted(removed_ids)})


async def days_between(session: AsyncSession) -> dict[tuple[str, str], int]:
    """Return the days that guests of the first country spent or are to spend in the second."""
    found = await session.execute(
        text(
            "SELECT country, host_country, sum(days) AS days FROM stay GROUP BY country, host_country"
            " ORDER BY country, host_country"
        )
    )
    return {(row.country, row.host_country): int(row.days) for row in found}


async def flows(session: AsyncSession, reach: Reach) -> list[Flow]:
    """Return the days between any two agencies of which one is within reach."""
    columns = Stay.__table__.c  # type: ignore[attr-defined]  # SQLModel gives every table class one
    keys = (
        columns.country,
        columns.organisation_id,
        columns.host_country,
        columns.host_organisation_id,
        columns.done,
    )
    within = reach.clause(
        country=(columns.country, columns.host_country),
        organisation=(columns.organisation_id, columns.host_organisation_id),
    )
    found = await session.execute(
        select(*keys, text("sum(days) AS days")).where(within).group_by(*keys).order_by(*keys)
    )
    return [
        Flow(
            country=row.country,
            agency=str(row.organisation_id),
            host_country=row.host_country,
            host_agency=str(row.host_organisation_id),
            days=int(row.days),
            done=row.done,
        )
        for row in found
    ]
