"""Decide what of a period's figures may be shown: the one gate for pages, CSV, IATI, API and all else.

Threshold and complementary suppression as in statistical disclosure control (Hundepool et al., Statistical Disclosure
Control, 2012, chapter 4): a number with few people behind it is hidden, and so are others, smallest first, until the
attack (`attack.py`) on all that was ever shown leaves each hidden number three possible values or more. Totals are
decided first: a figure whose total is hidden shows nothing. What was hidden besides and proves not to be needed is
shown again. A table that is mostly hidden has its hidden rows rolled up into one.

A statement that changes a published figure shows the change, or the figure waits: it stays as it was shown, until what
changed can go out with more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import BaseModel

from services.reporting.disclosure.model.attack import Attack, Deadline
from services.reporting.disclosure.model.links import FOLLOWS, MET, followers, groups, lines, moving_with, partners
from services.reporting.disclosure.model.released import ROLLED_UP, Hidden, Released, ReleasedCell
from services.reporting.disclosure.model.tables import (
    THRESHOLD,
    TOTAL,
    ReleasedPart,
    Values,
    is_note,
    note_shown,
    part_tables,
    tables_of,
    total_tables,
    withheld_tables,
)
from services.reporting.indicators.model.catalogue import COUNTED, INDICATORS
from services.reporting.indicators.model.figure import JOINT, Measure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from services.reporting.disclosure.model.attack import Place, Range
    from services.reporting.disclosure.model.links import Line
    from services.reporting.disclosure.model.tables import Table
    from services.reporting.indicators.model.figure import Cell, Figure
    from services.reporting.periods.model.periods import Period

_AN_EVENT_EACH = frozenset(
    {
        "TOPCOP-IN-01",
        "TOPCOP-IN-02",
        "TOPCOP-PR-01",
        "TOPCOP-PR-02",
        "TOPCOP-OP-02",
        "TOPCOP-OP-08",
        "TOPCOP-OC-01",
        "TOPCOP-OC-03",
        "TOPCOP-OC-04",
        "TOPCOP-DQ-02",
        "TANDEM-ND-01",
    }
)
"""Figures with one event behind each thing that is counted: its number says nothing that the figure does not."""
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
    waiting: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Pattern:
    """The values of a period's figures that are shown: indicator -> dimension -> values (total: both are `""`).

    A dimension that is not named is withheld. `rolled` names the dimensions whose hidden rows are one row, `waiting`
    the figures that stay as an earlier statement showed them, with its number.
    """

    shown: Mapping[str, Values] = field(default_factory=dict)
    rolled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)

    def stored(self) -> StoredPattern:
        """Return the pattern as it is stored, in one order."""
        return StoredPattern(
            shown={i: {d: sorted(values) for d, values in sorted(of.items())} for i, of in sorted(self.shown.items())},
            rolled={i: sorted(of) for i, of in sorted(self.rolled.items())},
            waiting=dict(sorted(self.waiting.items())),
        )

    @classmethod
    def of_stored(cls, kept: StoredPattern) -> Pattern:
        """Return the pattern that was stored."""
        return cls(
            {i: {d: frozenset(values) for d, values in of.items()} for i, of in kept.shown.items()},
            {i: frozenset(of) for i, of in kept.rolled.items()},
            dict(kept.waiting),
        )

    def of_figure(self, figure: Figure) -> ReleasedPart:
        """Return what is shown of a figure."""
        name = figure.definition.id
        return ReleasedPart(figure, self.shown.get(name, {}), self.rolled.get(name, ()))


@dataclass(frozen=True, slots=True)
class EarlierRelease:
    """The release of a statement of a period: its figures as they were stated, and what of them was shown."""

    figures: Sequence[Figure]
    pattern: Pattern
    statement: int = 1

    @property
    def period(self) -> Period:
        """Its period."""
        return self.figures[0].period

    def tables(self) -> Iterator[Table]:
        """Yield what it added to all that was shown: figures that waited add nothing."""
        for figure in self.figures:
            if figure.definition.id in self.pattern.waiting:
                continue
            shown = self.pattern.of_figure(figure)
            yield from tables_of(figure, self.statement, shown=shown)
            if not figure.definition.guarded and TOTAL not in shown.values.get(TOTAL, ()):
                yield from _between_others(figure, self.statement, fixed=True)


def release(
    figures: Sequence[Figure], before: Iterable[EarlierRelease] = (), statement: int = 1, seconds: float = math.inf
) -> list[Released]:
    """Return a period's figures as they may be shown, beside all earlier releases. Raises `NotSafe`, `NotProven`."""
    ledger = list(before)
    pattern = decide(figures, ledger, statement, seconds)
    return released_by(standing_by(figures, pattern, ledger), pattern)


