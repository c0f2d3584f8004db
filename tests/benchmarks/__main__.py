"""Run the benchmarks: `make bench` prints a table and writes `build/benchmarks.json`; it never passes or fails.

`python -m tests.benchmarks reading sending` measures only what is named; `matching` stands for all rows of the
matching, which need no servers.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import structlog
import uvloop
from rich.console import Console

from shared.bus.db.processes import tune_memory
from tests.benchmarks import (
    chain,
    deadlines,
    disclosure,
    feeds,
    figures,
    latency,
    mail,
    reading,
    rebuild,
    sending,
    webhooks,
)
from tests.benchmarks.matching import rows
from tests.benchmarks.servers import Servers, servers, topics

MEASURES = {
    "reading": ("Event bus", reading.measure),
    "sending": ("Event bus", sending.measure),
    "chain": ("Event bus", chain.measure),
    "latency": ("Latency", latency.measure),
    "mail": ("Mails", mail.measure),
    "deadlines": ("Mails", deadlines.measure),
    "webhooks": ("Webhooks", webhooks.measure),
    "rebuild": ("Rebuild and figures", rebuild.measure),
    "feeds": ("Rebuild and figures", feeds.measure),
    "disclosure": ("Rebuild and figures", disclosure.measure),
}
"""Name -> the section of the page in which the figures stand, and what measures them."""
RESULT = Path("build/benchmarks.json")


async def _served(name: str, running: Servers) -> list[figures.Figure]:
    await topics(running.kafka)
    section, measure = MEASURES[name]
    return [replace(each, section=section) for each in await measure(running)]


def _measure(names: list[str], console: Console) -> list[figures.Figure]:
    """Measure each on servers of its own, since the next would read what the one before left on the log."""
    found: list[figures.Figure] = []
    for name in names:
        started = perf_counter()
        try:
            with (
                console.status(f"Measuring {name}"),
                servers() as running,
                asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
            ):
                found += runner.run(_served(name, running))
        except Exception:  # noqa: BLE001 - the failure is printed, and the other figures count
            console.print_exception()
            continue
        console.print(f"Measured {name} in {perf_counter() - started:.0f} s.")
    return found


def _measure_matching(names: list[str], console: Console) -> list[figures.Figure]:
    found: list[figures.Figure] = []
    measures = rows.measures()
    for name in names:
        started = perf_counter()
        try:
            with console.status(f"Measuring {name}"):
                found += measures[name]()
        except Exception:  # noqa: BLE001 - the failure is printed, and the other figures count
            console.print_exception()
            continue
        console.print(f"Measured {name} in {perf_counter() - started:.0f} s.")
    return found


def _named() -> list[str]:
    """Return the names that were given, all without any; a name that is not known ends the command with a list."""
    known = [*MEASURES, "matching", *rows.measures()]
    listed = ", ".join(known)
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"Names: {listed}.",
    )
    parser.add_argument("names", nargs="*", help="what to measure; everything without any")
    names: list[str] = parser.parse_args().names
    if unknown := [name for name in names if name not in known]:
        parser.error(f"{', '.join(unknown)}: choose from {listed}.")
    return names or [*MEASURES, "matching"]


def main() -> int:
    """Measure; always 0."""
    names = _named()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    console = Console()
    tune_memory()
    served = [name for name in names if name in MEASURES]
    alone = [name for name in names if name not in MEASURES]
    at_once = list(rows.measures()) if "matching" in alone else alone
    found = _measure_matching(at_once, console) if at_once else []
    found += _measure(served, console)
    figures.show(found, console)
    figures.write(found, RESULT)
    console.print(f"Written to {RESULT}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
