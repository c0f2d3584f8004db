"""Which periods were submitted, and which figures stand in them? Kept as they were, whatever becomes of definitions."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLModel reads the annotations
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlmodel import Field, col, select

from services.reporting.model import periods
from services.reporting.model.approval import Approval
from services.reporting.model.figure import Cell, Figure, Note, written
from services.reporting.model.indicators import INDICATORS
from services.reporting.store.base import Table, write_rows
from shared.contracts.codes import PeriodState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


class PeriodRow(Table, table=True):
    """Where a period stands; a period without a row is a draft."""

    __tablename__ = "period"

    label: str = Field(primary_key=True)
    state: str
    author: str | None = Field(default=None, description="Sign-in subject of who submitted it")
    cut_off: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    figures: int = 0
    figures_digest: str | None = None


class KeptFigure(Table, table=True):
    """A figure of a submitted period, whole: what it was computed from stays known."""

    __tablename__ = "kept_figure"

    period: str = Field(primary_key=True)
    indicator: str = Field(primary_key=True)
    version: int = Field(description="Of the definition")
    cut_off: datetime = Field(sa_type=sa.DateTime(timezone=True))
    total: dict[str, Any] = Field(sa_type=JSONB)
    breakdowns: dict[str, Any] = Field(sa_type=JSONB)
    notes: list[Any] = Field(sa_type=JSONB)
    events: list[UUID] = Field(sa_type=ARRAY(sa.Uuid), description="Of the total")


async def locked(session: AsyncSession, label: str) -> Approval:
    """Where the period stands, its row locked until the end of the transaction; made where it is new."""
    await session.execute(insert(PeriodRow).values(label=label, state="draft", figures=0).on_conflict_do_nothing())
    row = (await session.execute(select(PeriodRow).where(PeriodRow.label == label).with_for_update())).scalar_one()
    return _approval(row)


async def approval(session: AsyncSession, period: periods.Period) -> Approval:
    """Where the period stands."""
    row = await session.scalar(select(PeriodRow).where(PeriodRow.label == period.label))
    return _approval(row) if row else Approval(period)


async def approvals(session: AsyncSession) -> list[Approval]:
    """All periods that were submitted at some time, newest label first."""
    rows = await session.scalars(select(PeriodRow).order_by(col(PeriodRow.label).desc()))
    return [_approval(row) for row in rows]


def _approval(row: PeriodRow) -> Approval:
    state = PeriodState(row.state)
    return Approval(periods.parse(row.label), state, row.author, row.cut_off, row.figures, row.figures_digest)


async def keep(session: AsyncSession, approval: Approval) -> None:
    """Keep where the period stands."""
    row = {
        "label": approval.period.label,
        "state": approval.state.value,
        "author": approval.author,
        "cut_off": approval.cut_off,
        "figures": approval.figures,
        "figures_digest": approval.figures_digest,
    }
    await write_rows(session, PeriodRow, [row])


async def keep_figures(session: AsyncSession, figures: Sequence[Figure]) -> None:
    """Keep the figures of a period as they were submitted."""
    rows = [
        {
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
            "events": list(figure.total.events),
        }
        for figure in figures
    ]
    await write_rows(session, KeptFigure, rows)


async def kept_figures(session: AsyncSession, period: periods.Period) -> list[Figure]:
    """The figures of a period as they were submitted, in the indicators' order; empty for a draft."""
    rows = await session.scalars(select(KeptFigure).where(KeptFigure.period == period.label))
    found = {row.indicator: row for row in rows}
    return [_figure(found[indicator], period) for indicator in INDICATORS if indicator in found]


def _figure(row: KeptFigure, period: periods.Period) -> Figure:
    breakdowns = {
        dimension: {value: _cell(cell) for value, cell in cells.items()} for dimension, cells in row.breakdowns.items()
    }
    notes = tuple(Note(*note) for note in row.notes)
    return Figure(INDICATORS[row.indicator], period, row.cut_off, _cell(row.total), breakdowns, notes)


def _written(cell: Cell) -> dict[str, Any]:
    return {
        "value": None if cell.value is None else written(cell.value),
        "numerator": None if cell.numerator is None else written(cell.numerator),
        "denominator": None if cell.denominator is None else written(cell.denominator),
        "contributors": cell.contributors,
        "events": [str(event) for event in cell.events],
    }


def _cell(kept: dict[str, Any]) -> Cell:
    numbers = (None if kept[name] is None else Decimal(kept[name]) for name in ("value", "numerator", "denominator"))
    value, numerator, denominator = numbers
    return Cell(value, numerator, denominator, kept["contributors"], tuple(UUID(event) for event in kept["events"]))
