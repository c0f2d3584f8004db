"""Attack hidden numbers by linear programming on all tables that share numbers.

The attacker knows every number that was ever shown, in each statement of each period, that a hidden number is whole,
which rows a table lists, that parts add up to their total, that halves add up to their year, and that there are no more
officials than visits. For each hidden number HiGHS (highs.dev) finds the smallest and the largest value that agree with
all of that. A number that nobody published can be worked out too: the second half is the year less the first, and what
came late is the second statement less the first. So such a rest is attacked as if it were a hidden table.

The idea is the protection interval of statistical disclosure control (Hundepool et al., Statistical Disclosure Control,
2012, chapter 4); here a hidden number needs three possible values or more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain, combinations, pairwise, product
from time import monotonic
from typing import TYPE_CHECKING

import highspy
import numpy as np

from services.reporting.disclosure.model.links import AT_MOST, DAYS, ENDED, TIES, linked
from services.reporting.disclosure.model.system import Contradiction, reduce
from services.reporting.disclosure.model.tables import THRESHOLD, covered
from services.reporting.indicators.model.demand import CLOSED
from services.reporting.indicators.model.figure import joined, parts_of, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from services.reporting.disclosure.model.links import Link, Tie
    from services.reporting.disclosure.model.system import Expression, Part, Sought
    from services.reporting.disclosure.model.tables import Amounts, Table

POSSIBLE = 3
"""The fewest whole numbers that must be possible for each hidden number."""
_CLOSE = 1e-6
_OTHER = "*"
"""A value that no table lists: a table that does not list its rows may have more than are known elsewhere."""
Place = tuple[str, str, str, int, str, tuple[tuple[str, int], ...]]
"""Indicator, dimension, period, statement, value, and the periods and statements that are subtracted from it."""


class NotProven(RuntimeError):
    """The solver did not prove within its time that no hidden number can be worked out."""


class Deadline:
    """The time that is left to decide on one release."""

    def __init__(self, seconds: float = math.inf) -> None:
        self._end = monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises `NotProven` if there are none."""
        left = self._end - monotonic()
        if left <= 0:
            raise NotProven
        return left


class _Silent(highspy.Highs):
    """HiGHS without output: its constructor prints a banner before output can be switched off."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.silent()


@dataclass(frozen=True, slots=True)
class Target:
    """A hidden number: a row of a table (or of the rest of a period), one of its amounts."""

    table: Table
    value: str
    layer: int
    less: tuple[tuple[str, int], ...] = ()
    """The periods and statements (or other figures) that are subtracted from it, if it is a rest."""

    @property
    def place(self) -> Place:
        """The identity of the number, for a set of such."""
        table = self.table
        return table.indicator, table.dimension, table.label, table.statement, self.value, self.less


@dataclass(frozen=True, slots=True)
class Range:
    """The whole numbers between which a hidden one must lie."""

    target: Target
    least: float
    most: float

    @property
    def possible(self) -> float:
        """The number of whole numbers that it can be."""
        return self.most - self.least + 1

    @property
    def safe(self) -> bool:
        """Return whether enough are possible."""
        return self.possible >= POSSIBLE


class _ObservedValues:
    """The values that hidden numbers have had in states that are possible."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._columns = np.array([column for each in expressions for column in each], dtype=np.int64)
        self._signs = np.array([sign for each in expressions for sign in each.values()])
        self._starts = np.cumsum([0, *(len(each) for each in expressions[:-1])])
        self._least = np.full(len(expressions), np.inf)
        self._most = np.full(len(expressions), -np.inf)

    def add(self, state: np.ndarray) -> None:
        """Take in one more possible state of the whole system."""
        values = np.round(np.add.reduceat(state[self._columns] * self._signs, self._starts))
        np.minimum(self._least, values, out=self._least)
        np.maximum(self._most, values, out=self._most)

    def possible(self, place: int) -> float:
        """Return how many whole numbers are possible at least."""
        return float(self._most[place] - self._least[place] + 1)


