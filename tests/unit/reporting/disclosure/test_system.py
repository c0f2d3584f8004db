"""The reduced system of the attacker allows each hidden number the same values as the whole system."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.disclosure.model.system import Contradiction, Expression, Part, Row, reduce

COLUMNS, MOST = 5, 3
signs = st.sampled_from((-1.0, 1.0))
expressions = st.dictionaries(st.integers(0, COLUMNS - 1), signs, min_size=1, max_size=3)
states = st.lists(st.integers(0, MOST), min_size=COLUMNS, max_size=COLUMNS)


def value(expression: Expression, state: tuple[int, ...]) -> float:
    """Return a sum in a state."""
    return sum(sign * state[column] for column, sign in expression.items())


def possible(bounds: list[tuple[float, float]], rows: list[Row], expression: Expression) -> set[float]:
    """Return all values of a sum, by trying each state in whole numbers up to `MOST`."""
    ranges = [range(math.ceil(low), math.floor(min(high, MOST)) + 1) for low, high in bounds]
    return {
        value(expression, state)
        for state in itertools.product(*ranges)
        if all(low - 1e-6 <= value(each, state) <= high + 1e-6 for low, high, each in rows)
    }


@settings(max_examples=150, deadline=None)
@given(states, st.lists(st.tuples(expressions, st.sampled_from(("same", "more", "less"))), max_size=9), states)
def test_each_sum_keeps_its_values(real: list[int], known: list[tuple[Expression, str]], others: list[int]) -> None:
    """Putting in, joining and leaving out change no possible value of any number or difference of two."""
    state = tuple(real)
    bounds = [(float(min(pair)), float(max(pair))) for pair in zip(real, others, strict=True)]
    rows: list[Row] = []
    for expression, kind in known:
        there = value(expression, state)
        rows.append((-math.inf if kind == "less" else there, math.inf if kind == "more" else there, expression))
    sums: list[Expression] = [{column: 1.0} for column in range(COLUMNS)]
    sums += [{column: 1.0, other: -1.0} for column, other in itertools.combinations(range(COLUMNS), 2)]
    for expression, sought in zip(sums, reduce(bounds, rows, sums), strict=True):
        part = sought.part or Part()
        assert possible(bounds, rows, expression) == {
            sought.known + each for each in possible(part.bounds, part.rows, sought.expression)
        }


def test_statements_that_only_grow_need_one_row_for_each_step() -> None:
    """Of the ten pairs of five growing statements only steps are left, and the last one bounds the others."""
    bounds = [(0.0, math.inf)] * 4 + [(9.0, 9.0)]
    pairs = itertools.combinations(range(5), 2)
    rows: list[Row] = [(0.0, math.inf, {later: 1.0, earlier: -1.0}) for earlier, later in pairs]
    sought = reduce(bounds, rows, [{0: 1.0}, {4: 1.0}])
    assert sought[0].part is not None
    assert len(sought[0].part.rows) == 3
    assert [high for _, high in sought[0].part.bounds] == [9.0] * 4
    assert (sought[1].part, sought[1].known) == (None, 9.0)


def test_statements_in_a_circle_are_one_number() -> None:
    """A number that is neither less nor more than another one is the same, whatever lies between."""
    rows: list[Row] = [(0.0, math.inf, {(at + 1) % 3: 1.0, at: -1.0}) for at in range(3)]
    number, difference = reduce([(0.0, math.inf)] * 3, rows, [{0: 1.0}, {1: 1.0, 2: -1.0}])
    assert number.part is not None
    assert (len(number.part.bounds), number.part.rows) == (1, [])
    assert (difference.part, difference.known) == (None, 0.0)


def test_equal_numbers_are_known_as_well_as_each_of_them() -> None:
    """Of two equal numbers the first is at most three and the second at least two: so are both."""
    [sought] = reduce([(0.0, 3.0), (2.0, math.inf)], [(0.0, 0.0, {0: 1.0, 1: -1.0})], [{0: 1.0}])
    assert sought.part is not None
    assert sought.part.bounds == [(2.0, 3.0)]


def test_numbers_that_share_nothing_are_apart() -> None:
    """Two tables that share no unknown are two parts, unless a sum takes numbers of both."""
    rows: list[Row] = [(7.0, 7.0, {0: 1.0, 1: 1.0}), (9.0, 9.0, {2: 1.0, 3: 1.0})]
    apart = reduce([(0.0, math.inf)] * 4, rows, [{0: 1.0}, {2: 1.0}])
    assert apart[0].part is not apart[1].part
    together = reduce([(0.0, math.inf)] * 4, rows, [{0: 1.0}, {2: 1.0}, {1: 1.0, 3: -1.0}])
    assert together[0].part is together[1].part


def test_knowledge_that_contradicts_itself_is_refused() -> None:
    """Seven that are shown as at least nine make no system."""
    with pytest.raises(Contradiction):
        reduce([(7.0, 7.0)], [(9.0, math.inf, {0: 1.0})], [{0: 1.0}])
