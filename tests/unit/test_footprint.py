"""The table of a local run's cost counts each process once, with its children."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil

from tests.benchmarks.footprint import SUPERVISOR, Cost, cost, costs, table

if TYPE_CHECKING:
    from pathlib import Path


def test_a_part_is_counted_with_what_it_started(tmp_path: Path) -> None:
    """A part's children are in its cost; the supervisor is counted alone, since the parts are its children."""
    sleeper = [sys.executable, "-c", "import subprocess, sys; subprocess.run(['sleep', '60'])"]
    with subprocess.Popen(sleeper) as process:
        try:
            ends = time.monotonic() + 30
            while cost(process.pid).processes < 2 and time.monotonic() < ends:
                time.sleep(0.01)
            (tmp_path / "processes.json").write_text(json.dumps([{"name": "part", "pid": process.pid, "started": 0}]))
            (tmp_path / "run.lock").write_text(f"{os.getpid()}\n")
            found = costs(tmp_path)
            assert {name: each.processes for name, each in found.items()} == {"part": 2, SUPERVISOR: 1}
            assert found["part"].memory > cost(process.pid, alone=True).memory > 0
        finally:
            for child in psutil.Process(process.pid).children():
                child.kill()
            process.kill()


def test_the_table_shows_shares_of_one_core_and_the_sum() -> None:
    """The largest part comes first; a share is the processor time between both looks."""
    before = {"small": Cost(1, 10_000_000, 5.0), "large": Cost(2, 90_000_000, 1.0)}
    after = {"small": Cost(1, 10_000_000, 5.6), "large": Cost(2, 100_000_000, 1.0)}
    large, small, total, _ = table(before, after, 60.0)
    assert large.split() == ["large", "2", "100", "MB", "0.0%"]
    assert small.split() == ["small", "1", "10", "MB", "1.0%"]
    assert total.split() == ["all", "3", "110", "MB", "1.0%"]
