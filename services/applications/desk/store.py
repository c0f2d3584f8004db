"""Store the published figures of the start page: a projection of `exchange.figures`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.desk.model import PublishedNumber, part_of
from services.applications.tables import Table, write_rows
from shared.contracts.figures import FigureEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx


class PublishedFigure(Table, table=True):
    """A number as reporting released it last; a number that is not shown has no value."""

    __tablename__ = "published_figure"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True, description="Its label")
    part: str = Field(primary_key=True, description="A country or a group of countries; empty for the total")
    start: date
    end: date
    value: Decimal | None = Field(default=None, sa_type=sa.Numeric)


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """Apply events of exchange.figures: numbers that were published or stated again."""
    rows: dict[tuple[str, str, str], PublishedFigure] = {}
    for event in events:
        if not isinstance(event.data, FigureEvent):
            continue
        figure = event.data.figure
        if (part := part_of(figure)) is None:
            continue
        rows[figure.indicator, figure.period, part] = PublishedFigure(
            indicator=figure.indicator,
            period=figure.period,
            part=part,
            start=figure.start,
            end=figure.end,
            value=None if figure.value is None else Decimal(figure.value),
        )
    await write_rows(tx.session, rows.values())


async def published(session: AsyncSession) -> list[PublishedNumber]:
    """Return the numbers of all published periods, in order: some ten a period."""
    query = select(PublishedFigure).order_by(
        col(PublishedFigure.period), col(PublishedFigure.indicator), col(PublishedFigure.part)
    )
    return [
        PublishedNumber(row.indicator, row.period, row.part, row.start, row.end, row.value)
        for row in await session.scalars(query)
    ]