def decide(
    figures: Sequence[Figure], before: Iterable[EarlierRelease] = (), statement: int = 1, seconds: float = math.inf
) -> Pattern:
    """Decide what of a statement of a period is shown.

    `before` are all earlier releases, of this period (lower statements) and of others; `seconds` limits the time.
    Raises `NotSafe` if nothing can be hidden that would make the release safe, `NotProven` if that takes too long.
    """
    ledger = [each for each in before if each.figures]
    deadline = Deadline(seconds)
    own = [each for each in ledger if figures and each.period.label == figures[0].period.label]
    last = max(own, key=lambda each: each.statement, default=None)
    before_it = standing_by(last.figures, last.pattern, own) if last else []
    former = {each.definition.id: last.pattern.of_figure(each) for each in before_it} if last else {}
    closed: frozenset[str] = frozenset()
    while True:
        waiting = closed & former.keys()
        moving = [each for each in figures if each.definition.id not in waiting]
        try:
            tables = _decided(moving, ledger, former, statement, closed, deadline)
        except NotSafe as found:
            names = moving_with(found.found.target.table.indicator)
            if {each.definition.id for each in moving} & names <= closed:
                raise
            closed |= names
            continue
        lost = {table.indicator for table in tables.values() if _is_lost(table, former.get(table.indicator))}
        if not lost:
            break
        closed = closed.union(*map(moving_with, lost))
    pattern = _pattern(moving, tables)
    return pattern if last is None else _with_waiting(pattern, waiting, last)


def _is_lost(table: Table, former: ReleasedPart | None) -> bool:
    """Return whether a total was shown before and is hidden now; one that is a part itself is hidden like others."""
    shown = former is not None and TOTAL in former.values.get(TOTAL, ())
    return shown and not table.dimension and bool(table.hidden()) and not COUNTED[table.indicator].guarded


def _with_waiting(pattern: Pattern, waiting: frozenset[str], last: EarlierRelease) -> Pattern:
    """Return the pattern with the figures that stay as they were shown."""
    shown, rolled, since = dict(pattern.shown), dict(pattern.rolled), {}
    for name in sorted(waiting):
        since[name] = last.pattern.waiting.get(name, last.statement)
        shown[name] = last.pattern.shown.get(name, {})
        if name in last.pattern.rolled:
            rolled[name] = last.pattern.rolled[name]
    return Pattern(shown, rolled, since)


def standing_by(figures: Sequence[Figure], pattern: Pattern, before: Iterable[EarlierRelease]) -> list[Figure]:
    """Return the figures of a statement as it shows them: those that wait are the earlier ones."""
    if not figures:
        return []
    label = figures[0].period.label
    earlier = {
        (figure.definition.id, each.statement): figure
        for each in before
        for figure in each.figures
        if figure.period.label == label
    }
    return [earlier.get((each.definition.id, pattern.waiting.get(each.definition.id, 0)), each) for each in figures]


