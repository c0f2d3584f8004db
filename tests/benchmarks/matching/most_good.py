"""Measure the highest sum with its proof, beside OR-tools on the full graph, and what each aim costs."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from ortools.graph.python import min_cost_flow

from services.matching.engine.explain.prices import prices
from services.matching.engine.market.market import Market
from services.matching.engine.matching import run
from services.matching.engine.optimal.most_good import Best, Effort, most_good
from services.matching.engine.solution import solve
from shared.contracts.codes import Objective
from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching import instances

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE, MENTORS = 10_000, 3_333
_TIMES = 3
Found = TypeVar("Found")
_FULL = "OR-tools, least-cost flow on the full graph"


def measure() -> list[Figure]:
    """Return 10,000 mentees and 3,333 mentors with the proof, with the first bound, and the price of either aim."""
    market = Market(instances.mentors(PEOPLE, MENTORS, objective=Objective.MOST_GOOD))
    highest, theirs = full_graph(market)
    proven, ours = least(lambda: most_good(market))
    quick, soon = least(lambda: most_good(market, effort=Effort(rounds=1)))
    equal = proven.certificate.valid and proven.certificate.total == highest
    share = quick.certificate.total / highest
    return [
        Figure(
            f"highest sum with its proof, {PEOPLE:,} x {MENTORS:,}, {len(market.pairs.seat):,} pairs",
            round(ours, 1),
            "ms",
            Reference(_FULL, round(theirs, 1)),
            round(ours / theirs, 3),
            "the same sum, proven, in at most 0.5 times the reference",
            equal and ours <= 0.5 * theirs,
        ),
        Figure(
            f"the same after one flow, {100 * share:.3f} % of the sum, bound {quick.certificate.gap_ppm} ppm above",
            round(soon, 1),
            "ms",
            Reference(_FULL, round(theirs, 1)),
            round(soon / theirs, 3),
            "at least 99.95 % of the sum in at most 0.15 times the reference",
            share >= 0.9995 and soon <= 0.15 * theirs,
        ),
        *_prices(market, proven),
        _whole(),
    ]


def _whole() -> Figure:
    """From the applications on, where every mentee could have every mentor, beside a stable run of the same."""
    problem = instances.mentors(PEOPLE, MENTORS, full=True, objective=Objective.MOST_GOOD)
    calm = replace(problem, rules=replace(problem.rules, objective=Objective.STABLE))
    good, ours = least(lambda: run(problem))
    _, theirs = least(lambda: run(calm))
    return Figure(
        f"most good from the applications on, full lists, {good.feasible_pairs:,} pairs scored, matched and proven",
        round(ours, 1),
        "ms",
        Reference("stable, the same lists", round(theirs, 1)),
        round(ours / theirs, 3),
        "the highest sum is proven",
        good.certificate.valid,
    )


def _prices(market: Market, best: Best) -> list[Figure]:
    """Return the cost of stability in points, and that of the highest sum in blocking pairs."""
    problem = market.problem
    stable = Market(replace(problem, rules=replace(problem.rules, objective=Objective.STABLE)))
    calm = prices(stable, solve(stable).assigned, best.certificate)
    good = prices(market, best.assigned, best.certificate)
    return [
        Figure(
            f"stable: {calm.blocking_pairs} blocking pairs, sum",
            calm.total,
            "points",
            Reference("the highest sum, proven" if calm.proven else "no sum is above", calm.best),
            round(calm.total / calm.best, 4),
            "no blocking pair",
            calm.blocking_pairs == 0,
        ),
        Figure(
            f"most good: {100 * good.of_best_ppm / 1_000_000:.2f} % of the sum, blocking pairs",
            good.blocking_pairs,
            "pairs",
            Reference("feasible pairs", len(market.pairs.seat)),
            round(good.blocking_pairs / len(market.pairs.seat), 6),
            "all of the sum",
            good.of_best_ppm == 1_000_000,
        ),
    ]


def full_graph(market: Market) -> tuple[int, float]:
    """Return the highest sum and the milliseconds that OR-tools takes with an arc for every feasible pair."""
    pairs, people, seats = market.pairs, len(market.candidates), len(market.seats)
    tail = pairs.owner.astype(np.int32)
    head = (people + pairs.seat).astype(np.int32)
    cost = -pairs.weight
    pool, end = people + seats, people + seats + 1
    person, seat = np.arange(people, dtype=np.int32), np.arange(people, people + seats, dtype=np.int32)
    started = perf_counter()
    solver = min_cost_flow.SimpleMinCostFlow()
    add = solver.add_arcs_with_capacity_and_unit_cost
    add(tail, head, np.ones_like(cost), cost)
    add(np.full_like(person, pool), person, np.ones(people, np.int64), np.zeros(people, np.int64))
    add(seat, np.full_like(seat, end), np.array(market.free, np.int64), np.zeros(seats, np.int64))
    add(np.array([pool], np.int32), np.array([end], np.int32), np.array([people]), np.array([0]))
    solver.set_node_supply(pool, people)
    solver.set_node_supply(end, -people)
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("OR-tools found no optimum")
    return -solver.optimal_cost(), 1000 * (perf_counter() - started)


def least(work: Callable[[], Found]) -> tuple[Found, float]:
    """Return the result of the work, and the least milliseconds of a few runs."""
    taken = []
    for _ in range(_TIMES):
        started = perf_counter()
        found = work()
        taken.append(1000 * (perf_counter() - started))
    return found, min(taken)
