"""Measure the processor time of pages, in services and database, on a local run with the sample programme.

    python -m tests.benchmarks.pages .data        prints a table; `.data` is the folder of a local run that is up

Each page is read often, one after the other. What the run uses by itself is measured before and subtracted.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from time import monotonic

import httpx2
import psutil

from deploy.cli.system import System
from tests.load.people import sign_in

PROGRAMME, HOME, EVALUATOR = "persona-programme", "persona-coordinator-am", "persona-evaluator"
PAGES = (
    ("first page of the programme", PROGRAMME, "/applications/"),
    ("queue of the programme", PROGRAMME, "/applications/cases"),
    ("queue of a country", HOME, "/applications/cases"),
    ("training needs", PROGRAMME, "/applications/register/needs"),
    ("board", PROGRAMME, "/matching/"),
    ("figures", EVALUATOR, "/reporting/"),
    ("figures of needs", EVALUATOR, "/reporting/needs"),
    ("comparison of periods", EVALUATOR, "/reporting/compare"),
    ("comparison of calls", EVALUATOR, "/reporting/compare/calls"),
)
WARM, TIMES, IDLE = 5, 40, 10.0
_REST, _MOST_LOOKS = 0.3, 30
"""Processor seconds a second below which a run is at rest, and how often that is looked for."""


def main() -> int:
    """Print the table; return the exit code."""
    folder = Path(sys.argv[1])
    system = System(json.loads((folder / "environment.json").read_text("utf-8")))
    asyncio.run(_measure(system, folder))
    return 0


async def _measure(system: System, folder: Path) -> None:
    cookies = await sign_in(system, sorted({subject for _, subject, _ in PAGES}))
    idle = await _idle(folder)
    print("| page | processor | of it the service | the database | answer |\n|---|--:|--:|--:|--:|")
    async with httpx2.AsyncClient(base_url=system.origin, headers={"Accept": "text/html"}, timeout=60) as http:
        for name, subject, path in PAGES:
            for _ in range(WARM):
                answer = await http.get(path, cookies=cookies[subject])
            if answer.status_code != 200:
                print(f"| {name} | {answer.status_code} {answer.headers.get('location', '')} | | | |")
                continue
            before, began = _used(folder), monotonic()
            for _ in range(TIMES):
                await http.get(path, cookies=cookies[subject])
            took, after = monotonic() - began, _used(folder)
            service, database = (
                1000 * (after[part] - before[part] - idle[part] * took) / TIMES for part in ("services", "postgres")
            )
            row = (
                f"{service + database:.0f} ms",
                f"{service:.0f} ms",
                f"{database:.0f} ms",
                f"{1000 * took / TIMES:.0f} ms",
            )
            print(f"| {name} | {' | '.join(row)} |", flush=True)


async def _idle(folder: Path) -> dict[str, float]:
    """Return the processor seconds a second that the run uses while nobody reads, once it has come to rest."""
    for _ in range(_MOST_LOOKS):
        before = _used(folder)
        await asyncio.sleep(IDLE)
        found = {part: (used - before[part]) / IDLE for part, used in _used(folder).items()}
        if sum(found.values()) < _REST:
            break
    return found


def _used(folder: Path) -> dict[str, float]:
    """Return the processor seconds that services and database have used so far."""
    seconds = {"services": 0.0, "postgres": 0.0}
    for entry in json.loads((folder / "processes.json").read_text("utf-8")):
        name = entry["name"].partition("-")[0]
        part = "postgres" if name == "PostgreSQL" else "services" if name in _SERVICES else None
        if part is None:
            continue
        root = psutil.Process(entry["pid"])
        own = root.cpu_times()
        seconds[part] += own.user + own.system + own.children_user + own.children_system
        for child in root.children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            seconds[part] += times.user + times.system
    return seconds


_SERVICES = ("applications", "matching", "notifications", "reporting")


if __name__ == "__main__":
    sys.exit(main())
