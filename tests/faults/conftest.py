"""How does a test start the whole of Tandem as a newcomer would, in a folder and on a port of its own?"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deploy.local.place import ROOT
from deploy.local.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class LocalRun:
    """`tandem run` in a folder, without the sample programme; what it prints is in `output`."""

    def __init__(self, folder: Path, port: int, log: Path, **env: str) -> None:
        """Start it; `log` takes what it prints."""
        self.folder = folder
        self.port = port
        self.origin = f"http://localhost:{port}"
        self.began = time.monotonic()
        self._log = log
        with self._log.open("wb") as out:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-m", "deploy.local.run"],
                env={
                    **os.environ,
                    "TANDEM_DATA": str(folder),
                    "TANDEM_PORT": str(port),
                    "TANDEM_SAMPLE": "none",
                    **env,
                },
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """Everything that was printed up to now."""
        return self._log.read_text("utf-8")

    def wait_for(self, words: str, timeout: float = 90) -> None:
        """Return as soon as `words` were printed; fail when they were not."""
        until = time.monotonic() + timeout
        while words not in self.output:
            assert self.process.poll() is None, f"it ended: {self.output}"
            assert time.monotonic() < until, f"not printed within {timeout} s: {self.output}"
            time.sleep(0.1)

    def ready(self) -> LocalRun:
        """Return when everything runs."""
        self.wait_for("Ctrl-C stops everything.")
        return self

    def read(self, name: str) -> Any:
        """A JSON file of the run's folder."""
        return json.loads((self.folder / name).read_text("utf-8"))

    def pids(self) -> dict[str, int]:
        """The processes that it watches: name -> pid."""
        return {entry["name"]: entry["pid"] for entry in self.read("processes.json")}

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and give its exit code."""
        self.process.send_signal(how)
        return self.process.wait(90)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., LocalRun]]:
    """A function that starts a run in a folder of its own (or where it is told to); all are ended after the test.

    Not in `tmp_path`: each pytest closes the folders above it to other users, and PostgreSQL may be one.
    """
    own = Path(tempfile.mkdtemp(prefix="tandem-run-"))
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
