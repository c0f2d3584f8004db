"""Turn a figure into tables as an attacker sees them.

Each dimension of a figure is a table: a row for each value, one or two amounts a row (a share has those who hold and
those who do not), and the total below. A total is a table of one row, since it may be hidden too, and so is a note.
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

    from services.reporting.indicators.model.figure import Cell, Definition, Figure, Note

THRESHOLD = 5
"""A number with fewer behind it (and not none) is hidden."""
TOTAL = ""
"""The dimension of a total, and the value of the only row of such a table."""
_NOTE = "note-"

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
    """A table of one period in one statement. `listed`: whether its rows are known; `fixed`: it is released already.

    Of a joint table only the rows that are shown are named: an empty field may be none or hidden. `adds_up`: periods
    inside another one add up to it; `at_end`: it says what is so at the period's end; `grows`: that never becomes
    less; `summed`: its amounts are not people, so its sizes say how few there are; `withheld`: nobody sees any of it.
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
    statement: int = 1
    adds_up: bool = True
    at_end: bool = False
    grows: bool = False
    summed: bool = False
    withheld: bool = False

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

    def size(self, value: str) -> int:
        """Return how many are behind a row; none if there is no such row."""
        row = self.rows.get(value)
        return row.size if row else 0

    def is_few(self, amounts: Amounts, size: int, smallest: int = THRESHOLD) -> bool:
        """Return whether so few are behind such amounts that they may not be worked out (none at all are no secret).

        `smallest` is how many a total needs.
        """
        if self.summed:
            return 0 < abs(size) < THRESHOLD
        few = any(0 < abs(each) < THRESHOLD for each in amounts)
        return few or (not self.dimension and 0 < sum(amounts) < smallest)


def amounts_of(definition: Definition, cell: Cell, dimension: str) -> Amounts:
    """Return a cell's amounts; of a median the number of those in whose middle it is."""
    match definition.measure:
        case Measure.COUNT | Measure.SUM:
            return (float(cell.value or 0),)
        case Measure.SHARE:
            holding = float(cell.numerator or 0)
            return (holding,) if dimension in definition.whole else (holding, float(cell.denominator or 0) - holding)
        case Measure.MEDIAN:
            return () if dimension else (float(cell.denominator or 0),)


def is_few(definition: Definition, cell: Cell) -> bool:
    """Return whether a part of a figure has so few behind it that it may not be shown."""
    if definition.measure in {Measure.SHARE, Measure.MEDIAN}:
        denominator, numerator = cell.denominator or 0, cell.numerator or 0
        rest = denominator - numerator
        needed = max(definition.minimum or 0, THRESHOLD)
        return denominator < needed or 0 < numerator < THRESHOLD or 0 < rest < THRESHOLD
    return 0 < cell.contributors < THRESHOLD


def total_is_few(figure: Figure) -> bool:
    """Return whether so few are behind a whole figure, or beside it, that it may not be shown."""
    definition, total = figure.definition, figure.total
    if total.value is None:
        return False
    if definition.measure is Measure.MEDIAN:
        return (total.denominator or 0) < max(definition.minimum or 0, THRESHOLD)
    return is_few(definition, total)


@dataclass(frozen=True, slots=True)
class ReleasedPart:
    """The part of a figure that a release shows: the values of each dimension, and the dimensions rolled up."""

    figure: Figure
    values: Mapping[str, Collection[str]]
    rolled: Collection[str] = ()


def tables_of(
    figure: Figure, statement: int = 1, *, shown: ReleasedPart | None = None, former: ReleasedPart | None = None
) -> Iterator[Table]:
    """Yield the tables of a figure in a statement: its total, its notes, and its dimensions if the total is shown.

    `shown` says how it was released, if it was. `former` is what was released before of the same period: what was
    hidden then stays hidden, and so is what differs from it by a few, since the difference is a number about those.
    """
    if figure.total.value is None:
        return
    yield from total_tables(figure, statement, shown=shown, former=former)
    if figure.definition.guarded and total_is_few(figure):
        return
    if figure.definition.guarded or shown is None or TOTAL in shown.values.get(TOTAL, ()):
        yield from part_tables(figure, statement, shown=shown, former=former)


def total_tables(
    figure: Figure, statement: int = 1, *, shown: ReleasedPart | None = None, former: ReleasedPart | None = None
) -> Iterator[Table]:
    """Yield the tables of one row: the total of a figure, and the notes beside it."""
    definition, total = figure.definition, figure.total
    if total.value is None:
        return
    was = former.figure if former is not None and former.figure.total.value is not None else None
    few = total_is_few(figure) or (was is not None and _moved_by_few(definition, total, was.total))
    size = int(total.denominator or 0) if definition.measure is Measure.SHARE else total.contributors
    named = {TOTAL: Row(amounts_of(definition, total, TOTAL), size, few)}
    for place, note in enumerate(figure.notes):
        if note.denominator:
            named[f"{_NOTE}{place}"] = _note_row(definition, note, _same_note(note, was))
    for dimension, row in named.items():
        if shown is not None:
            row.shown = TOTAL in shown.values.get(dimension, ())
        else:
            hidden = former is not None and was is not None and TOTAL not in former.values.get(dimension, ())
            row.shown = not (row.few or hidden)
        yield _table(figure, dimension, statement, None, {TOTAL: row}, fixed=shown is not None)


