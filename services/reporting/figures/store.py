"""Store figures: those of submitted periods for good, and moving ones until a fact moves them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, col

from services.reporting.indicators.model.catalogue import COUNTED, definition
from services.reporting.indicators.model.figure import Cell, Figure, Note, Proof, written
from services.reporting.tables import Table, write_rows
from shared.bus.db.transaction import driver

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.periods.model.periods import Period


class StatedFigure(Table, table=True):
    """A figure as it was stated: once when its period was submitted, again with each restatement (2, 3 and so on)."""

    __tablename__ = "stated_figure"

    period: str = Field(primary_key=True)
    indicator: str = Field(primary_key=True)
    statement: int = Field(primary_key=True, description="1: as submitted; above: as restated")
    version: int = Field(description="Of the definition")
    cut_off: datetime = Field(sa_type=sa.DateTime(timezone=True))
    total: dict[str, Any] = Field(sa_type=JSONB)
    breakdowns: dict[str, Any] = Field(sa_type=JSONB)
    notes: list[Any] = Field(sa_type=JSONB)


class ProofRow(Table, table=True):
    """The events that a stored number was computed from: of the total (no dimension), or of one part."""

    __tablename__ = "proof"

    period: str = Field(primary_key=True)
    indicator: str = Field(primary_key=True)
    statement: int = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    events: list[UUID] = Field(sa_type=ARRAY(sa.Uuid), description="Sorted")


class CurrentFigure(Table, table=True):
    """A figure as it was last counted; counted again when facts arrive that it reads."""

    __tablename__ = "current_figure"

    period: str = Field(primary_key=True)
    indicator: str = Field(primary_key=True)
    start: date
    end: date
    version: int = Field(description="Of the definition")
    fact_changes: int = Field(
        sa_type=sa.BigInteger, description="Changes of the facts that it reads, when it was counted"
    )
    cut_off: datetime = Field(sa_type=sa.DateTime(timezone=True))
    total: dict[str, Any] = Field(sa_type=JSONB)
    breakdowns: dict[str, Any] = Field(sa_type=JSONB)
    notes: list[Any] = Field(sa_type=JSONB)
    events: list[UUID] = Field(sa_type=ARRAY(sa.Uuid), description="Of the total, sorted")


@dataclass(frozen=True, slots=True)
class CountMark:
    """Up to when a moving figure was counted, and how many changes of its facts were seen by then."""

    seen: int
    cut_off: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """A moving figure, and the number of changes of its facts when it was counted."""

    figure: Figure
    seen: int

    @property
    def mark(self) -> CountMark:
        """The changes that it has seen, and its cut-off."""
        return CountMark(self.seen, self.figure.cut_off)


PeriodKey = tuple[str, date, date]
"""The label, the first and the last day of a period."""


async def marks(session: AsyncSession) -> dict[PeriodKey, dict[str, CountMark]]:
    """Return when each moving figure was counted, by period and indicator, in one query and without the figures."""
    query = sa.select(
        col(CurrentFigure.period),
        col(CurrentFigure.start),
        col(CurrentFigure.end),
        col(CurrentFigure.indicator),
        col(CurrentFigure.version),
        col(CurrentFigure.fact_changes),
        col(CurrentFigure.cut_off),
    ).order_by(col(CurrentFigure.period), col(CurrentFigure.indicator))
    found: dict[PeriodKey, dict[str, CountMark]] = {}
    for label, start, end, indicator, version, seen, cut_off in (await session.execute(query)).all():
        if indicator in COUNTED and COUNTED[indicator].version == version:
            found.setdefault((label, start, end), {})[indicator] = CountMark(seen, cut_off)
    return found


async def moving(session: AsyncSession, period: Period) -> dict[str, Counted]:
    """Return the figures of a period as last counted, by indicator; those of other days are left out."""
    query = sa.select(
        col(CurrentFigure.indicator),
        col(CurrentFigure.version),
        col(CurrentFigure.fact_changes),
        col(CurrentFigure.cut_off),
        col(CurrentFigure.total),
        col(CurrentFigure.breakdowns),
        col(CurrentFigure.notes),
    ).where(
        col(CurrentFigure.period) == period.label,
        col(CurrentFigure.start) == period.start,
        col(CurrentFigure.end) == period.end,
    )
    found = {}
    for indicator, version, seen, *kept in (await session.execute(query.order_by(col(CurrentFigure.indicator)))).all():
        if indicator in COUNTED and COUNTED[indicator].version == version:
            found[indicator] = Counted(_figure(indicator, version, period, *kept), seen)
    return found


async def keep_moving(session: AsyncSession, counted: Iterable[Counted]) -> None:
    """Save figures as they were counted just now."""
    rows = [
        CurrentFigure(
            **_row(each.figure),
            start=each.figure.period.start,
            end=each.figure.period.end,
            fact_changes=each.seen,
            events=list(each.figure.total.events),
        )
        for each in counted
    ]
    await write_rows(session, CurrentFigure, rows)


async def forget_moving(session: AsyncSession) -> None:
    """Delete all figures that still move, since they are to be counted by other groupings."""
    await session.execute(sa.delete(CurrentFigure))


async def keep(session: AsyncSession, figures: Sequence[Figure], statement: int = 1) -> None:
    """Save the figures of a statement, with the events of each of their numbers; none of them is stored yet."""
    await write_rows(session, StatedFigure, [StatedFigure(**_row(figure), statement=statement) for figure in figures])
    proofs = [
        (figure.period.label, figure.definition.id, statement, dimension, value, cell.events)
        for figure in figures
        for dimension, value, cell in figure.cells()
    ]
    await (await driver(session)).copy_records_to_table("proof", records=proofs, columns=_PROOF)


_PROOF = ("period", "indicator", "statement", "dimension", "value", "events")


async def forget(session: AsyncSession, period: Period, statement: int) -> None:
    """Delete a statement that was never made public, since it is counted again."""
    for table in (StatedFigure, ProofRow):
        gone = sa.delete(table).where(col(table.period) == period.label, col(table.statement) == statement)
        await session.execute(gone)


async def figures_of_statement(
    session: AsyncSession, period: Period, statement: int, *, only: bool = False
) -> list[Figure]:
    """Return the figures of a period in a statement, in the indicators' order; none for a draft.

    A restatement states only the figures that changed: `only` returns these alone.
    """
    query = sa.select(StatedFigure).where(col(StatedFigure.period) == period.label)
    number = col(StatedFigure.statement)
    query = query.where(number == statement if only else number <= statement)
    rows = await session.scalars(query.order_by(col(StatedFigure.indicator), number))
    found = {row.indicator: row for row in rows}  # the last statement of each indicator
    return [_figure_of_row(found[indicator], period) for indicator in COUNTED if indicator in found]


async def statements(session: AsyncSession, period: Period, indicator: str) -> list[tuple[int, Figure]]:
    """Return each statement of a figure with its number, the first one first."""
    query = sa.select(StatedFigure).where(
        col(StatedFigure.period) == period.label, col(StatedFigure.indicator) == indicator
    )
    rows = await session.scalars(query.order_by(col(StatedFigure.statement)))
    return [(row.statement, _figure_of_row(row, period)) for row in rows]


_EVENTS = """
SELECT events[$5:$6] FROM proof
WHERE period = $1 AND indicator = $2 AND dimension = $3 AND value = $4 AND statement <= $7
ORDER BY statement DESC LIMIT 1
"""
_PROOFS = """
SELECT dimension, value, events FROM proof
WHERE period = $1 AND indicator = $2 AND statement = (
    SELECT max(statement) FROM proof WHERE period = $1 AND indicator = $2 AND statement <= $3)
