"""Compile the loops of the highest sum ahead, so that the first change need not wait for them (`make setup`)."""

import sys
from dataclasses import replace
from time import perf_counter

from services.matching.engine.kernels.__main__ import _smallest
from services.matching.engine.kernels.base import AVAILABLE
from services.matching.engine.live.matching import LiveMatching
from services.matching.engine.matching import run
from shared.contracts.codes import Objective


def main() -> int:
    """Follow a candidate who leaves and returns, and a seat that loses its place and gets it back; always 0."""
    if not AVAILABLE:
        return 0
    started = perf_counter()
    problem = _smallest(1)
    problem = replace(problem, rules=replace(problem.rules, objective=Objective.MOST_GOOD))
    ran = run(problem)
    live = LiveMatching(problem, ran.matching, ran.seat_prices)
    live.change(problem.candidates[0])
    for places in (0, 1):
        live.alter(replace(problem.seats[0], capacity=places))
    live.open(replace(problem.seats[0], id="another"))
    sys.stdout.write(f"The loops of the highest sum are compiled ({perf_counter() - started:.0f} s).\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
