"""Measure one size in a process of its own, for its peak memory.

`python -m tests.benchmarks.matching.fresh PEOPLE` makes the instance, matches it (scored and explained), prints JSON.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from services.matching.engine.matching import run
from tests.benchmarks.matching.instances import mentors

if TYPE_CHECKING:
    from services.matching.engine.matching import Result
    from services.matching.engine.problem.problem import Problem

_PATIENCE = 900
_TIMES = 5


@dataclass(frozen=True, slots=True)
class Measurement:
    """Seconds (median of some runs) and megabytes of one size, and what came out."""

    people: int
    pairs: int
    seconds: float
    megabytes: float
    matched: int
    blocking: int


def instance(people: int) -> Problem:
    """Mentees and a third as many mentors, with full lists."""
    return mentors(people, people // 3, full=True)


def explained(problem: Problem) -> Result:
    """Match, and compute for everybody why, the rank among the feasible, the funnel and the points."""
    result = run(problem)
    _ = result.explained, result.ranks
    return result


def measured(people: int) -> Measurement:
    """Measure one size with full lists. Raises `CalledProcessError` where the process fails."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.matching.fresh", str(people)],
        check=True,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
    )
    return Measurement(**json.loads(answer.stdout))


def _peak() -> float:
    """Return the peak memory of this process in megabytes (getrusage also counts what it was started from)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.findall(r"VmHWM:\s*(\d+)", status.read_text(encoding="utf-8"))[0]) / 1024


def main() -> None:
    """Measure one size and print it."""
    explained(mentors(500))  # the compiled loops are loaded
    problem = instance(int(sys.argv[1]))
    seconds = []
    for _ in range(_TIMES if len(problem.candidates) <= 10_000 else 1):
        started = perf_counter()
        result = explained(problem)
        seconds.append(perf_counter() - started)
    peak = _peak()
    seconds.sort()
    taken = Measurement(
        len(problem.candidates),
        result.feasible_pairs,
        seconds[len(seconds) // 2],
        peak,
        len(result.pairs),
        int(result.explained.blocking.sum()),
    )
    sys.stdout.write(json.dumps(asdict(taken)))


if __name__ == "__main__":
    main()
