"""Attack many programmes: `python -m tests.redteam --programmes 10000`, or one with `--seed N`.

With `--results FILE` each programme adds a line to the file, and those that the file has are not attacked again, so
that a run can be stopped at any time and goes on where it was; `--summary` says what the file holds. A result counts
for the code that made it: after a change of reporting or of the attack, the same seeds are attacked again.

Exit 0 if no count of few people was pinned and nothing else went wrong. Each programme that gives one is printed with
its seed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.redteam.results import CODE, read_results, summary
from tests.redteam.run import Run, environment


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.redteam", description=__doc__)
    parser.add_argument("--programmes", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--grouped", action="store_true", help="publish by chosen groupings")
    parser.add_argument("--processes", type=int, default=1, help="how many at the same time")
    parser.add_argument("--results", type=Path, help="add the results to this file, and leave out those it has")
    parser.add_argument("--minutes", type=float, help="begin no programme after so many minutes")
    parser.add_argument("--summary", action="store_true", help="only say what the file of results holds")
    options = parser.parse_args()
    known = read_results(options.results) if options.results else []
    if options.summary:
        sys.stdout.writelines(f"{line}\n" for line in summary(known))
        return 0
    done = {each.seed for each in known if (each.grouped, each.code) == (options.grouped, CODE)}
    seeds = range(options.first, options.first + options.programmes) if options.seed is None else (options.seed,)
    left = [seed for seed in seeds if seed not in done]
    if len(left) < len(seeds):
        sys.stdout.write(f"{len(seeds) - len(left)} of {len(seeds)} programmes are in {options.results}\n")
    with environment() as (databases, portal):
        run = Run(databases, portal, grouped=options.grouped, results=options.results)
        return run.attack(left, options.processes, options.minutes)


if __name__ == "__main__":
    sys.exit(main())