def _decided(
    figures: Sequence[Figure],
    ledger: Sequence[EarlierRelease],
    former: Mapping[str, ReleasedPart],
    statement: int,
    closed: frozenset[str],
    deadline: Deadline,
) -> dict[tuple[str, str], Table]:
    """Return the tables of these figures with all rows that may be shown; of `closed` figures nothing is."""
    year = figures[0].period.start.year if figures else 0
    out = [table for each in ledger for table in each.tables() if table.at_end or table.start.year == year]
    totals = [
        table
        for figure in figures
        if not figure.definition.guarded
        for table in total_tables(figure, statement, former=former.get(figure.definition.id))
    ]
    for table in totals:
        table.rows[TOTAL].shown = table.rows[TOTAL].shown and table.indicator not in closed
    for group in groups([*totals, *(each for each in out if _is_total(each))]):
        if any(not table.fixed for table in group):
            _protect_totals(group, deadline)
    visible = {table.indicator for table in totals if not table.dimension and not table.hidden()}
    parts = list(_parts(figures, former, statement, visible, closed))
    for group in groups([*parts, *(each for each in out if not _is_total(each))]):
        if any(not table.fixed for table in group):
            _protect(group, deadline)
    return {(table.indicator, table.dimension): table for table in (*totals, *parts)}


def _parts(
    figures: Sequence[Figure],
    former: Mapping[str, ReleasedPart],
    statement: int,
    visible: Collection[str],
    closed: Collection[str],
) -> Iterator[Table]:
    """Yield the tables by dimension of figures with a visible total, and all of those whose total is a part itself.

    Of figures with a hidden total come those in which tables of others meet.
    """
    for figure in figures:
        name = figure.definition.id
        if figure.definition.guarded and name not in closed:
            yield from tables_of(figure, statement, former=former.get(name))
        elif name in visible:
            yield from part_tables(figure, statement, former=former.get(name))
        elif not figure.definition.guarded and name not in closed:
            yield from _between_others(figure, statement, fixed=False)


def _between_others(figure: Figure, statement: int, *, fixed: bool) -> Iterator[Table]:
    """Yield the tables of a hidden figure in which those of others meet."""
    for table in withheld_tables(figure, statement, fixed=fixed):
        if (table.indicator, table.dimension) in MET:
            yield table


def _is_total(table: Table) -> bool:
    return (not table.dimension or is_note(table.dimension)) and not COUNTED[table.indicator].guarded


def _protect_totals(group: Sequence[Table], deadline: Deadline) -> None:
    """Hide totals that are not released yet until no hidden one can be worked out. Raises `NotSafe`."""
    safe: set[tuple[Place, int]] = set()
    _hide_alike(group)
    while (found := Attack(group, deadline).weak(safe)) is not None:
        target = found.target.table
        choices = [
            (not is_note(table.dimension), table.indicator != target.indicator, table.rows[TOTAL].size,
             table.indicator, table.dimension, table)
            for table in group
            if not table.fixed and table.rows[TOTAL].shown
        ]  # fmt: skip
        if not choices:
            raise NotSafe(found)
        min(choices, key=lambda each: each[:-1])[-1].rows[TOTAL].shown = False
        _hide_alike(group)


def _hide_alike(group: Sequence[Table]) -> None:
    """Hide the rows of tables that are not released yet which their partners hide, or those whom they follow."""
    for table in group:
        for value in table.hidden() if not table.fixed else ():
            for partner in (*partners(table, group), *followers(table, group)):
                if value in partner.rows and not partner.fixed:
                    partner.rows[value].shown = False
                    partner.listed = partner.listed and (
                        not partner.dimension or len(partner.hidden()) < len(partner.rows)
                    )


def released_by(figures: Sequence[Figure], pattern: Pattern) -> list[Released]:
    """Return a period's figures as a pattern shows them."""
    return [_released(each, pattern) for each in figures]


def whole(figures: Sequence[Figure]) -> list[Released]:
    """Return a period's figures with all their numbers, for those who may see single cases."""
    return [_whole(each) for each in figures]


