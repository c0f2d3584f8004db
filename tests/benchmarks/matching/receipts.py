"""Measure the receipt of an applicant without a place under ceilings, beside a run for each change."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from time import process_time
from typing import TYPE_CHECKING

from services.matching.engine.market.market import Market
from services.matching.engine.matching import run
from services.matching.engine.solution import solve
from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching.instances import placements

if TYPE_CHECKING:
    from services.matching.engine.problem.problem import Problem

OFFICERS, OFFERS, EFFORT = 2_000, 300, 24
_LEAST = 20
_TIMES = 5


def measure(people: int = OFFICERS, offers: int = OFFERS, effort: int = EFFORT) -> list[Figure]:
    """Return the mean processor time, in milliseconds, of the receipts of all without a place."""
    problem = placements(people, offers)
    problem = replace(problem, rules=replace(problem.rules, floors={}))
    result = run(problem)
    result.receipt(result.unmatched[0], effort=1)
    started = process_time()
    tried = [result.receipt(candidate, effort=effort).tried for candidate in result.unmatched]
    value = (process_time() - started) / len(tried)
    beside = median(_seconds_of_a_run(problem) for _ in range(_TIMES)) * sum(tried) / len(tried)
    return [
        Figure(
            f"a receipt under ceilings, {people:,} x {offers:,}, {sum(tried) / len(tried):.0f} changes tried",
            round(1000 * value, 1),
            "ms",
            Reference("a run of the solver for each change", round(1000 * beside, 1)),
            round(beside / value, 1),
            f"at least {_LEAST} times as fast",
            beside >= _LEAST * value,
        )
    ]


def _seconds_of_a_run(problem: Problem) -> float:
    market = Market(problem)
    _ = market.sweep
    started = process_time()
    solve(market)
    return process_time() - started
