"""Measure matchings of realistic lists, on which each person finds some places; other rows have full lists."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from services.matching.engine.market.market import Market
from services.matching.engine.optimal.most_good import most_good
from shared.contracts.codes import Objective
from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching.fresh import explained
from tests.benchmarks.matching.instances import lists, mentors
from tests.benchmarks.matching.most_good import full_graph
from tests.benchmarks.matching.peers import solved

if TYPE_CHECKING:
    from services.matching.engine.problem.problem import Problem

PEOPLE, MENTORS = 1_000, 333
_TIMES = 7
_PEER = "matching"
_LEAST = 30


def measure() -> list[Figure]:
    """Return some 40 and 20 places a list, stable beside a package and the highest sum beside OR-tools."""
    some, short = (_with_places(with_lists(PEOPLE, MENTORS, areas=areas)) for areas in (3, 1))
    large = with_lists(10 * PEOPLE, 10 * MENTORS + 3, areas=1, share=16)
    return [_stable(some), _stable(short), _highest(some), _highest(large)]


def with_lists(people: int, seats: int, *, areas: int, share: int = 1) -> Problem:
    """Return a mentoring programme of mentees with one topic and so many areas, of whom each knows some mentors.

    `share` has each mentee find only so many a part of the mentors, as where a language is rare.
    """
    problem = mentors(people, seats)
    tongues = [f"x{number}" for number in range(share)]
    return replace(
        problem,
        candidates=tuple(
            replace(
                candidate,
                topics=candidate.topics[:1],
                expertise=dict(list(candidate.expertise.items())[:areas]),
                languages=candidate.languages
                if share == 1
                else {tongues[number % share]: max(candidate.languages.values(), key=lambda level: level.order)},
            )
            for number, candidate in enumerate(problem.candidates)
        ),
        seats=tuple(
            seat
            if share == 1
            else replace(
                seat,
                languages={tongues[number % share]: min(seat.languages.values(), key=lambda level: level.order)},
                speaks={},
            )
            for number, seat in enumerate(problem.seats)
        ),
    )


def _with_places(problem: Problem) -> Problem:
    """Return the problem without those for whom no seat is feasible, whom the package cannot read."""
    market = Market(problem)
    some = {candidate.id for candidate, row in zip(market.candidates, market.rows, strict=True) if row.seats}
    return replace(problem, candidates=tuple(each for each in problem.candidates if each.id in some))


def _size(problem: Problem) -> str:
    market = Market(problem)
    lengths = np.diff(market.pairs.starts)
    low, high = np.percentile(lengths, (25, 75)).astype(int).tolist()
    return (
        f"{len(problem.candidates):,} x {len(problem.seats):,}, realistic lists (half of them {low} to {high}),"
        f" {int(lengths.sum()):,} pairs"
    )


def _stable(problem: Problem) -> Figure:
    seconds = []
    for _ in range(_TIMES + 1):
        started = perf_counter()
        result = explained(problem)
        seconds.append(perf_counter() - started)
    ours, peer = sorted(seconds[1:])[_TIMES // 2], solved(_PEER, lists(problem))
    equal, ratio = peer.seats == result.explained.seat.tolist(), peer.seconds / ours
    return Figure(
        f"stable, {_size(problem)}: {'the same matching' if equal else 'ANOTHER MATCHING'}",
        round(ours, 4),
        "s",
        Reference(f"{_PEER} {peer.version}, without scoring", round(peer.seconds, 2)),
        round(ratio, 1),
        f"the same matching, at least {_LEAST} times as fast with scoring",
        equal and ratio >= _LEAST,
    )


def _highest(problem: Problem) -> Figure:
    market = Market(replace(problem, rules=replace(problem.rules, objective=Objective.MOST_GOOD)))
    most_good(market)  # the compiled loops are loaded
    flows, searches = [], []
    for _ in range(_TIMES):
        highest, taken = full_graph(market)
        flows.append(taken)
        started = perf_counter()
        best = most_good(market)
        searches.append(1000 * (perf_counter() - started))
    theirs, ours = min(flows), min(searches)
    equal = best.certificate.valid and best.certificate.total == highest
    return Figure(
        f"highest sum with its proof, {_size(problem)}",
        round(ours, 1),
        "ms",
        Reference("OR-tools, least-cost flow on the full graph", round(theirs, 1)),
        round(ours / theirs, 3),
        "the same sum, proven, in at most 0.5 times the reference",
        equal and ours <= 0.5 * theirs,
    )
