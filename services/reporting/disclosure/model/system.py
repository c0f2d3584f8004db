"""Make the attacker's system of equations smaller without changing what can be worked out from it.

Known numbers are put in, numbers that are always equal become one, rows that say nothing new are left out, and the
system falls into parts that share no unknown. Each step keeps the set of possible states: what is left has the same
smallest and largest value for every hidden number. Without this the proof for a fourth statement of a half-year takes
longer than a publication may.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CLOSE = 1e-6
Expression = dict[int, float]
"""Coefficients by column."""
Row = tuple[float, float, Expression]
"""An expression between two bounds."""
_Pairs = tuple[tuple[int, float], ...]


class Contradiction(ValueError):
    """No state agrees with all rows: the knowledge was written down wrongly."""


@dataclass(slots=True)
class Part:
    """Columns and rows that share no unknown with the rest; the columns are numbered from 0."""

    bounds: list[tuple[float, float]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sought:
    """A sum to be bounded, in the columns of one part, beside what of it is known; no part if all of it is known."""

    part: Part | None
    expression: Expression
    known: float


def reduce(bounds: Sequence[tuple[float, float]], rows: Iterable[Row], sums: Sequence[Expression]) -> list[Sought]:
    """Return the sums in terms of the smaller system. Raises `Contradiction`."""
    system = _System(list(bounds))
    left = system.simplified(list(rows))
    found = [system.put_in(each) for each in sums]
    return system.parts(left, found)


class _System:
    """Columns that are joined where they are equal, each class with the bounds of all of its columns."""

    def __init__(self, bounds: list[tuple[float, float]]) -> None:
        self._bounds = bounds
        self._of = list(range(len(bounds)))

    def simplified(self, rows: list[Row]) -> list[Row]:
        """Return the rows that are left when nothing more can be put in."""
        before = (-1, -1)
        while before != self._size(rows):
            before = self._size(rows)
            rows = self._without_implied(self._once(rows))
        return rows

    def _size(self, rows: list[Row]) -> tuple[int, int]:
        """Return how many columns are unknown and differ from each other, and how many rows are left."""
        unknown = [at for at, (low, high) in enumerate(self._bounds) if low != high and self._of[at] == at]
        return len(unknown), len(rows)

    def _first(self, column: int) -> int:
        while self._of[column] != column:
            self._of[column] = self._of[self._of[column]]
            column = self._of[column]
        return column

    def put_in(self, expression: Expression) -> tuple[float, Expression]:
        """Return what is known of an expression, and the rest in columns that stand for their equals."""
        known = 0.0
        rest: Expression = {}
        for column, sign in expression.items():
            first = self._first(column)
            low, high = self._bounds[first]
            if low == high:
                known += sign * low
            else:
                rest[first] = rest.get(first, 0.0) + sign
        return known, {column: sign for column, sign in rest.items() if sign}

    def _once(self, rows: list[Row]) -> list[Row]:
        """Put in what is known, take bounds from rows with one column, join equal columns; each row stays once."""
        merged: dict[_Pairs, tuple[float, float]] = {}
        for least, most, expression in rows:
            known, rest = self.put_in(expression)
            low, high = least - known, most - known
            if not rest:
                if low > _CLOSE or high < -_CLOSE:
                    raise Contradiction
            elif len(rest) == 1:
                [(column, sign)] = rest.items()
                self._bound(column, *sorted((low / sign, high / sign)))
            elif low == high == 0 and sorted(rest.values()) == [-1.0, 1.0]:
                self._join(*rest)
            else:
                pairs = tuple(sorted(rest.items()))
                was = merged.get(pairs, (-math.inf, math.inf))
                merged[pairs] = max(low, was[0]), min(high, was[1])
        return [(*ends, dict(pairs)) for pairs, ends in merged.items() if self._says_something(dict(pairs), *ends)]

    def _bound(self, column: int, low: float, high: float) -> None:
        was = self._bounds[column]
        low, high = max(low, was[0]), min(high, was[1])
        if low > high + _CLOSE:
            raise Contradiction
        self._bounds[column] = (low, low) if high - low < _CLOSE else (low, high)

    def _join(self, column: int, other: int) -> None:
        self._of[other] = column
        self._bound(column, *self._bounds[other])

    def _says_something(self, expression: Expression, low: float, high: float) -> bool:
        """Return whether a row excludes anything that the bounds of its columns allow."""
        least = sum(sign * self._bounds[column][sign < 0] for column, sign in expression.items())
        most = sum(sign * self._bounds[column][sign > 0] for column, sign in expression.items())
        return least < low - _CLOSE or most > high + _CLOSE

    def _without_implied(self, rows: list[Row]) -> list[Row]:
        """Leave out that one column is no less than another where that follows by columns between; join circles."""
        above: dict[int, set[int]] = {}
        others = []
        for row in rows:
            if (pair := _ordered(*row)) is None:
                others.append(row)
            else:
                above.setdefault(pair[0], set()).add(pair[1])
        reached = {column: _reached(above, column) for column in above}
        if any(column in far for column, far in reached.items()):
            self._join_circles(reached)
            return rows  # columns that are equal are put in first
        return others + [
            (0.0, math.inf, {other: 1.0, column: -1.0})
            for column, near in sorted(above.items())
            for other in sorted(near)
            if not any(other in reached.get(between, ()) for between in near)
        ]

    def _join_circles(self, reached: dict[int, set[int]]) -> None:
        for column, far in sorted(reached.items()):
            for other in sorted(each for each in far if column in reached.get(each, ())):
                first, equal = self._first(column), self._first(other)
                if first != equal:
                    self._join(first, equal)

    def parts(self, rows: list[Row], sums: list[tuple[float, Expression]]) -> list[Sought]:
        """Return each sum within the part of the system that its columns belong to."""
        root = {column: column for _, rest in sums for column in rest}
        root |= {column: column for *_, rest in rows for column in rest}

        def first(column: int) -> int:
            while root[column] != column:
                root[column] = root[root[column]]
                column = root[column]
            return column

        for expression in (*(rest for *_, rest in rows), *(rest for _, rest in sums)):
            for column, other in pairwise(expression):
                root[first(other)] = first(column)
        made: dict[int, Part] = {}
        numbers: dict[int, int] = {}
        for column in sorted(root):
            part = made.setdefault(first(column), Part())
            numbers[column] = len(part.bounds)
            part.bounds.append(self._bounds[column])
        for low, high, expression in rows:
            part = made[first(next(iter(expression)))]
            part.rows.append((low, high, {numbers[column]: sign for column, sign in expression.items()}))
        return [
            Sought(
                made[first(next(iter(rest)))] if rest else None,
                {numbers[column]: sign for column, sign in rest.items()},
                known,
            )
            for known, rest in sums
        ]


def _ordered(low: float, high: float, expression: Expression) -> tuple[int, int] | None:
    """Return the smaller and the larger column of a row that only says that one is no less than the other."""
    if sorted(expression.values()) != [-1.0, 1.0]:
        return None
    less = next(column for column, sign in expression.items() if sign < 0)
    more = next(column for column, sign in expression.items() if sign > 0)
    if (low, high) == (0.0, math.inf):
        return less, more
    return (more, less) if (low, high) == (-math.inf, 0.0) else None


def _reached(above: dict[int, set[int]], column: int) -> set[int]:
    """Return all columns that are no less than a column, by any way."""
    found: set[int] = set()
    left = [column]
    while left:
        for other in above.get(left.pop(), ()):
            if other not in found:
                found.add(other)
                left.append(other)
    return found
