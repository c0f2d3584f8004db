"""Measure what a local run costs: `python -m tests.benchmarks.footprint .data` prints memory and processor by process.

Memory is counted in PSS, so that what processes share counts once. The processor is a share of one core while nothing
but this looks at the run: leave it alone meanwhile.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SUPERVISOR = "supervisor"
_SECONDS = 60.0
_MEGA = 1e6
_GOALS = "The goals are 1,200 MB and 6 %."


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one part of a run: its processes, their memory in bytes, and the seconds of processor time so far."""

    processes: int
    memory: int
    spent: float


def parts(folder: Path) -> dict[str, int]:
    """Return the parts of the run in that folder, each with the id of its first process."""
    known = json.loads((folder / "processes.json").read_text("utf-8"))
    holder = int((folder / "run.lock").read_text("ascii"))
    return {each["name"]: each["pid"] for each in known} | {SUPERVISOR: holder}


def cost(pid: int, *, alone: bool = False) -> Cost:
    """Return the cost of a process with all that it started; `alone`: without these."""
    first = psutil.Process(pid)
    found = [first, *([] if alone else first.children(recursive=True))]
    memory, spent = 0, 0.0
    for process in found:
        with suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            used = process.cpu_times()
            memory += proportional(process.pid)
            spent += used.user + used.system
    return Cost(len(found), memory, spent)


def proportional(pid: int) -> int:
    """Return the proportional set size of a process in bytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def costs(folder: Path) -> dict[str, Cost]:
    """Return the cost of each part of the run in that folder."""
    return {name: cost(pid, alone=name == SUPERVISOR) for name, pid in parts(folder).items()}


def table(before: dict[str, Cost], after: dict[str, Cost], seconds: float) -> list[str]:
    """Return the lines of the table, the largest part first and the sum last."""
    ordered = sorted(after, key=lambda name: -after[name].memory)
    shares = {name: (after[name].spent - before[name].spent) / seconds for name in ordered if name in before}
    lines = [
        f"{name:<24} {after[name].processes:>4} {after[name].memory / _MEGA:>9,.0f} MB {shares.get(name, 0):>8.1%}"
        for name in ordered
    ]
    memory = sum(each.memory for each in after.values()) / _MEGA
    number = sum(each.processes for each in after.values())
    return [*lines, f"{'all':<24} {number:>4} {memory:>9,.0f} MB {sum(shares.values()):>8.1%}", _GOALS]


def main() -> None:
    """Print the table of the run in the folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(".data"))
    parser.add_argument("--seconds", type=float, default=_SECONDS)
    given = parser.parse_args()
    before, began = costs(given.folder), time.monotonic()
    time.sleep(given.seconds)
    print("\n".join(table(before, costs(given.folder), time.monotonic() - began)))


if __name__ == "__main__":
    main()
