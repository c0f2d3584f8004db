"""Measure how time and memory grow with the pairs: each size in a process of its own, with full lists."""

from __future__ import annotations

import math

from tests.benchmarks.figures import Figure, Reference
from tests.benchmarks.matching.fresh import Measurement, measured

SIZES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
NAME = "growth, {people:,} mentees, full lists"
"""The name of a row; the plot finds its points by it."""
_FROM = 10_000


def measure(sizes: tuple[int, ...] = SIZES) -> list[Figure]:
    """Return the seconds of each size beside n log n from the first, and the memory of the last."""
    found = [measured(size) for size in sizes]
    return [*(_row(each, found[0]) for each in found), _memory(found[-1], found[0])]


def _row(measured: Measurement, first: Measurement) -> Figure:
    """Return a size beside what it would take if the first grew as n log n in the feasible pairs."""
    grown = first.seconds * (measured.pairs * math.log(measured.pairs)) / (first.pairs * math.log(first.pairs))
    return Figure(
        NAME.format(people=measured.people),
        round(measured.seconds, 4),
        "s",
        Reference(f"n log n in pairs, from {first.people:,} on", round(grown, 4)),
        round(grown / measured.seconds, 2),
        "at most n log n",
        measured.seconds <= grown,
    )


def _memory(last: Measurement, first: Measurement) -> Figure:
    """Return the last size beside what it would take if the memory of the first grew with the people."""
    grown = first.megabytes * last.people / first.people
    return Figure(
        f"growth, {last.people:,} mentees: memory of the whole process",
        round(last.megabytes),
        "MB",
        Reference(f"in proportion to people, from {first.people:,} on", round(grown)),
        round(grown / last.megabytes, 1),
        "at most 600 MB",
        last.megabytes <= 600,
    )