ORDER BY dimension, value
"""
_MOVING_EVENTS = "SELECT events[$3:$4] FROM current_figure WHERE period = $1 AND indicator = $2"
ALL = 10_000_000
"""More events than any figure has."""


async def events(
    session: AsyncSession,
    period: Period,
    indicator: str,
    *,
    statement: int,
    part: tuple[str, str] = ("", ""),
    first: int = 0,
    count: int = ALL,
) -> list[UUID]:
    """Return the events behind a number in a statement, sorted: `count` of them from the one numbered `first`.

    `part` is dimension and value, for the total both empty.
    """
    connection = await driver(session)
    slice_ = first + 1, first + count
    return await connection.fetchval(_EVENTS, period.label, indicator, *part, *slice_, statement) or []


async def proofs(
    session: AsyncSession, period: Period, indicator: str, statement: int
) -> dict[tuple[str, str], tuple[UUID, ...]]:
    """Return the events behind each number of a figure in a statement: (dimension, value) -> events."""
    rows = await (await driver(session)).fetch(_PROOFS, period.label, indicator, statement)
    return {(dimension, value): tuple(events) for dimension, value, events in rows}


async def moving_events(
    session: AsyncSession, period: Period, indicator: str, *, first: int = 0, count: int = ALL
) -> list[UUID]:
    """Return the events behind a moving figure's total, as last counted."""
    connection = await driver(session)
    return await connection.fetchval(_MOVING_EVENTS, period.label, indicator, first + 1, first + count) or []


def _figure_of_row(row: StatedFigure, period: Period) -> Figure:
    return _figure(row.indicator, row.version, period, row.cut_off, row.total, row.breakdowns, row.notes)


def _figure(
    indicator: str,
    version: int,
    period: Period,
    cut_off: datetime,
    total: Mapping[str, Any],
    breakdowns: Mapping[str, Mapping[str, Any]],
    notes: Sequence[Sequence[Any]],
) -> Figure:
    defined = definition(indicator, version)
    return Figure(
        defined,
        period,
        cut_off,
        _cell(total),
        # JSONB keeps neither the order of the dimensions nor that of their values.
        {
            name: {value: _cell(cell) for value, cell in sorted(breakdowns[name].items())}
            for name in defined.dimensions
            if name in breakdowns
        },
        tuple(Note(*note) for note in notes),
    )


def _row(figure: Figure) -> dict[str, Any]:
    return {
        "period": figure.period.label,
        "indicator": figure.definition.id,
        "version": figure.definition.version,
        "cut_off": figure.cut_off,
        "total": _written(figure.total),
        "breakdowns": {
            dimension: {value: _written(cell) for value, cell in cells.items()}
            for dimension, cells in figure.breakdowns.items()
        },
        "notes": [[note.text, note.numerator, note.denominator] for note in figure.notes],
    }


def _written(cell: Cell) -> dict[str, Any]:
    return {
        "value": None if cell.value is None else written(cell.value),
        "numerator": None if cell.numerator is None else written(cell.numerator),
        "denominator": None if cell.denominator is None else written(cell.denominator),
        "contributors": cell.contributors,
        "count": cell.count,
        "digest": cell.digest,
    }


def _cell(kept: Mapping[str, Any]) -> Cell:
    value, numerator, denominator = (
        None if kept[name] is None else Decimal(kept[name]) for name in ("value", "numerator", "denominator")
    )
    return Cell(value, numerator, denominator, kept["contributors"], (), Proof(kept["count"], kept["digest"]))
