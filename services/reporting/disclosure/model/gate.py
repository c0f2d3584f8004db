"""Decide what of a period's figures may be shown: the one gate for pages, CSV, IATI, API and all else.

Threshold and complementary suppression as in statistical disclosure control (Hundepool et al., Statistical Disclosure
Control, 2012, chapter 4): a part with few people behind it is hidden, and so are others, smallest first, until the
attack (`attack.py`) on all that is and was shown leaves each hidden number three possible values or more. What was
hidden besides and proves not to be needed is shown again. Totals of counts are always shown: they say how large the
programme is, and nothing of a person. A table that is mostly hidden has its hidden rows rolled up into one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import BaseModel

from services.reporting.disclosure.model.attack import Attack
from services.reporting.disclosure.model.links import groups, lines
from services.reporting.disclosure.model.released import ROLLED_UP, Hidden, Released, ReleasedCell
from services.reporting.disclosure.model.tables import THRESHOLD, Values, tables_of, total_is_few
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import JOINT, Measure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from services.reporting.disclosure.model.attack import Place, Range
    from services.reporting.disclosure.model.links import Line
    from services.reporting.disclosure.model.tables import Table
    from services.reporting.indicators.model.figure import Cell, Figure

_SHARE_OF = {"TOPCOP-OP-06": ("TOPCOP-OP-01", "sex")}
"""Shares that are only a breakdown of another figure: shown only where all of that is."""


class NotSafe(ValueError):
    """Earlier releases reveal a hidden number, whatever is hidden now: these figures may not be released."""

    def __init__(self, found: Range) -> None:
        target = found.target
        super().__init__(f"{target.table.indicator} {target.table.dimension} {target.table.label} {target.value}")
        self.found = found


class StoredPattern(BaseModel):
    """A pattern as it is stored: by indicator the values that each dimension shows, and the dimensions rolled up."""

    shown: dict[str, dict[str, list[str]]]
    rolled: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """The values of a period's figures that are shown: indicator -> dimension -> values (total: both are `""`).

    A dimension that is not named is withheld. `rolled` names the dimensions whose hidden rows are one row.
    """

    shown: Mapping[str, Values] = field(default_factory=dict)
    rolled: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def stored(self) -> StoredPattern:
        """Return the pattern as it is stored, in one order."""
        return StoredPattern(
            shown={i: {d: sorted(values) for d, values in sorted(of.items())} for i, of in sorted(self.shown.items())},
            rolled={i: sorted(of) for i, of in sorted(self.rolled.items())},
        )

    @classmethod
    def of_stored(cls, kept: StoredPattern) -> Pattern:
        """Return the pattern that was stored."""
        return cls(
            {i: {d: frozenset(values) for d, values in of.items()} for i, of in kept.shown.items()},
            {i: frozenset(of) for i, of in kept.rolled.items()},
        )


@dataclass(frozen=True, slots=True)
class EarlierRelease:
    """The release of a period: its figures as they were stated last, and what of them was shown."""

    figures: Sequence[Figure]
    pattern: Pattern


def release(
    figures: Sequence[Figure], before: Iterable[EarlierRelease] = (), former: Sequence[Figure] = ()
) -> list[Released]:
    """Return a period's figures as they may be shown, beside the releases of other periods. Raises `NotSafe`."""
    return released_by(figures, decide(figures, before, former))


def decide(figures: Sequence[Figure], before: Iterable[EarlierRelease] = (), former: Sequence[Figure] = ()) -> Pattern:
    """Decide what of a period's figures is shown.

    `before` are the releases of other periods, `former` the figures stated before of this one. Raises `NotSafe`.
    """
    was = {figure.definition.id: figure for figure in former}
    tables = [table for figure in figures for table in tables_of(figure, former=was.get(figure.definition.id))]
    for out in before:
        for figure in out.figures:
            name = figure.definition.id
            known = out.pattern.shown.get(name, {})
            tables += tables_of(figure, out=known, rolled=out.pattern.rolled.get(name, ()))
    for group in groups(tables):
        if any(not table.fixed for table in group):
            _protect(group)
    open_ = {(table.indicator, table.dimension): table for table in tables if not table.fixed}
    return _pattern(figures, open_)


def released_by(figures: Sequence[Figure], pattern: Pattern) -> list[Released]:
    """Return a period's figures as a pattern shows them."""
    return [_released(each, pattern) for each in figures]