def _protect(group: Sequence[Table], deadline: Deadline) -> None:
    """Hide rows of tables that are not released yet until no hidden number can be worked out. Raises `NotSafe`."""
    open_ = [table for table in group if not table.fixed]
    must = {(table.label, table.indicator, value) for table in open_ for value in table.hidden()}
    sums = lines(group)
    for table in open_:
        if table.dimension not in JOINT:
            _complement(table)
    _hide_alike(group)
    _complement_lines(sums)
    _hide(group, sums, deadline)
    if sums:
        return  # in tables that share rows, trying each row again takes long, and most hidden rows are needed
    for table in sorted(open_, key=lambda each: each.indicator == FOLLOWS):
        followed = [each for each in group if table in followers(each, group)]
        for value in _largest_first(table):
            if any(value in each.hidden() for each in followed):
                continue
            alike = [table, *(each for each in partners(table, group) if value in each.rows)]
            if not any((each.label, each.indicator, value) in must for each in alike):
                _show_again(group, alike, value, deadline)
    for table in open_:
        _roll_up(group, table, deadline)


def _hide(group: Sequence[Table], sums: Sequence[Line], deadline: Deadline) -> None:
    """Hide rows until the attack finds no unsafe number. Raises `NotSafe`."""
    # A safe number stays safe while more is hidden: an attacker who knows less can rule out no more.
    safe: set[tuple[Place, int]] = set()
    while (found := Attack(group, deadline).weak(safe)) is not None:
        if (candidate := _next(group, found, sums)) is None:
            raise NotSafe(found)
        _take(*candidate)
        _hide_alike(group)
        _complement_lines(sums)


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
    if line.withheld:
        return True  # the attack says whether what nobody sees follows
    if line.whole is not None and not line.whole[0].rows[line.whole[1]].shown:
        return bool(hidden)
    few = THRESHOLD if line.spare else 2 * THRESHOLD
    return not hidden or (len(hidden) + line.spare > 1 and sum(hidden) >= few)


def _complement(table: Table) -> None:
    """Hide the smallest further rows until two or more are hidden, with ten people or more behind them."""
    if table.withheld:
        return
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


def _show_again(group: Sequence[Table], tables: Sequence[Table], value: str, deadline: Deadline) -> None:
    was = [(table.rows[value].shown, table.listed) for table in tables]
    for table in tables:
        table.rows[value].shown = table.listed = True
    if not all(map(_enough, tables)) or Attack(group, deadline).weak() is not None:
        for table, (shown, listed) in zip(tables, was, strict=True):
            table.rows[value].shown, table.listed = shown, listed


def _roll_up(group: Sequence[Table], table: Table, deadline: Deadline) -> None:
    """Make the hidden rows one where they outnumber those shown: their sum is known anyhow, and it reads better."""
    hidden = table.hidden()
    parts = table.totals and [sum(row.amounts[i] for row in table.rows.values()) for i in range(table.layers)]
    adds_up = parts and table.totals and all(abs(a - b) < 0.5 for a, b in zip(parts, table.totals, strict=True))
    if adds_up and table.listed and len(table.rows) > len(hidden) > len(table.rows) / 2:
        table.listed = False
        if Attack(group, deadline).weak() is not None:
            table.listed = True


def _pattern(figures: Sequence[Figure], tables: Mapping[tuple[str, str], Table]) -> Pattern:
    values_by_indicator: dict[str, Values] = {}
    rolled: dict[str, frozenset[str]] = {}
    for figure in figures:
        name = figure.definition.id
        own = {dimension: table for (indicator, dimension), table in tables.items() if indicator == name}
        values_by_indicator[name] = _values(figure, own)
        names = {
            dimension
            for dimension in values_by_indicator[name]
            if dimension in own and not own[dimension].listed and dimension not in JOINT
        }
        if names:
            rolled[name] = frozenset(names)
    for share, (name, dimension) in _SHARE_OF.items():
        breakdown = tables.get((name, dimension))
        if share in values_by_indicator and (breakdown is None or breakdown.hidden()):
            values_by_indicator[share] = {TOTAL: frozenset()}
    return Pattern(values_by_indicator, rolled)


