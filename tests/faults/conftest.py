"""Start local runs for tests, and check that they end."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from deploy.local.ports import free_port
from tests.local_run import LocalRun, quick_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., LocalRun]]:
    """Return a function that starts a run in its own or a given folder; all runs end after the test."""
    own = quick_folder("tandem-run-")
    runs: list[LocalRun] = []
    port = free_port()

    def begin(folder: Path | None = None, port: int = port, **env: str) -> LocalRun:
        runs.append(LocalRun(folder or own / "data", port, tmp_path / f"run-{len(runs)}.out", **env))
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            run.stop()
    shutil.rmtree(own, ignore_errors=True)
