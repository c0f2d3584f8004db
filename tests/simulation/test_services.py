"""All four services, simulated from seeds: whatever goes wrong, they heal by themselves, and nothing happens twice.

More seeds: `python -m tests.simulation --seeds 100000`; what is simulated, and what must hold, is in `services/`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.planted_bugs.planting import PLANTED_SEED
from tests.simulation.services.faults import NAMES
from tests.simulation.services.run import steps_of
from tests.simulation.services.shrink import shrunk

ROOT = Path(__file__).parents[2]
SEEDS = (7, 10, 11, 12)
"""Seeds that have every fault between them; with the first twice some 70 s of one processor."""


@pytest.mark.timeout(1500)
def test_the_services_heal_by_themselves_and_do_nothing_twice() -> None:
    """After kills, stalls, lost records and wrong clocks all readers have all events once, and nobody repaired.

    The first seed is run twice, and does the same twice.
    """
    seed = os.environ.get(PLANTED_SEED)
    options = ["--seed", *map(str, SEEDS)] if seed is None else ["--seed", seed, "--tries", "0", "--twice", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    counted = re.search(r"^(\d+) seeds in ", done.stdout, re.MULTILINE)
    assert counted is not None, done.stdout
    assert int(counted[1]) == (len(SEEDS) if seed is None else 1), done.stdout


def test_the_seeds_have_every_fault() -> None:
    """Each fault occurs in the seeds of every run, and a restored owner too."""
    steps = {step.what for seed in SEEDS for step in steps_of(seed)}
    assert {*NAMES, "restore"} <= steps


def test_shrinking_leaves_the_steps_that_matter() -> None:
    """Of many steps those two are left without which it does not fail, in their order."""
    tried: list[int] = []

    def fails(steps: Any) -> bool:
        tried.append(1)
        return {5, 17} <= set(steps)

    assert shrunk(range(24), fails) == [5, 17]
    assert len(tried) <= 40


def test_shrinking_ends_within_its_tries() -> None:
    """Shrinking keeps all steps, and ends, if none can be left out."""
    tried: list[int] = []

    def never(_: object) -> bool:
        tried.append(1)
        return False

    assert shrunk(range(100), never, tries=10) == list(range(100))
    assert len(tried) == 10
