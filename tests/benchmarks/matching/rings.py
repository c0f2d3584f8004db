"""Measure the best exchange rings, beside taking the heaviest ring again and again."""

from __future__ import annotations

import random
from dataclasses import replace
from time import perf_counter
from typing import Any

from services.matching.engine.interventions.rings import rings
from services.matching.engine.market.market import Market
from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching import instances

_SIZES = ((60, 25, 15), (200, 80, 30))
_COUNTRIES = ("AM", "AZ", "GE", "MD", "UA", "DE", "FR", "IT", "PL", "RO")


def measure() -> list[Figure]:
    """Officers without a place and the placements of their own agencies: a programme's size, and one far larger."""
    return [_of(*size) for size in _SIZES]


def _of(people: int, offers: int, agencies: int) -> Figure:
    market = Market(_problem(people, offers, agencies))
    waiting = {candidate.id for candidate in market.candidates}
    started = perf_counter()
    fast = rings(market, waiting, exact_columns=0)
    theirs = 1000 * (perf_counter() - started)
    started = perf_counter()
    best = rings(market, waiting)
    ours = 1000 * (perf_counter() - started)
    travel = sum(len(ring.legs) for ring in best.rings)
    proof = "proven best" if best.bound == best.total else f"{100 * best.total / best.bound:.2f} % of the bound"
    gained = 100 * (best.total / fast.total - 1) if fast.total else 0.0
    return Figure(
        f"exchange rings, {people} officers of {agencies} agencies: {travel} travel, {proof}",
        round(ours, 1),
        "ms",
        Reference("the heaviest ring again and again", round(theirs, 1)),
        round(ours / theirs, 1),
        f"a higher sum (here +{gained:.1f} %), within 6 s",
        best.total >= fast.total and ours <= 6000,
    )


def _problem(people: int, offers: int, agencies: int) -> Any:
    dice = random.Random(people)
    problem = instances.placements(people, offers, seed=1)
    homes = [(f"agency-{number}", dice.choice(_COUNTRIES)) for number in range(agencies)]

    def put(part: Any) -> Any:
        agency, country = dice.choice(homes)
        return replace(part, organisation_id=agency, country=country)

    return replace(
        problem,
        candidates=tuple(map(put, problem.candidates)),
        seats=tuple(map(put, problem.seats)),
        fixed=(),
    )
