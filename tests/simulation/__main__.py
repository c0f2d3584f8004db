"""Simulate all four services from seeds: `python -m tests.simulation --seeds 100000`, or only some with `--seed N`.

Exit 0 if nothing was violated. A failing seed is printed, run again to see that it fails in the same way, and shrunk.
See `README.md`.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import logging
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from tests.conftest import Administrator, Databases
from tests.local_run import quick_folder
from tests.simulation.services import run
from tests.simulation.services.budget import Budget
from tests.simulation.services.installation import Machine
from tests.simulation.services.shrink import shrunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.simulation.services.installation import Snapshot
    from tests.simulation.services.run import Outcome, Step

ORDER = "PYTHONHASHSEED"
"""Fixed, since the order of a set of texts is part of what happens."""

HOLDS = "holds"


def main() -> int:
    """Return the exit code."""
    options = _arguments()
    if options.processes > 1:
        return _share(options.processes)
    if os.environ.get(ORDER) != "0":
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], os.environ | {ORDER: "0"})
    level = logging.getLevelName("WARNING" if options.verbose else "CRITICAL")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    folder = quick_folder("tandem-simulation-")
    folder.chmod(0o755)  # the server's own user reads the clock
    server = Postgres(folder / "postgres", free_port(), secrets.token_urlsafe(16), log=folder / "log", durable=False)
    server.start()
    try:
        administrator = Administrator(server.url("postgres"))
        machine = Machine(Databases(server, administrator), folder)
        try:
            return _simulate(machine, options)
        finally:
            machine.stores.close()
            administrator.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _share(processes: int) -> int:
    """Share the seeds out to so many processes, each with a server of its own; return the highest exit code."""
    command = [sys.executable, "-m", "tests.simulation", *sys.argv[1:], "--processes", "1"]
    running = [
        subprocess.Popen([*command, "--share", str(number), str(processes)], env=os.environ | {ORDER: "0"})
        for number in range(processes)
    ]
    return max(each.wait() for each in running)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100_000, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, nargs="+", help="these seeds alone")
    parser.add_argument(
        "--further", type=int, metavar="N", help="after those of --seed, N, N+1 ... while there is time"
    )
    parser.add_argument("--results", type=Path, help="append what each seed did; seeds that hold there are left out")
    parser.add_argument("--processes", type=int, default=1, help="share the seeds out to so many processes")
    parser.add_argument("--share", type=int, nargs=2, metavar=("I", "N"), help="of N seeds in a row only the I-th")
    parser.add_argument("--seconds", type=float, help="begin no seed that would end after so many seconds")
    parser.add_argument("--at-least", type=int, default=1, help="but do so many seeds in any case")
    parser.add_argument("--twice", type=int, default=1, help="run so many of the seeds twice and compare")
    parser.add_argument("--tries", type=int, default=40, help="so many shorter runs shrink a failing seed; 0: leave it")
    parser.add_argument("--shrink-seconds", type=float, help="begin no shorter run after so many seconds")
    parser.add_argument("--steps", type=int, nargs="*", help="only these steps of the seed")
    parser.add_argument("--trace", type=Path, help="write what happened; of many seeds, of each that fails")
    parser.add_argument("--verbose", action="store_true", help="print warnings of the services")
    return parser.parse_args()


def _simulate(machine: Machine, options: argparse.Namespace) -> int:
    budget = Budget(options.seconds)
    snapshot = run.begin(machine)
    gc.collect()
    gc.freeze()  # what was imported and built once need not be looked through again and again
    gc.set_threshold(50_000, 20, 5)
    done = failed = further = 0
    faults: Counter[str] = Counter()
    for seed, is_further in _seeds(options):
        if (options.seed is None or is_further) and done >= options.at_least and not budget.has_room():
            break
        if is_further and failed:  # what failed is shrunk in the time that is left
            break
        steps = run.steps_of(seed)
        if options.steps is not None:
            steps = [steps[place] for place in options.steps]
        began = monotonic()
        outcome = run.run(machine, snapshot, seed, steps)
        budget.took(monotonic() - began)
        alone = options.seed is not None and len(options.seed) == 1
        if options.trace and (alone or outcome.violations):
            number = "" if alone else f"-{seed}"
            file = options.trace.with_name(f"{options.trace.name}{number}")
            file.write_text("\n".join([*outcome.trace, *outcome.violations]), encoding="utf-8")
        done, further = done + 1, further + is_further
        faults.update(outcome.damage)
        _print(outcome, monotonic() - began, options.results)
        if outcome.violations:
            failed += 1
            _explain(machine, snapshot, outcome, options.tries, Budget(options.shrink_seconds))
        elif done <= options.twice:
            failed += not _is_same(outcome, run.run(machine, snapshot, seed, steps))
    print("faults:", ", ".join(f"{name} {count}" for name, count in sorted(faults.items())), flush=True)
    print(f"{done} seeds in {budget.spent:.0f} s, {further} of them further ones, {failed} failed", flush=True)
    if options.seed is None and done < options.at_least:
        print(f"These are fewer than {options.at_least}: that shows nothing.", flush=True)
        return 1
    return 1 if failed else 0


def _seeds(options: argparse.Namespace) -> Iterator[tuple[int, bool]]:
    """Yield each seed, and whether it is a further one."""
    chosen = range(options.first, options.first + options.seeds) if options.seed is None else options.seed
    part, parts = options.share or (0, 1)
    holding = _holding(options.results)
    yield from ((seed, False) for seed in chosen if seed % parts == part and seed not in holding)
    if options.further is not None:
        yield from ((seed, True) for seed in itertools.count(options.further))


def _holding(results: Path | None) -> set[int]:
    """Return the seeds that hold by a file of results."""
    if results is None or not results.exists():
        return set()
    lines = re.findall(rf"^seed (\d+): {HOLDS},", results.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(number) for number in lines}


def _print(outcome: Outcome, took: float, results: Path | None) -> None:
    line = (
        f"seed {outcome.seed}: {'FAILS' if outcome.violations else HOLDS}, {len(outcome.trace)} crossings,"
        f" {outcome.seconds:.0f} s virtual, {took:.1f} s real, {outcome.digest[:12]}"
    )
    print(line, flush=True)
    if results is not None:
        with results.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def _explain(machine: Machine, snapshot: Snapshot, outcome: Outcome, tries: int, budget: Budget) -> None:
    """Print what was violated; with `tries`, also whether it is violated again, and with which steps alone."""
    for each in outcome.violations:
        print(f"  {each}", flush=True)
    if not tries:
        return
    print(f"  again: python -m tests.simulation --seed {outcome.seed}", flush=True)
    began = monotonic()
    again = run.run(machine, snapshot, outcome.seed, outcome.steps)
    budget.took(monotonic() - began)
    if not _is_same(outcome, again):
        return

    def fails(fewer: Sequence[int]) -> bool:
        if not budget.has_room():
            return False
        made = run.run(machine, snapshot, outcome.seed, [outcome.steps[place] for place in fewer])
        return bool({_kind(each) for each in made.violations} & kinds)

    kinds = {_kind(each) for each in outcome.violations}
    places = shrunk(range(len(outcome.steps)), fails, tries=tries)
    every: Sequence[Step] = run.steps_of(outcome.seed)
    numbers = " ".join(str(every.index(outcome.steps[place])) for place in places)
    print(f"  with fewer steps: python -m tests.simulation --seed {outcome.seed} --steps {numbers}", flush=True)
    for place in places:
        step = outcome.steps[place]
        print(f"    {step.what} {step.choice}, then {step.pause} s", flush=True)


def _kind(violation: str) -> str:
    return violation.partition(":")[0]


def _is_same(first: Outcome, other: Outcome) -> bool:
    """Return whether two runs of a seed did the same; print where they part."""
    if first.digest != other.digest:
        print(f"  another run is not the same: {_first_difference(first, other)}", flush=True)
    return first.digest == other.digest


def _first_difference(first: Outcome, other: Outcome) -> str:
    for place, (mine, its) in enumerate(zip(first.trace, other.trace, strict=False)):
        if mine != its:
            return f"line {place} of {len(first.trace)}: {mine!r} and {its!r}"
    return f"{len(first.trace)} and {len(other.trace)} lines, {first.violations[:2]} and {other.violations[:2]}"


if __name__ == "__main__":
    sys.exit(main())
