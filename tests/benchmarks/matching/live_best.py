"""Measure one event at a pool of 10,000 under the highest sum, and a receipt.

The seeded events are those of `live.py`; at some moments the matching is compared with a run from scratch. A receipt
is that of somebody without a place, with all changes that are tried.
"""

from __future__ import annotations

from statistics import median
from time import process_time

import numpy as np

from services.matching.engine.live.matching import LiveMatching
from services.matching.engine.matching import run
from shared.contracts.codes import Objective
from tests.benchmarks.figures import NO_AIM, Figure, Reference
from tests.benchmarks.matching.instances import mentors
from tests.benchmarks.matching.live import happenings

PEOPLE, EVENTS, CHECKS, RECEIPTS = 10_000, 1_000, 10, 100
_LEAST = 100
_EFFORT = 24


def measure(people: int = PEOPLE, events: int = EVENTS) -> list[Figure]:
    """Return the processor time of half and of nearly all events, how often the matching was equal, and a receipt."""
    problem = mentors(people, objective=Objective.MOST_GOOD)
    first = run(problem)
    live = LiveMatching(problem, first.matching, first.seat_prices)
    taken: list[float] = []
    scratch: list[float] = []
    equal = 0
    for number, happen in enumerate(happenings(live, mentors(people // 4, seed=2), events), 1):
        started = process_time()
        happen()
        taken.append(process_time() - started)
        if number % (events // CHECKS) == 0:
            started = process_time()
            matching = dict(run(live.problem).matching)
            scratch.append(process_time() - started)
            equal += matching == live.matching
    whole = 1000 * median(scratch)
    half, most = (1000 * float(np.percentile(taken, share)) for share in (50, 99))
    beside = Reference("a run from scratch", round(whole, 1))
    first.receipt(first.unmatched[0], effort=_EFFORT)
    started = process_time()
    tried = [first.receipt(candidate, effort=_EFFORT).tried for candidate in first.unmatched[:RECEIPTS]]
    receipt, runs = 1000 * (process_time() - started) / len(tried), whole * sum(tried) / len(tried)
    return [
        Figure(
            f"highest sum, one event at {people:,}, half of them within",
            round(half, 3),
            "ms",
            beside,
            round(half / whole, 5),
            f"at least {_LEAST} times faster",
            whole >= _LEAST * half,
        ),
        Figure(
            f"highest sum, one event at {people:,}, 99 of 100 within",
            round(most, 3),
            "ms",
            beside,
            round(most / whole, 5),
            NO_AIM,
            True,
        ),
        Figure(
            f"highest sum, moments at {people:,} equal to a new run",
            equal,
            "moments",
            Reference("moments compared", len(scratch)),
            equal / len(scratch),
            "all equal",
            equal == len(scratch),
        ),
        Figure(
            f"highest sum, a receipt at {people:,}, {sum(tried) / len(tried):.1f} changes tried",
            round(receipt, 1),
            "ms",
            Reference("a run of the whole for each change", round(runs, 1)),
            round(runs / receipt, 1),
            NO_AIM,
            True,
        ),
    ]
