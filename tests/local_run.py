"""Start the whole of Tandem as a newcomer would, in its own folder and on its own port."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from deploy.local.folder import ROOT
from deploy.local.settings import SERVICES

_MEMORY = Path("/dev/shm")
_ROOM = 3_000_000_000


def quick_folder(prefix: str) -> Path:
    """Return a new folder for the data of servers, in memory if there is room, where a copy is much faster.

    Not in `tmp_path`: pytest closes the folders above it to other users, and PostgreSQL may be one. The caller removes
    it.
    """
    roomy = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if roomy else None))


class LocalRun:
    """`tandem run` in a folder, without the sample programme; its output is in `output`."""

    def __init__(self, folder: Path, port: int, log: Path, **env: str) -> None:
        """Start it; `log` receives its output."""
        self.folder = folder
        self.port = port
        self.origin = f"http://localhost:{port}"
        self.began = time.monotonic()
        self._log = log
        begins, own = os.environ.get("TANDEM_CLOCK_FILE"), folder / "clock"
        if begins and "TANDEM_SAMPLE" not in env and not own.exists():  # the sample programme sets its clock itself
            with suppress(OSError):  # what is wrong with the folder the run itself is to say
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(begins, own)
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
        """Return everything that was printed so far."""
        return self._log.read_text("utf-8")

    def wait_for(self, words: str, timeout: float = 600) -> None:
        """Return as soon as `words` were printed; fail if they were not."""
        until = time.monotonic() + timeout
        while words not in self.output:
            assert self.process.poll() is None, f"it ended: {self.output}"
            assert time.monotonic() < until, f"not printed within {timeout} s: {self.output}"
            time.sleep(0.1)

    def ready(self) -> LocalRun:
        """Return when all services run."""
        self.wait_for("Ctrl-C stops everything.")
        return self

    def read(self, name: str) -> Any:
        """Return a JSON file of the folder of the run."""
        return json.loads((self.folder / name).read_text("utf-8"))

    def pids(self) -> dict[str, int]:
        """Return the processes that it supervises: name -> pid."""
        return {entry["name"]: entry["pid"] for entry in self.read("processes.json")}

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(180)


def service_pids(folder: Path) -> dict[str, int]:
    """Return the processes of the services of the run in a folder: name -> pid."""
    found = json.loads((folder / "processes.json").read_text("utf-8"))
    return {entry["name"]: entry["pid"] for entry in found if entry["name"].partition("-")[0] in SERVICES}
