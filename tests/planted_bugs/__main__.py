"""Plant every bug of the table in turn, and say which of them the tests find.

    python -m tests.planted_bugs                 all of them; first each test once without a bug
    python -m tests.planted_bugs relay lease     those with one of these words in their name
    python -m tests.planted_bugs --list          their names and tests

Ends with 1 if a bug was not found, or if a test fails without one. What pytest printed about a bug that was not found
goes to `build/planted_bugs/<name>.log`.
"""

from __future__ import annotations

import argparse
import sys
from time import monotonic

from tests.planted_bugs.bugs import BUGS
from tests.planted_bugs.planting import ROOT, Outcome, PlantedBug, copied, run_with

LOGS = ROOT / "build" / "planted_bugs"


def main() -> int:
    """Run the command."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("words", nargs="*")
    arguments.add_argument("--list", action="store_true")
    given = arguments.parse_args()
    bugs = [bug for bug in BUGS if not given.words or any(word in bug.name for word in given.words)]
    if given.list:
        for bug in bugs:
            sys.stdout.write(f"{bug.name:<50} {bug.where}\n{'':<50} {bug.test}\n")
        return 0
    return _all(bugs)


def _all(bugs: list[PlantedBug]) -> int:
    wrong = 0
    with copied() as copy:
        for test, only, seed in dict.fromkeys((bug.test, bug.only, bug.seed) for bug in bugs):
            outcome = run_with(None, test, only, copy, seed)
            if outcome.failed or outcome.errors or not outcome.ran:
                wrong += 1
                _print("NOT GREEN", f"{test} {only}", outcome)
        for bug in bugs:
            begun = monotonic()
            outcome = run_with(bug, bug.test, bug.only, copy)
            wrong += not outcome.found
            _print("found" if outcome.found else "NOT FOUND", bug.name, outcome, monotonic() - begun)
    sys.stdout.write(f"{len(bugs)} bugs, {wrong} not as they should be.\n")
    return 1 if wrong else 0


def _print(verdict: str, name: str, outcome: Outcome, seconds: float | None = None) -> None:
    sys.stdout.write(f"{verdict:<10} {name}{'' if seconds is None else f' ({seconds:.0f} s)'}\n")
    sys.stdout.flush()
    if verdict != "found":
        LOGS.mkdir(parents=True, exist_ok=True)
        (LOGS / f"{name.replace('/', '.').strip()}.log").write_text(outcome.printed, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
