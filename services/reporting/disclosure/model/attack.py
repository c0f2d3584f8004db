"""Attack hidden numbers by linear programming on all tables that share numbers.

The attacker knows every number that was shown (in this period and in all that were published), that a hidden number is
whole, which rows a table lists, that parts add up to their total, that halves add up to their year, and that there are
no more officials than visits. For each hidden number HiGHS (highs.dev) finds the smallest and the largest value that
agree with all of that. A number that nobody published can be worked out too: the second half is the year less the
first. So the rest of a period is attacked as if it were a hidden table.

The idea is the protection interval of statistical disclosure control (Hundepool et al., Statistical Disclosure Control,
2012, chapter 4); here a hidden number needs three possible values or more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain, product
from typing import TYPE_CHECKING

import highspy
import numpy as np

from services.reporting.disclosure.model.links import AT_MOST, linked
from services.reporting.disclosure.model.tables import covered, inside
from services.reporting.indicators.model.demand import CLOSED
from services.reporting.indicators.model.figure import joined, parts_of, split

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from services.reporting.disclosure.model.links import Link
    from services.reporting.disclosure.model.tables import Amounts, Table

POSSIBLE = 3
"""The fewest whole numbers that must be possible for each hidden number."""
_CLOSE = 1e-6
_OTHER = "*"
"""A value that no table lists: a table that does not list its rows may have more than are known elsewhere."""
Expression = dict[int, float]
Place = tuple[str, str, str, str, bool]
"""Indicator, dimension, period, value, and whether it is the rest of that period."""


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
    needed: int = POSSIBLE
    rest: bool = False
    """True if it is the rest that published periods leave of this one."""

    @property
    def place(self) -> Place:
        """The identity of the number, for a set of such."""
        table = self.table
        return table.indicator, table.dimension, table.label, self.value, self.rest


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
        return self.possible >= self.target.needed


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


class Attack:
    """An attacker's knowledge of tables that share numbers, as a system of equations."""

    def __init__(self, tables: Sequence[Table]) -> None:
        """Write down all that is known."""
        self.tables = sorted(tables, key=lambda t: (t.indicator, t.dimension, t.start, t.end))
        self._values = _universe(tables)
        self._columns: dict[tuple[int, str, int], int] = {}
        self._bounds: list[tuple[float, float]] = []
        self._rows: list[tuple[float, float, Expression]] = []
        self._targets: list[tuple[Target, Expression]] = []
        self._plain = True
        for table in self.tables:
            self._table(table)
        for family in self._families():
            for parent in family:
                self._children(parent, [each for each in inside(parent, family) if each.layers == parent.layers])
        for smaller, larger in AT_MOST:
            self._at_most(smaller, larger)
        for link, child, parent_table in linked(self.tables):
            self._link(link, child, parent_table)

    def weak(self, revealed: Collection[Place] = (), safe: set[tuple[Place, int]] | None = None) -> Range | None:
        """Return the first hidden number that is not safe, or None; except those that are `given` away by totals alone.

        `safe` are the numbers found safe before less was shown; those found now are added to it.

        A solution for one number is a possible state of all others too, so most prove safe without a solution of their
        own.
        """
        safe = set() if safe is None else safe
        targets = [
            (target, expression)
            for target, expression in self._targets
            if target.place not in revealed and (target.place, target.layer) not in safe
        ]
        if not targets:
            return None
        solver, observed = self._solver(), _ObservedValues([expression for _, expression in targets])
        for place, (target, expression) in enumerate(targets):
            if observed.possible(place) < target.needed:
                found = Range(target, *self._between(solver, expression, observed))
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
            if table.listed or row.few:
                whole = sum(table.totals) if table.totals else math.inf
                needed = POSSIBLE if table.listed else int(min(POSSIBLE, whole + 1))
                for layer, column in enumerate(self._of(table, value)):
                    self._targets.append((Target(table, value, layer, needed), {column: 1.0}))
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
        """Return the tables of the same indicator and dimension, of all periods."""
        found: dict[tuple[str, str], list[Table]] = {}
        for table in self.tables:
            found.setdefault((table.indicator, table.dimension), []).append(table)
        return list(found.values())

    def _children(self, parent: Table, children: Sequence[Table]) -> None:
        """Add what periods inside another one say of it, and what they leave of it, if that is not published."""
        if not children:
            return
        all_of_it = covered(parent, children)
        left = {value: _less(parent, children, value) for value in self._values[parent.dimension]}
        everything = list(chain.from_iterable(left.values()))
        if all_of_it and all(abs(each) < _CLOSE for each in everything):
            self._relate(parent, children, 0.0, 0.0)
        elif not all_of_it and all(each > -_CLOSE for each in everything):
            self._relate(parent, children, 0.0, highspy.kHighsInf)
            self._rest(parent, children, left)
        elif all_of_it and all(each < _CLOSE for each in everything):  # a person counts once in each period
            self._plain = False
            self._relate(parent, children, -highspy.kHighsInf, 0.0)
            for child in children:
                mine = self._values[parent.dimension]
                if all(each > -_CLOSE for value in mine for each in _less(parent, [child], value)):
                    self._relate(parent, [child], 0.0, highspy.kHighsInf)

    def _relate(self, parent: Table, children: Sequence[Table], least: float, most: float) -> None:
        """Add that parent less children lies between two numbers, row by row."""
        for value in self._values[parent.dimension]:
            for layer in range(parent.layers):
                if expression := self._left(parent, children, value, layer):
                    self._rows.append((least, most, expression))

    def _rest(self, parent: Table, children: Sequence[Table], left: dict[str, Amounts]) -> None:
        """Attack the rest of a period: it can be worked out though nobody published it."""
        totals = [table.totals for table in (parent, *children)]
        needed = POSSIBLE
        if all(total is not None for total in totals):  # the totals limit what is possible
            whole, *subtracted = (sum(total or ()) for total in totals)
            needed = int(min(POSSIBLE, whole - sum(subtracted) + 1))
        for value, amounts in left.items():
            if not parent.is_few(amounts):
                continue
            for layer in range(parent.layers):
                if expression := self._left(parent, children, value, layer):
                    self._targets.append((Target(parent, value, layer, needed, rest=True), expression))

    def _left(self, parent: Table, children: Sequence[Table], value: str, layer: int) -> Expression:
        """Return parent less children. A row that a table does not list is known to be nothing, so it drops out."""
        parts = chain([(parent, 1.0)], ((child, -1.0) for child in children))
        columns = ((self._columns.get((id(table), value, layer)), sign) for table, sign in parts)
        return {column: sign for column, sign in columns if column is not None}

    def _at_most(self, smaller: str, larger: str) -> None:
        for low in (table for table in self.tables if table.indicator == smaller):
            for high in (table for table in self.tables if table.indicator == larger):
                same = (low.dimension, low.start, low.end) == (high.dimension, high.start, high.end)
                if same and all(low.amounts(v)[0] <= high.amounts(v)[0] for v in low.rows):
                    self._plain = False
                    self._relate(high, [low], 0.0, highspy.kHighsInf)

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

    def _solver(self) -> highspy.Highs:
        solver = _Silent()
        solver.setOptionValue("threads", 1)  # enough for small systems; HiGHS allows one setting in a process
        solver.setOptionValue("presolve", "off")  # the last basis of the same small system helps more
        lows, highs = zip(*self._bounds, strict=True)
        solver.addVars(len(self._bounds), np.array(lows), np.array(highs))
        for low, high, expression in self._rows:
            solver.addRow(low, high, len(expression), *_arrays(expression))
        return solver

    def _between(self, solver: highspy.Highs, expression: Expression, observed: _ObservedValues) -> tuple[float, float]:
        columns, signs = _arrays(expression)
        found = []
        solver.changeColsCost(len(columns), columns, signs)
        for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
            solver.changeObjectiveSense(sense)
            state = self._state(solver)
            if state is None:
                found.append(-math.inf if sense == highspy.ObjSense.kMinimize else math.inf)
                continue
            found.append(float(state[columns] @ signs))
            observed.add(state)
        solver.changeColsCost(len(columns), columns, np.zeros(len(columns)))
        least, most = found
        return math.ceil(least - _CLOSE), (math.floor(most + _CLOSE) if math.isfinite(most) else most)

    def _state(self, solver: highspy.Highs) -> np.ndarray | None:
        """Return the best state of the system, in whole numbers; None if there is no best."""
        state = _solved(solver)
        if state is None or self._plain or np.all(np.abs(state - np.round(state)) < _CLOSE):
            return state  # a plain system is a network, whose corners are whole numbers
        everything = np.arange(len(self._bounds), dtype=np.int32)
        for kind in (highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous):
            solver.changeColsIntegrality(len(everything), everything, np.full(len(everything), kind))
            if kind == highspy.HighsVarType.kInteger:
                state = _solved(solver)
        return state


def _solved(solver: highspy.Highs) -> np.ndarray | None:
    solver.run()
    match solver.getModelStatus():
        case highspy.HighsModelStatus.kOptimal:
            return np.asarray(solver.getSolution().col_value)
        case highspy.HighsModelStatus.kUnbounded | highspy.HighsModelStatus.kUnboundedOrInfeasible:
            return None
        case status:
            raise RuntimeError(f"The attack on hidden numbers ended with {status}")


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
