"""Start a local run, let 3,000 officers submit in its last ten minutes, and print what they met.

    python -m tests.load                                  the whole of it, some 15 minutes
    python -m tests.load --officers 300 --seconds 60      less of it
    python -m tests.load --instances 2 --kill             two processes of the portal, of which one is killed half way

    python -m tests.load --data .data                     against a local run that is up, in this folder

Prints the table, and writes it with the plot to `build/load.md` and `build/load.svg`. Ends with 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

import uvloop

from deploy.cli.system import System
from deploy.local.ports import free_port
from tests.load.rush import Outcome, Plan, rush
from tests.load.verdict import findings, plot, table
from tests.local_run import LocalRun, service_pids

TABLE, PLOT = Path("build/load.md"), Path("build/load.svg")


def main() -> int:
    """Run the load; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--officers", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--instances", type=int, default=1, help="processes of the portal")
    parser.add_argument("--kill", action="store_true", help="kill the portal's first process half way")
    parser.add_argument("--data", type=Path, help="the folder of a local run that is up; else one is started")
    chosen = parser.parse_args()
    plan = Plan(chosen.officers, chosen.seconds, kill=chosen.kill)
    if chosen.data is not None:
        return _report(_measure(chosen.data, plan))
    folder = Path(tempfile.mkdtemp(prefix="tandem-load-"))
    instances = f"applications:{chosen.instances}"
    run = LocalRun(folder / "data", free_port(), folder / "run.out", TANDEM_INSTANCES=instances)
    try:
        run.ready()
        outcome = _measure(folder / "data", plan)
    finally:
        run.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return _report(outcome)


def _measure(folder: Path, plan: Plan) -> Outcome:
    system = System(json.loads((folder / "environment.json").read_text("utf-8")))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(rush(system, plan, lambda: service_pids(folder)))


def _report(outcome: Outcome) -> int:
    """Print the table, write it with the plot, and return the exit code."""
    found = findings(outcome)
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(table(found), "utf-8")
    PLOT.write_text(plot(outcome), "utf-8")
    print(table(found))
    return 0 if all(each.met for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
