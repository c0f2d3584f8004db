"""Measure the digest of a large problem, beside one JSON text of everything."""

from __future__ import annotations

import hashlib
import json
from statistics import median
from time import process_time
from typing import TYPE_CHECKING

from services.matching.engine.problem.digest import canonical
from services.matching.engine.problem.digest import digest as digest_of
from services.matching.engine.problem.problem import ENGINE_VERSION
from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching.instances import mentors

if TYPE_CHECKING:
    from services.matching.engine.problem.problem import Problem

PEOPLE, MENTORS = 10_000, 3_333
_WITHIN = 0.2
_TIMES = 5


def measure(people: int = PEOPLE, seats: int = MENTORS) -> list[Figure]:
    """Return the seconds of processor time for a digest."""
    problem = mentors(people, seats)
    taken = []
    for _ in range(_TIMES):
        started = process_time()
        digest = digest_of(problem)
        taken.append(process_time() - started)
    started = process_time()
    equal = digest == _plainly(problem)
    plain, value = process_time() - started, median(taken)
    return [
        Figure(
            f"digest of {people:,} x {seats:,}: {'the same value' if equal else 'ANOTHER VALUE'}",
            round(value, 3),
            "s",
            Reference("one JSON text of everything, sorted", round(plain, 2)),
            round(plain / value, 1),
            f"the same value, in at most {_WITHIN:g} s of one core",
            equal and value <= _WITHIN,
        )
    ]


def _plainly(problem: Problem) -> str:
    text = json.dumps([ENGINE_VERSION, canonical(problem)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