def _protect(group: Sequence[Table]) -> None:
    """Hide rows of tables that are not released yet until no hidden number can be worked out. Raises `NotSafe`."""
    open_ = [table for table in group if not table.fixed]
    must = {(table.label, table.indicator, value) for table in open_ for value in table.hidden()}
    sums = lines(group)
    for table in open_:
        if table.dimension not in JOINT:
            _complement(table)
    _complement_lines(sums)
    revealed = _hide(group, sums)
    if sums:
        return  # in tables that share rows, trying each row again takes long, and most hidden rows are needed
    for table in open_:
        for value in _largest_first(table):
            if (table.label, table.indicator, value) not in must:
                _show_again(group, table, value, revealed)
    for table in open_:
        _roll_up(group, table, revealed)


def _hide(group: Sequence[Table], sums: Sequence[Line]) -> set[Place]:
    """Hide rows until the attack finds no unsafe number, except those that the totals alone give away."""
    revealed: set[Place] = set()
    # A safe number stays safe while more is hidden: an attacker who knows less can rule out no more.
    safe: set[tuple[Place, int]] = set()
    while (found := Attack(group).weak(revealed, safe)) is not None:
        if (candidate := _next(group, found, sums)) is not None:
            table, value = candidate
            _take(table, value)
            _complement_lines(sums)
        elif found.target.table.listed and not found.target.rest:
            raise NotSafe(found)
        else:
            revealed.add(found.target.place)  # the total of a period with one visit reveals it, whatever is hidden
    return revealed


def _take(table: Table, value: str) -> None:
    """Hide a row. A table of which no row is shown says nothing, not even which rows there are."""
    table.rows[value].shown = False
    table.listed = table.listed and any(row.shown for row in table.rows.values())


def _complement_lines(sums: Sequence[Line]) -> None:
    """Hide the smallest further rows where rows add up to another row, so that no line reveals a number by itself.

    The attack would find the same rows one at a time; this saves most of its runs.
    """
    changed = True
    while changed:
        changed = False
        for line in sums:
            rows = list(line.sized())
            hidden = [size for size, *_, row in rows if not row.shown]
            if _is_enough(line, hidden):
                continue
            least = next(((table, value) for _, table, value, row in rows if row.shown and not table.fixed), None)
            if least is None and len(hidden) == 1 and line.whole is not None and not line.whole[0].fixed:
                least = line.whole
            if least is not None and least[0].rows[least[1]].shown:
                _take(*least)
                changed = True


def _is_enough(line: Line, hidden: Sequence[int]) -> bool:
    """Return whether so many rows of these sizes are hidden in a line that it does not reveal a number."""
    if line.whole is not None and not line.whole[0].rows[line.whole[1]].shown:
        return bool(hidden)
    few = THRESHOLD if line.spare else 2 * THRESHOLD
    return not hidden or (len(hidden) + line.spare > 1 and sum(hidden) >= few)


def _complement(table: Table) -> None:
    """Hide the smallest further rows until two or more are hidden, with ten people or more behind them."""
    order = sorted(table.rows, key=lambda value: (table.rows[value].size, value))
    for value in [value for value in order if table.rows[value].shown]:
        if _enough(table):
            break
        table.rows[value].shown = False
    table.listed = any(row.shown for row in table.rows.values()) or not table.rows


def _enough(table: Table) -> bool:
    hidden = [row for row in table.rows.values() if not row.shown]
    if not hidden or table.totals is None:
        return True
    return len(hidden) > 1 and sum(row.size for row in hidden) >= 2 * THRESHOLD


def _next(group: Sequence[Table], found: Range, sums: Sequence[Line]) -> tuple[Table, str] | None:
    """Return the row to hide next: the smallest of those that add up with it, else the same row elsewhere, else any."""
    attacked, value_of = found.target.table, found.target.value
    near = {
        (id(table), value)
        for line in sums
        for at in (line.rows + ((line.whole,) if line.whole else ()),)
        if (attacked, value_of) in at
        for table, value in at
    }
    choices = [
        (
            bool(near) and (table.indicator in INDICATORS),
            (id(table), value) not in near if near else table is not attacked,
            bool(near) and (table.dimension not in JOINT),
            table is not attacked,
            value != found.target.value,
            row.size,
            table.indicator,
            table.dimension,
            table.label,
            value,
            table,
        )
        for table in group
        if not table.fixed
        for value, row in table.rows.items()
        if row.shown
    ]
    if not choices:
        return None
    *_, value, table = min(choices, key=lambda each: each[:-1])
    return table, value


def _largest_first(table: Table) -> list[str]:
    return sorted(table.hidden(), key=lambda value: (-table.rows[value].size, value))


def _show_again(group: Sequence[Table], table: Table, value: str, revealed: set[Place]) -> None:
    was = table.listed
    table.rows[value].shown = table.listed = True
    if not _enough(table) or Attack(group).weak(revealed) is not None:
        table.rows[value].shown, table.listed = False, was


