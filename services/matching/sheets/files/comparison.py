"""Read the files of a comparison: a problem, and the other rules under which it is matched too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.sheets.files import problems, terms
from services.matching.sheets.files.failures import UnusableFiles
from services.matching.sheets.files.findings import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from services.matching.engine.problem.problem import Problem, Rules
    from services.matching.sheets.files.sheets import Reading


def read(
    files: Iterable[Path],
    other: Path | None,
    options: Mapping[str, object],
    reading: Reading,
    *,
    day: date,
    seed: str | None = None,
) -> tuple[Problem, Rules]:
    """Return the problem in the files, and its rules changed by the file `other` and the options.

    Raises `UnusableFiles` with all faults of all files.
    """
    try:
        problem = problems.read(files, day=day, seed=seed, reading=reading)
    except UnusableFiles:
        if reading.findings.of(Level.FAULT):
            terms.change_rules(None, other, options, reading)
        raise
    return problem, terms.change_rules(problem, other, options, reading)