def _note_row(definition: Definition, note: Note, was: Note | None) -> Row:
    amounts = (note.numerator, note.denominator - note.numerator)
    few = note.denominator < max(definition.minimum or 0, THRESHOLD) or any(0 < each < THRESHOLD for each in amounts)
    if was is not None:
        moved = (note.numerator - was.numerator, amounts[1] - (was.denominator - was.numerator))
        few = few or any(0 < abs(each) < THRESHOLD for each in moved)
    return Row(tuple(map(float, amounts)), note.denominator, few)


def _same_note(note: Note, figure: Figure | None) -> Note | None:
    return next((each for each in figure.notes if each.text == note.text), None) if figure else None


def part_tables(
    figure: Figure, statement: int = 1, *, shown: ReleasedPart | None = None, former: ReleasedPart | None = None
) -> Iterator[Table]:
    """Yield the tables of a figure by its dimensions."""
    definition = figure.definition
    for dimension, cells in figure.breakdowns.items():
        if (definition.guarded and not cells) or definition.measure is Measure.MEDIAN:
            continue  # its total, none, says all
        rows = _rows(figure, dimension, former)
        if shown is not None:
            for value, row in rows.items():
                row.shown = value in shown.values.get(dimension, ())
        listed = dimension not in JOINT
        if shown is not None:
            listed = listed and dimension in shown.values and dimension not in shown.rolled
        totals = None if definition.guarded else amounts_of(definition, figure.total, dimension)
        yield _table(figure, dimension, statement, totals, rows, listed=listed, fixed=shown is not None)


def withheld_tables(figure: Figure, statement: int = 1, *, fixed: bool) -> Iterator[Table]:
    """Yield the tables by dimension of a figure whose total is hidden.

    Nobody sees them, but tables of other figures add up to their rows, so they can be worked out in part.
    """
    if figure.total.value is None:
        return
    for dimension in figure.breakdowns:
        rows = _rows(figure, dimension, None)
        for row in rows.values():
            row.shown = False
        table = _table(figure, dimension, statement, None, rows, listed=False, fixed=fixed)
        table.withheld = True
        yield table


def note_shown(values: Mapping[str, Collection[str]], place: int) -> bool:
    """Return whether a release shows a note of a figure, by its place."""
    return TOTAL in values.get(f"{_NOTE}{place}", ())


def is_note(dimension: str) -> bool:
    """Return whether a table is a note beside a figure."""
    return dimension.startswith(_NOTE)


def _table(
    figure: Figure,
    dimension: str,
    statement: int,
    totals: Amounts | None,
    rows: dict[str, Row],
    *,
    listed: bool = True,
    fixed: bool,
) -> Table:
    definition, period = figure.definition, figure.period
    return Table(
        definition.id,
        dimension,
        period.label,
        period.start,
        period.end,
        totals,
        rows,
        smallest=(definition.minimum or THRESHOLD) if not dimension else THRESHOLD,
        listed=listed,
        fixed=fixed,
        statement=statement,
        adds_up=definition.additive or definition.measure is not Measure.COUNT,
        at_end=definition.at_end,
        grows=definition.grows,
        summed=definition.measure is Measure.SUM,
    )


def _rows(figure: Figure, dimension: str, former: ReleasedPart | None) -> dict[str, Row]:
    """Return the rows of a breakdown, by value; those of a few are hidden, and those that a former release hid."""
    definition = figure.definition
    rows = {}
    for value, cell in figure.breakdowns[dimension].items():
        few = is_few(definition, cell)
        row = Row(amounts_of(definition, cell, dimension), cell.contributors, few, not few)
        if former is not None and former.figure.total.value is not None:
            before = former.figure.breakdowns.get(dimension, {}).get(value)
            hidden = before is not None or dimension in former.rolled or dimension not in former.values
            hidden = hidden and value not in former.values.get(dimension, ())
            row.few = few or _moved_by_few(definition, cell, before)
            row.shown = not (row.few or hidden)
        rows[value] = row
    return rows


def _moved_by_few(definition: Definition, now: Cell, before: Cell | None) -> bool:
    none = Decimal()
    if definition.measure in {Measure.SUM, Measure.MEDIAN}:
        behind = before.contributors if before else 0
        return now.value != (before.value if before else none) and abs(now.contributors - behind) < THRESHOLD
    old = (before.numerator, before.denominator) if before else (none, none)
    pairs = [(new or none, was or none) for new, was in zip((now.numerator, now.denominator), old, strict=True)]
    if definition.measure is Measure.SHARE:
        pairs.append((pairs[1][0] - pairs[0][0], pairs[1][1] - pairs[0][1]))
    return any(0 < abs(new - was) < THRESHOLD for new, was in pairs)


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