def _roll_up(group: Sequence[Table], table: Table, revealed: set[Place]) -> None:
    """Make the hidden rows one where they outnumber those shown: their sum is known anyhow, and it reads better."""
    hidden = table.hidden()
    parts = table.totals and [sum(row.amounts[i] for row in table.rows.values()) for i in range(table.layers)]
    adds_up = parts and table.totals and all(abs(a - b) < 0.5 for a, b in zip(parts, table.totals, strict=True))
    if adds_up and table.listed and len(table.rows) > len(hidden) > len(table.rows) / 2:
        table.listed = False
        if Attack(group).weak(revealed) is not None:
            table.listed = True


def _pattern(figures: Sequence[Figure], tables: Mapping[tuple[str, str], Table]) -> Pattern:
    values_by_indicator: dict[str, Values] = {}
    rolled: dict[str, frozenset[str]] = {}
    for figure in figures:
        name, of = figure.definition.id, values_by_indicator.setdefault(figure.definition.id, {})
        total = tables.get((name, ""))
        hidden = (total is not None and bool(total.hidden())) or total_is_few(figure)
        of[""] = frozenset() if hidden or figure.total.value is None else frozenset({""})
        for dimension, cells in figure.breakdowns.items():
            table = tables.get((name, dimension))
            if not cells:
                of[dimension] = frozenset()
            elif table is not None and of[""] and len(table.hidden()) < len(table.rows):
                of[dimension] = frozenset(value for value, row in table.rows.items() if row.shown)
                if not table.listed and dimension not in JOINT:
                    rolled[name] = rolled.get(name, frozenset()) | {dimension}
    for share, (name, dimension) in _SHARE_OF.items():
        table = tables.get((name, dimension))
        if share in values_by_indicator and table is not None and table.hidden():
            values_by_indicator[share][""] = frozenset()
    return Pattern(values_by_indicator, rolled)


def _released(figure: Figure, pattern: Pattern) -> Released:
    name = figure.definition.id
    out = pattern.shown.get(name, {})
    if figure.total.value is None:
        total = ReleasedCell(None, hidden=Hidden.NO_DATA)
    elif "" in out.get("", ()):
        total = _released_cell(figure.total)
    else:
        few = total_is_few(figure) and not figure.definition.guarded
        total = ReleasedCell(None, hidden=Hidden.FEW if few else Hidden.PROTECTED)
    breakdowns: dict[str, Mapping[str, ReleasedCell]] = {}
    withheld = []
    for dimension, cells in figure.breakdowns.items():
        if figure.total.value is None or not cells:
            breakdowns[dimension] = {}
        elif dimension not in out or not out[""]:
            withheld.append(dimension)
        elif dimension in pattern.rolled.get(name, ()):
            breakdowns[dimension] = dict(_rolled(figure, dimension, out[dimension]))
        else:
            breakdowns[dimension] = {
                value: _released_cell(cell) if value in out[dimension] else ReleasedCell(None, hidden=Hidden.PROTECTED)
                for value, cell in cells.items()
                if value in out[dimension] or dimension not in JOINT
            }
    notes = tuple(note for note in figure.notes if note.denominator >= (figure.definition.minimum or 0))
    return Released(figure.definition, figure.period, figure.cut_off, total, breakdowns, tuple(withheld), notes)


def _rolled(figure: Figure, dimension: str, values: frozenset[str]) -> Iterator[tuple[str, ReleasedCell]]:
    """Yield the rows that are shown, then the rest of the total, without events: they would tell whose it is."""
    cells, total = figure.breakdowns[dimension], figure.total
    visible_cells = {value: cell for value, cell in cells.items() if value in values}
    for value, cell in visible_cells.items():
        yield value, _released_cell(cell)
    if figure.definition.measure is Measure.SHARE:
        none = Decimal()
        holding = (total.numerator or none) - sum((cell.numerator or none for cell in visible_cells.values()), none)
        whole = total.denominator or none
        if dimension not in figure.definition.whole:
            whole -= sum((cell.denominator or none for cell in visible_cells.values()), none)
        yield ROLLED_UP, ReleasedCell(round(100 * holding / whole, 2) if whole else None, holding, whole)
    else:
        none = Decimal()
        rest = (total.value or none) - sum((cell.value or none for cell in visible_cells.values()), none)
        yield ROLLED_UP, ReleasedCell(rest, rest)


def _released_cell(cell: Cell) -> ReleasedCell:
    return ReleasedCell(cell.value, cell.numerator, cell.denominator, cell.count, cell.digest)
