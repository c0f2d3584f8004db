"""Measure a stable matching, scored and explained, beside packages that only match."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from services.matching.engine.explain.prices import blocking_pairs
from services.matching.engine.market.market import Market
from services.matching.engine.matching import run
from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching.fresh import explained, instance, measured
from tests.benchmarks.matching.instances import lists
from tests.benchmarks.matching.peers import solved

if TYPE_CHECKING:
    from services.matching.engine.problem.problem import Problem

SMALL, LARGE = 1_000, 10_000
PEERS = {"matching": 150, "algmatch": 50}
"""Package -> how many times as fast ours should be, with scoring."""
_TIMES = 7


def measure(small: int = SMALL, large: int = LARGE) -> list[Figure]:
    """Return a small instance beside each package, and a large one with its time, memory and blocking pairs."""
    problem = instance(small)
    ours, seats = _ours(problem)
    rows = [_beside(name, least, problem, ours, seats) for name, least in PEERS.items()]
    return [*rows, *_large(large)]


def _ours(problem: Problem) -> tuple[float, list[int]]:
    """Seconds (median) for all, from the profiles on, and the seat of each candidate by number."""
    seconds = []
    for _ in range(_TIMES + 1):
        started = perf_counter()
        result = explained(problem)
        seconds.append(perf_counter() - started)
    return sorted(seconds[1:])[_TIMES // 2], result.explained.seat.tolist()


def _beside(name: str, least: int, problem: Problem, ours: float, seats: list[int]) -> Figure:
    peer = solved(name, lists(problem))
    equal = peer.seats == seats
    ratio = peer.seconds / ours
    people, places = len(problem.candidates), len(problem.seats)
    return Figure(
        f"stable, {people:,} x {places:,}, full lists: {'the same matching' if equal else 'ANOTHER MATCHING'}",
        round(ours, 4),
        "s",
        Reference(f"{name} {peer.version}, without scoring", round(peer.seconds, 2)),
        round(ratio, 1),
        f"the same matching, at least {least} times as fast with scoring",
        equal and ratio >= least,
    )


def _large(people: int) -> list[Figure]:
    problem = instance(people)
    taken = measured(people)
    size = f"{people:,} x {len(problem.seats):,}"
    assigned = run(problem).explained.seat.tolist()
    # Counted from outside: by numpy, from all pairs, none of which the sweep has kept.
    whole = Market(problem)
    started = perf_counter()
    whole.pairs = whole.all_pairs()
    scored = perf_counter() - started
    blocking = blocking_pairs(whole, assigned)
    pairs = whole.pairs
    megabytes = sum(values.nbytes for values in (pairs.seat, pairs.key, pairs.gain, pairs.preference)) / 1e6
    return [
        Figure(
            f"stable, {size}, full lists, scored and explained",
            round(taken.seconds, 3),
            "s",
            Reference("numpy, scoring and ordering alone", round(scored, 2)),
            round(scored / taken.seconds, 1),
            "at most 0.6 s",
            taken.seconds <= 0.6,
        ),
        Figure(
            f"stable, {size}: blocking pairs, counted by numpy",
            blocking,
            "pairs",
            Reference("feasible pairs", taken.pairs),
            0.0,
            "no blocking pair",
            blocking == 0 and taken.blocking == 0,
        ),
        Figure(
            f"stable, {size}: memory of the whole process",
            round(taken.megabytes),
            "MB",
            Reference("all pairs with scores and keys, alone", round(megabytes)),
            round(megabytes / taken.megabytes, 1),
            "at most 400 MB",
            taken.megabytes <= 400,
        ),
    ]