class _Solver:
    """HiGHS with one part of the system, and the values that its sums have had so far."""

    def __init__(self, part: Part, sums: Sequence[Sought], deadline: Deadline, *, plain: bool) -> None:
        self._deadline, self._plain = deadline, plain
        self._place = {id(each): at for at, each in enumerate(sums)}
        self._observed = _ObservedValues([each.expression for each in sums])
        self._size = len(part.bounds)
        self._solver = solver = _Silent()
        solver.setOptionValue("threads", 1)  # enough for small systems; HiGHS allows one setting in a process
        solver.setOptionValue("presolve", "off")  # the last basis of the same small system helps more
        solver.setOptionValue("simplex_strategy", 4)  # primal: only the costs change, so the last state stays possible
        lows, highs = zip(*part.bounds, strict=True)
        solver.addVars(self._size, np.array(lows), np.array(highs))
        for low, high, expression in part.rows:
            solver.addRow(low, high, len(expression), *_arrays(expression))

    def possible(self, sought: Sought) -> float:
        """Return how many whole numbers are possible for a sum at least."""
        return self._observed.possible(self._place[id(sought)])

    def between(self, sought: Sought) -> tuple[float, float]:
        """Return the smallest and the largest whole number that a sum can be. Raises `NotProven`."""
        solver = self._solver
        columns, signs = _arrays(sought.expression)
        found = []
        solver.changeColsCost(len(columns), columns, signs)
        for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
            solver.changeObjectiveSense(sense)
            solver.setOptionValue("time_limit", solver.getRunTime() + self._deadline.left())
            state = self._state()
            if state is None:
                found.append(-math.inf if sense == highspy.ObjSense.kMinimize else math.inf)
                continue
            found.append(float(state[columns] @ signs) + sought.known)
            self._observed.add(state)
        solver.changeColsCost(len(columns), columns, np.zeros(len(columns)))
        least, most = found
        return (
            math.ceil(least - _CLOSE) if math.isfinite(least) else least,
            math.floor(most + _CLOSE) if math.isfinite(most) else most,
        )

    def _state(self) -> np.ndarray | None:
        """Return the best state of the system, in whole numbers; None if there is no best."""
        state = _solved(self._solver)
        if state is None or self._plain or np.all(np.abs(state - np.round(state)) < _CLOSE):
            return state  # a plain system is a network, whose corners are whole numbers
        everything = np.arange(self._size, dtype=np.int32)
        for kind in (highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous):
            self._solver.changeColsIntegrality(len(everything), everything, np.full(len(everything), kind))
            if kind == highspy.HighsVarType.kInteger:
                state = _solved(self._solver)
        return state


