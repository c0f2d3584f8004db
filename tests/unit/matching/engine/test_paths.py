"""The assignment of the highest sum by shortest paths: optimal, with prices that prove it."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.optimal.network import FlowProblem, solve_flow

pytest.importorskip("numba")
paths = pytest.importorskip("services.matching.engine.optimal.paths")


class Lists:
    """Random lists: pairs of each candidate, their weights, and no to three places a seat."""

    def __init__(self, seed: int, people: int, seats: int, most: int) -> None:
        dice = random.Random(seed)
        rows = [sorted(dice.sample(range(seats), dice.randint(0, seats))) for _ in range(people)]
        self.starts = np.cumsum([0, *map(len, rows)])
        self.seat = np.array([seat for row in rows for seat in row], np.int64)
        self.weight = np.array([dice.randint(1, most) for _ in self.seat], np.int64)
        self.free = np.array([dice.randint(0, 3) for _ in range(seats)], np.int64)
        self.owner = np.repeat(np.arange(people), np.diff(self.starts))

    def highest(self) -> int:
        """Return the highest sum, by a flow of OR-tools that may leave anybody without a seat."""
        people, seats = len(self.starts) - 1, len(self.free)
        end = people + seats
        tail = np.concatenate([self.owner, np.arange(people), people + np.arange(seats)])
        head = np.concatenate([people + self.seat, np.full(people + seats, end)])
        capacity = np.concatenate([np.ones(len(self.seat) + people, np.int64), self.free])
        cost = np.concatenate([-self.weight, np.zeros(people + seats, np.int64)])
        supply = np.array([1] * people + [0] * seats + [-people], np.int64)
        return -int(solve_flow(FlowProblem(end + 1, tail, head, capacity, cost, supply)) @ cost)


@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(1, 15), st.sampled_from((1, 3, 1000, 1 << 55)))
@settings(max_examples=150, deadline=None)
def test_the_sum_is_the_highest_and_the_prices_prove_it(seed: int, people: int, seats: int, most: int) -> None:
    """The sum is that of OR-tools, no seat has more than its places, and the bound by the prices is the sum."""
    lists = Lists(seed, people, seats, most)
    found = paths.optimum(lists.starts, lists.seat, lists.weight, lists.free)
    assert found is not None
    chosen = found.assigned[lists.owner] == lists.seat
    assert chosen.sum() == (found.assigned >= 0).sum()
    assert (np.bincount(lists.seat[chosen], minlength=seats) <= lists.free).all()
    left = np.zeros(people, np.int64)
    np.maximum.at(left, lists.owner, lists.weight - found.price[lists.seat])
    assert (found.price >= 0).all()
    total = sum(lists.weight[chosen].tolist())
    assert total == sum(left.tolist()) + sum((found.price * lists.free).tolist())
    if most <= 1000:
        assert total == lists.highest()


def test_it_gives_up_where_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists on which pairs are read again and again have no answer, so that a flow takes over."""
    lists = Lists(1, 30, 3, 1000)
    monkeypatch.setattr(paths, "_READS", 0)
    monkeypatch.setattr(paths, "_LEAST_READS", 0)
    assert paths.optimum(lists.starts, lists.seat, lists.weight, lists.free) is None
