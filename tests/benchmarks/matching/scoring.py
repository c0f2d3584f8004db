"""Measure the scoring of a pair, beside a plain loop in Python and blocks in numpy.

All three give both scores of every feasible pair; their sums by candidate are compared.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from services.matching.engine.market.market import Market
from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching.fresh import instance
from tests.unit.matching.engine.oracle import points

PEOPLE = 10_000
_BY_NUMPY, _BY_PYTHON = 1_000, 6
_BLOCK = 128
_TIMES = 5


def measure(people: int = PEOPLE) -> list[Figure]:
    """Return the nanoseconds of a pair, beside Python and beside numpy."""
    market = Market(instance(people))
    assert market.sweep is not None
    market.sweep.sums()
    seconds = []
    for _ in range(_TIMES):
        started = perf_counter()
        gains, preferences = market.sweep.sums()
        seconds.append(perf_counter() - started)
    ours = sorted(seconds)[_TIMES // 2] / market.sweep.feasible_pairs * 1e9
    by_numpy, gain, preference = _numpy(market, min(people, _BY_NUMPY))
    equal = gain == gains[: len(gain)].tolist() and preference == preferences[: len(gain)].tolist()
    by_python, gain, preference = _python(market, _BY_PYTHON)
    equal = equal and gain == gains[: len(gain)].tolist() and preference == preferences[: len(gain)].tolist()
    warning = "" if equal else ": OTHER SCORES"
    return [
        Figure(
            f"scoring, {people:,} x {len(market.seats):,}, a pair{warning}",
            round(ours, 2),
            "ns",
            Reference(name, round(theirs, 1)),
            round(theirs / ours, 1),
            f"at least {least} times as fast",
            equal and theirs / ours >= least,
        )
        for name, theirs, least in (("plain loop in Python", by_python, 100), ("blocks in numpy", by_numpy, 5))
    ]


def _numpy(market: Market, people: int) -> tuple[float, list[int], list[int]]:
    """Nanoseconds a pair, and both sums a candidate, of the first candidates in blocks."""
    gains, preferences = list[int](), list[int]()
    started = perf_counter()
    for at in range(0, people, _BLOCK):
        gain, preference = market.scores.totals(market.scores.points(market.candidates[at : min(at + _BLOCK, people)]))
        gains += gain.sum(axis=1).tolist()
        preferences += preference.sum(axis=1).tolist()
    return (perf_counter() - started) / (people * len(market.seats)) * 1e9, gains, preferences


def _python(market: Market, people: int) -> tuple[float, list[int], list[int]]:
    """Return the same of a few candidates, pair by pair."""
    weights = market.problem.rules.weights
    sums = np.zeros((people, 2), np.int64)
    started = perf_counter()
    for number, candidate in enumerate(market.candidates[:people]):
        for seat in market.seats:
            for criterion, got in points(market.problem, candidate, seat).items():
                sums[number] += weights[criterion].applicant * got, weights[criterion].host * got
    return (perf_counter() - started) / (people * len(market.seats)) * 1e9, sums[:, 0].tolist(), sums[:, 1].tolist()