class Attack:
    """An attacker's knowledge of tables that share numbers, as a system of equations."""

    def __init__(self, tables: Sequence[Table], deadline: Deadline | None = None) -> None:
        """Write down all that is known."""
        self.tables = sorted(tables, key=lambda t: (t.indicator, t.dimension, t.start, t.end, t.statement))
        self._deadline = deadline or Deadline()
        self._values = _universe(tables)
        self._columns: dict[tuple[int, str, int], int] = {}
        self._bounds: list[tuple[float, float]] = []
        self._rows: list[tuple[float, float, Expression]] = []
        self._targets: list[tuple[Target, Expression]] = []
        self._plain = True
        for table in self.tables:
            self._table(table)
        for family in self._families():
            self._statements(family)
            if family[0].at_end:
                self._ends(family)
            else:
                self._periods(family)
        for smaller, larger, layer in AT_MOST:
            self._at_most(smaller, larger, layer)
        self._ended_early()
        for link, child, parent_table in linked(self.tables):
            self._link(link, child, parent_table)
        for tie in TIES:
            self._tie(tie)

    def weak(self, safe: set[tuple[Place, int]] | None = None) -> Range | None:
        """Return the first hidden number that is not safe, or None. Raises `NotProven`.

        `safe` are the numbers found safe before less was shown; those found now are added to it.

        A solution for one number is a possible state of all others too, so most prove safe without a solution of their
        own.
        """
        safe = set() if safe is None else safe
        targets = [
            (target, expression) for target, expression in self._targets if (target.place, target.layer) not in safe
        ]
        if not targets:
            return None
        self._deadline.left()
        try:
            sums = reduce(self._bounds, self._rows, [expression for _, expression in targets])
        except Contradiction:
            raise NotProven("the knowledge contradicts itself") from None
        solvers: dict[int, _Solver] = {}
        for (target, _), sought in zip(targets, sums, strict=True):
            if sought.part is None:
                return Range(target, sought.known, sought.known)
            solver = solvers.get(id(sought.part))
            if solver is None:
                same = [each for each in sums if each.part is sought.part]
                solver = solvers[id(sought.part)] = _Solver(sought.part, same, self._deadline, plain=self._plain)
            if solver.possible(sought) < POSSIBLE:
                found = Range(target, *solver.between(sought))
                if not found.safe:
                    return found
            safe.add((target.place, target.layer))
        return None

    def _table(self, table: Table) -> None:
        values = self._rows_of(table)
        for value in values:
            row = table.rows.get(value)
            for layer in range(table.layers):
                amount = row.amounts[layer] if row else 0.0
                known = row is not None and row.shown
                least = 1.0 if table.listed and table.layers == 1 and amount >= 1 else 0.0
                self._columns[id(table), value, layer] = len(self._bounds)
                self._bounds.append((amount, amount) if known else (least, highspy.kHighsInf))
            if row is None or row.shown:
                continue
            if table.listed and table.layers > 1 and sum(row.amounts) >= 1:
                self._plain = False
                self._rows.append((1.0, highspy.kHighsInf, dict.fromkeys(self._of(table, value), 1.0)))
            if table.dimension and table.layers > 1 and not table.is_few(row.amounts, row.size):
                continue  # it has enough people on both sides, and is hidden for its base or for another
            if table.listed or row.few:
                for layer, column in enumerate(self._of(table, value)):
                    if row.amounts[layer]:  # that there is nobody is no secret
                        self._targets.append((Target(table, value, layer), {column: 1.0}))
        self._margins(table, values)

    def _rows_of(self, table: Table) -> list[str]:
        return list(table.rows) if table.listed else self._values[table.dimension]

    def _margins(self, table: Table, values: Sequence[str]) -> None:
        """Add that the rows of a table make its total."""
        for layer, total in enumerate(table.totals or ()):
            parts = {self._columns[id(table), value, layer]: 1.0 for value in values}
            real = sum(row.amounts[layer] for row in table.rows.values())
            if abs(real - total) < _CLOSE:
                self._rows.append((total, total, parts))
            elif real > total:  # a person counts in several rows, and once in the total
                self._plain = False
                self._rows.append((total, highspy.kHighsInf, parts))
                for column in parts:
                    low, high = self._bounds[column]
                    self._bounds[column] = (low, min(high, total))
            else:
                self._rows.append((0.0, total, parts))

    def _of(self, table: Table, value: str) -> list[int]:
        return [self._columns[id(table), value, layer] for layer in range(table.layers)]

    def _families(self) -> list[list[Table]]:
        """Return the tables of the same indicator and dimension, of all periods and statements."""
        found: dict[tuple[str, str], list[Table]] = {}
        for table in self.tables:
            found.setdefault((table.indicator, table.dimension), []).append(table)
        return list(found.values())

    def _statements(self, family: Sequence[Table]) -> None:
        """Attack what two statements of a period tell by their difference: what came late, or was corrected."""
        for statements in _by_span(family):
            for earlier, later in combinations(statements, 2):
                self._difference(later, earlier)

    def _difference(self, later: Table, earlier: Table) -> None:
        left = {value: _less(later, [earlier], value) for value in self._values[later.dimension]}
        amounts = list(chain.from_iterable(left.values()))
        low = 0.0 if all(each > -_CLOSE for each in amounts) else -highspy.kHighsInf
        high = 0.0 if all(each < _CLOSE for each in amounts) else highspy.kHighsInf
        if math.isfinite(low) or math.isfinite(high):
            self._plain = False
            self._relate(later, [earlier], low, high)
        self._rest(later, [earlier], left)

    def _ends(self, family: Sequence[Table]) -> None:
        """Relate periods by their last day, for what is so at a period's end: those that end together say the same."""
        by_end: dict[date, list[Table]] = {}
        for table in sorted(family, key=lambda each: (each.end, each.start, each.statement)):
            by_end.setdefault(table.end, []).append(table)
        for together in by_end.values():
            for first, other in combinations(together, 2):
                if first.start != other.start:  # statements of one period are compared as such
                    self._difference(other, first)
        if family[0].grows:
            ends = [self._distinct(together) for together in by_end.values()]
            for earlier, later in combinations(ends, 2):
                for first, other in product(earlier, later):
                    self._difference(other, first)

    def _periods(self, family: Sequence[Table]) -> None:
        """Relate each period to those inside it, whichever statements of them are taken."""
        spans = [self._distinct(statements) for statements in _by_span(family)]
        for parent in chain.from_iterable(spans):
            within = [
                same
                for statements in spans
                if parent.start <= statements[0].start
                and statements[0].end <= parent.end
                and (parent.start, parent.end) != (statements[0].start, statements[0].end)
                and (same := [each for each in statements if each.layers == parent.layers])
            ]
            bounded: list[set[int]] = []
            for some in _apart(within):
                self._deadline.left()
                for children in product(*some):
                    self._children(parent, children, bounded)
                    self._leave(parent, children)

    def _distinct(self, tables: Sequence[Table]) -> list[Table]:
        """Return tables of one number without those that repeat an earlier one: their equality is known."""
        found: dict[tuple[Amounts, ...], Table] = {}
        for table in tables:
            found.setdefault(tuple(table.amounts(value) for value in self._values[table.dimension]), table)
        return list(found.values())

    def _children(self, parent: Table, children: Sequence[Table], bounded: list[set[int]]) -> None:
        """Add what periods inside another one say of it. `bounded` are sets of which it is known to be no less."""
        all_of_it, among = covered(parent, children), set(map(id, children))
        everything = [each for value in self._values[parent.dimension] for each in _less(parent, children, value)]
        if all_of_it and all(abs(each) < _CLOSE for each in everything):
            self._relate(parent, children, 0.0, 0.0)
            bounded.append(among)
        elif all(each > -_CLOSE for each in everything) and (parent.adds_up or not all_of_it):
            if not any(among < others for others in bounded):  # fewer children follow from more
                self._relate(parent, children, 0.0, highspy.kHighsInf)
                bounded.append(among)
        elif all_of_it and not parent.adds_up and all(each < _CLOSE for each in everything):
            self._plain = False  # a person counts once in each period
            self._relate(parent, children, -highspy.kHighsInf, 0.0)

    def _leave(self, parent: Table, children: Sequence[Table]) -> None:
        """Attack what periods leave of the one that they lie in, if that adds up: it can be worked out."""
        if not parent.adds_up and covered(parent, children):
            return
        left = {value: _less(parent, children, value) for value in self._values[parent.dimension]}
        if parent.adds_up or all(each > -_CLOSE for each in chain.from_iterable(left.values())):
            self._rest(parent, children, left, parent.smallest)

    def _relate(self, parent: Table, children: Sequence[Table], least: float, most: float) -> None:
        """Add that parent less children lies between two numbers, row by row."""
        for value in self._values[parent.dimension]:
            for layer in range(parent.layers):
                if expression := self._left(parent, children, value, layer):
                    self._rows.append((least, most, expression))

    def _rest(
        self, parent: Table, children: Sequence[Table], left: dict[str, Amounts], smallest: int = THRESHOLD
    ) -> None:
        """Attack what is left when tables are subtracted from another one, where few are behind it."""
        less = tuple((child.label, child.statement) for child in children)
        for value, amounts in left.items():
            size = parent.size(value) - sum(child.size(value) for child in children)
            if not parent.is_few(amounts, size, smallest):
                continue
            for layer in range(parent.layers):
                expression = self._left(parent, children, value, layer)
                if expression and amounts[layer]:
                    self._targets.append((Target(parent, value, layer, less), expression))

    def _left(self, parent: Table, children: Sequence[Table], value: str, layer: int) -> Expression:
        """Return parent less children. A row that a table does not list is known to be nothing, so it drops out."""
        parts = chain([(parent, 1.0)], ((child, -1.0) for child in children))
        columns = ((self._columns.get((id(table), value, layer)), sign) for table, sign in parts)
        return {column: sign for column, sign in columns if column is not None}

    def _at_most(self, smaller: str, larger: str, layer: int) -> None:
        for low in (table for table in self.tables if table.indicator == smaller):
            for high in (table for table in self.tables if table.indicator == larger):
                same = (low.dimension, low.label, low.statement) == (high.dimension, high.label, high.statement)
                if not same or any(low.amounts(v)[0] > high.amounts(v)[layer] for v in low.rows):
                    continue
                self._plain = False
                for value in self._values[low.dimension]:
                    more = self._columns.get((id(high), value, layer))
                    less = self._columns.get((id(low), value, 0))
                    named = ((more, 1.0), (less, -1.0))
                    if expression := {column: sign for column, sign in named if column is not None}:
                        self._rows.append((0.0, highspy.kHighsInf, expression))

    def _ended_early(self) -> None:
        """Add that days beyond those of completed visits are of visits that ended early, so these were planned too."""
        at = {(t.indicator, t.dimension, t.label, t.statement): t for t in self.tables}
        for indicator, layers in ENDED:
            for planned in (table for table in self.tables if table.indicator == indicator):
                place = (planned.dimension, planned.label, planned.statement)
                days, visits = (at.get((each, *place)) for each in ("TOPCOP-OP-03", "TOPCOP-OP-02"))
                if days is None or visits is None:
                    continue
                terms = [(planned, layer, DAYS - 1.0) for layer in layers] + [(visits, 0, 1.0), (days, 0, -1.0)]
                values = self._values[planned.dimension]
                if any(sum(sign * t.amounts(value)[layer] for t, layer, sign in terms) < -_CLOSE for value in values):
                    continue  # visits were longer than that
                self._plain = False
                for value in values:
                    named = ((self._columns.get((id(t), value, layer)), sign) for t, layer, sign in terms)
                    if expression := {column: sign for column, sign in named if column is not None}:
                        self._rows.append((0.0, highspy.kHighsInf, expression))

    def _link(self, link: Link, child: Table, parent: Table) -> None:
        """Add that rows of one table add up to a row of another. Linked tables are not a network any more."""
        self._plain = False
        sums: dict[str, Expression] = {}
        for value in self._rows_of(parent):
            if link.holds(value):
                sums.setdefault(value, {})[self._columns[id(parent), value, 0]] = -1.0
        for value in self._rows_of(child):
            sums.setdefault(link.into(value), {})[self._columns[id(child), value, 0]] = 1.0
        self._rows += [(0.0, 0.0, expression) for _, expression in sorted(sums.items())]

    def _tie(self, tie: Tie) -> None:
        """Add what two figures of a period say of each other by their totals, and attack their difference if few."""
        at = {(t.indicator, t.dimension, t.label, t.statement): t for t in self.tables}
        for more in self.tables:
            if (more.indicator, more.dimension) != tie.more.key:
                continue
            less = at.get((*tie.less.key, more.label, more.statement))
            if less is None:
                continue
            difference = sum(tie.more.of(more.amounts(""))) - sum(tie.less.of(less.amounts("")))
            expression = {self._columns[id(more), "", layer]: 1.0 for layer in tie.more.layers(more)}
            expression |= {self._columns[id(less), "", layer]: -1.0 for layer in tie.less.layers(less)}
            if difference < -_CLOSE:
                continue
            self._plain = False
            self._rows.append((0.0, 0.0 if difference < _CLOSE else highspy.kHighsInf, expression))
            if _CLOSE < difference < THRESHOLD:
                subtracted = ((less.indicator, less.statement),)
                self._targets.append((Target(more, "", 0, subtracted), expression))