def _values(figure: Figure, tables: Mapping[str, Table]) -> Values:
    """Return which values of each dimension of a figure are shown; none without its total."""
    total = tables.get(TOTAL)
    if total is None or total.hidden():
        return {TOTAL: frozenset()}
    of: Values = {TOTAL: frozenset({TOTAL})}
    of |= {name: frozenset({TOTAL}) for name, table in tables.items() if is_note(name) and not table.hidden()}
    for dimension, cells in figure.breakdowns.items():
        table = tables.get(dimension)
        if not cells:
            of[dimension] = frozenset()
        elif table is not None and len(table.hidden()) < len(table.rows):
            of[dimension] = frozenset(value for value, row in table.rows.items() if row.shown)
    return of


def _released(figure: Figure, pattern: Pattern) -> Released:
    out = pattern.of_figure(figure).values
    if figure.total.value is None:
        total = ReleasedCell(None, hidden=Hidden.NO_DATA)
    elif TOTAL in out.get(TOTAL, ()):
        total = _released_total(figure)
    else:
        total = ReleasedCell(None, hidden=Hidden.PROTECTED)
    breakdowns: dict[str, Mapping[str, ReleasedCell]] = {}
    withheld = []
    for dimension, cells in figure.breakdowns.items():
        if figure.total.value is None:
            breakdowns[dimension] = {}
        elif dimension not in out or not out[TOTAL]:
            withheld.append(dimension)
        elif dimension in pattern.rolled.get(figure.definition.id, ()):
            breakdowns[dimension] = dict(_rolled(figure, dimension, frozenset(out[dimension])))
        else:
            breakdowns[dimension] = {
                value: _released_part(cell) if value in out[dimension] else ReleasedCell(None, hidden=Hidden.PROTECTED)
                for value, cell in cells.items()
                if value in out[dimension] or dimension not in JOINT
            }
    notes = tuple(note for place, note in enumerate(figure.notes) if note_shown(out, place))
    waits = figure.definition.id in pattern.waiting
    return Released(
        figure.definition, figure.period, figure.cut_off, total, breakdowns, tuple(withheld), notes, waits=waits
    )


def _whole(figure: Figure) -> Released:
    def cell_of(cell: Cell) -> ReleasedCell:
        if cell.value is None:
            return ReleasedCell(None, hidden=Hidden.NO_DATA)
        return ReleasedCell(cell.value, cell.numerator, cell.denominator, cell.count, cell.digest)

    return Released(
        figure.definition,
        figure.period,
        figure.cut_off,
        cell_of(figure.total),
        {name: {value: cell_of(cell) for value, cell in cells.items()} for name, cells in figure.breakdowns.items()},
        notes=tuple(note for note in figure.notes if note.denominator),
    )


def _rolled(figure: Figure, dimension: str, values: frozenset[str]) -> Iterator[tuple[str, ReleasedCell]]:
    """Yield the rows that are shown, then the rest of the total, without events: they would tell whose it is."""
    cells, total = figure.breakdowns[dimension], figure.total
    visible_cells = {value: cell for value, cell in cells.items() if value in values}
    for value, cell in visible_cells.items():
        yield value, _released_part(cell)
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


def _released_total(figure: Figure) -> ReleasedCell:
    """Return a total with the number of its events, where that is the total itself: else it would be another number."""
    total = figure.total
    events = total.count if total.count in {total.value, total.denominator} else None
    if figure.definition.id not in _AN_EVENT_EACH:
        events = None
    return ReleasedCell(total.value, total.numerator, total.denominator, events, total.digest)


def _released_part(cell: Cell) -> ReleasedCell:
    """Return a part without the number of its events: beside hidden parts it would tell how many they have."""
    return ReleasedCell(cell.value, cell.numerator, cell.denominator, None, cell.digest)
