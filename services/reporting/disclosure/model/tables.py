"""Turn a figure into tables as an attacker sees them.

Each dimension of a figure is a table: a row for each value, one or two amounts a row (a share has those who hold and
those who do not), and the total below. A share's total is a table of one row, since it may be hidden too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from services.reporting.indicators.model.figure import JOINT, Measure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    from services.reporting.indicators.model.figure import Cell, Definition, Figure

THRESHOLD = 5
"""A part with fewer behind it (and not none) is hidden."""

Amounts = tuple[float, ...]
Values = dict[str, frozenset[str]]
"""For one figure, which values of each dimension are shown; the total is dimension and value `""`."""


@dataclass(slots=True)
class Row:
    """A row: its amounts, how many people are behind it, whether it must be hidden, whether it is shown."""

    amounts: Amounts
    size: int
    few: bool = False
    shown: bool = True


@dataclass(slots=True)
class Table:
    """A table of one period. `listed`: whether its rows are known; `fixed`: it is released already.

    Of a joint table only the rows that are shown are named: an empty field may be none or hidden.
    """

    indicator: str
    dimension: str
    label: str
    start: date
    end: date
    totals: Amounts | None
    rows: dict[str, Row] = field(default_factory=dict)
    smallest: int = THRESHOLD
    listed: bool = True
    fixed: bool = False

    @property
    def layers(self) -> int:
        """The number of amounts in a row."""
        return len(next(iter(self.rows.values())).amounts) if self.rows else len(self.totals or ())

    def hidden(self) -> list[str]:
        """Return the values whose rows are not shown."""
        return [value for value, row in self.rows.items() if not row.shown]

    def amounts(self, value: str) -> Amounts:
        """Return the amounts of a row; zeros if there is none."""
        row = self.rows.get(value)
        return row.amounts if row else (0.0,) * self.layers

    def is_few(self, amounts: Amounts) -> bool:
        """Return whether so few are behind such amounts that they may not be worked out (none at all are no secret)."""
        smallest = self.smallest
        return any(0 < each < smallest for each in amounts) if self.dimension else 0 < sum(amounts) < smallest


def amounts_of(definition: Definition, cell: Cell, dimension: str) -> Amounts:
    """Return a cell's amounts; none for what no sum leads to (a median, a share of nothing)."""
    match definition.measure:
        case Measure.COUNT | Measure.SUM:
            return (float(cell.value or 0),)
        case Measure.SHARE:
            holding = float(cell.numerator or 0)
            return (holding,) if dimension in definition.whole else (holding, float(cell.denominator or 0) - holding)
        case Measure.MEDIAN:
            return ()


def is_few(definition: Definition, cell: Cell) -> bool:
    """Return whether a part of a figure has so few behind it that it may not be shown."""
    if definition.measure in {Measure.SHARE, Measure.MEDIAN}:
        denominator, numerator = cell.denominator or 0, cell.numerator or 0
        rest = denominator - numerator
        needed = max(definition.minimum or 0, THRESHOLD)
        return denominator < needed or 0 < numerator < THRESHOLD or 0 < rest < THRESHOLD
    return 0 < cell.contributors < THRESHOLD


def total_is_few(figure: Figure) -> bool:
    """Return whether the whole figure needs more behind it; totals of counts are shown unless they are parts."""
    if figure.definition.guarded:
        return 0 < figure.total.contributors < THRESHOLD
    minimum = figure.definition.minimum
    return bool(minimum) and figure.total.value is not None and (figure.total.denominator or 0) < (minimum or 0)


def tables_of(
    figure: Figure,
    *,
    out: Mapping[str, Collection[str]] | None = None,
    rolled: Collection[str] = (),
    former: Figure | None = None,
) -> Iterator[Table]:
    """Yield the tables of a figure. `out` (dimension -> values shown) and `rolled` say how it was released, if it was.

    `former` is what was stated before for the same period: a row that differs from it by a few is hidden, since the
    difference is a number about those few.
    """
    definition, period = figure.definition, figure.period
    if figure.total.value is None or definition.measure is Measure.MEDIAN:
        return
    few = total_is_few(figure)
    here = (period.label, period.start, period.end)
    if period.kind is None:  # without facts outside of the programme whole years lie in it
        here = (period.label, period.start.replace(month=1, day=1), period.end.replace(month=12, day=31))
    if definition.measure is Measure.SHARE or definition.guarded:
        size = figure.total.contributors if definition.guarded else int(figure.total.denominator or 0)
        row = Row(amounts_of(definition, figure.total, ""), size, few, _is_shown("", "", out, few=few))
        least = definition.minimum or THRESHOLD
        yield Table(definition.id, "", *here, None, {"": row}, least, fixed=out is not None)
    if few:
        return
    for dimension, cells in figure.breakdowns.items():
        if definition.guarded and not cells:
            continue  # its total, none, says all
        rows = _rows(figure, dimension, former)
        for value, row in rows.items():
            row.shown = _is_shown(dimension, value, out, few=row.few)
        listed = dimension not in JOINT and (out is None or (dimension in out and dimension not in rolled))
        totals = None if definition.guarded else amounts_of(definition, figure.total, dimension)
        yield Table(definition.id, dimension, *here, totals, rows, listed=listed, fixed=out is not None)


def _is_shown(dimension: str, value: str, out: Mapping[str, Collection[str]] | None, *, few: bool) -> bool:
    """Return whether a row is shown: as it was released; before a release, if it is not of a few."""
    return not few if out is None else value in out.get(dimension, ())


def _rows(figure: Figure, dimension: str, former: Figure | None) -> dict[str, Row]:
    """Return the rows of a breakdown, by value; a row is of a few in itself, or in its difference to `former`."""
    definition = figure.definition
    rows = {}
    for value, cell in figure.breakdowns[dimension].items():
        few = is_few(definition, cell)
        if former is not None:
            few = few or _moved_by_few(cell, former.breakdowns.get(dimension, {}).get(value))
        rows[value] = Row(amounts_of(definition, cell, dimension), cell.contributors, few)
    return rows


def _moved_by_few(now: Cell, before: Cell | None) -> bool:
    none = Decimal()
    old = (before.numerator, before.denominator) if before else (none, none)
    pairs = zip((now.numerator, now.denominator), old, strict=True)
    return any(0 < abs((new or none) - (was or none)) < THRESHOLD for new, was in pairs)


def inside(parent: Table, family: Sequence[Table]) -> list[Table]:
    """Return the largest periods that lie in another one, none in another of them, in their order."""
    inner = [t for t in family if t is not parent and parent.start <= t.start and t.end <= parent.end]
    inner = [t for t in inner if (t.start, t.end) != (parent.start, parent.end)]
    return [t for t in inner if not any(o is not t and o.start <= t.start and t.end <= o.end for o in inner)]


def covered(parent: Table, children: Sequence[Table]) -> bool:
    """Return whether periods follow each other from the first to the last day of another one."""
    day = parent.start
    for child in children:
        if child.start != day:
            return False
        day = child.end + timedelta(days=1)
    return day == parent.end + timedelta(days=1)