def _solved(solver: highspy.Highs) -> np.ndarray | None:
    solver.run()
    match solver.getModelStatus():
        case highspy.HighsModelStatus.kOptimal:
            return np.asarray(solver.getSolution().col_value)
        case highspy.HighsModelStatus.kUnbounded:
            return None
        case status:
            raise NotProven(str(status))


def _by_span(family: Sequence[Table]) -> list[list[Table]]:
    """Return the tables of each period, the earlier statement first."""
    found: dict[tuple[date, date], list[Table]] = {}
    for table in sorted(family, key=lambda each: each.statement):
        found.setdefault((table.start, table.end), []).append(table)
    return list(found.values())


def _apart(spans: Sequence[list[Table]]) -> Iterator[tuple[list[Table], ...]]:
    """Yield each set of periods, each with its statements, of which no two share a day: the largest sets first."""
    for number in range(len(spans), 0, -1):
        for some in combinations(sorted(spans, key=lambda each: (each[0].start, each[0].end)), number):
            if all(first[0].end < other[0].start for first, other in pairwise(some)):
                yield some


def _universe(tables: Sequence[Table]) -> dict[str, list[str]]:
    """Return the values of each dimension that an attacker expects; of a joint one all pairs of its parts' values."""
    known: dict[str, set[str]] = {}
    for table in tables:
        parts = parts_of(table.dimension)
        for part in parts:
            known.setdefault(part, set(CLOSED.get(part, (_OTHER,))))
        for value in table.rows:
            for part, each in zip(parts, split(value), strict=True):
                known[part].add(each)
    return {
        table.dimension: sorted(joined(each) for each in product(*(known[part] for part in parts_of(table.dimension))))
        for table in tables
    }


def _arrays(expression: Expression) -> tuple[np.ndarray, np.ndarray]:
    return np.array(list(expression), dtype=np.int32), np.array(list(expression.values()), dtype=np.float64)


def _less(parent: Table, children: Sequence[Table], value: str) -> Amounts:
    """Return what is left of a row when that of other periods is subtracted."""
    subtracted = [child.amounts(value) for child in children]
    return tuple(whole - sum(each[layer] for each in subtracted) for layer, whole in enumerate(parent.amounts(value)))
