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
from pathlib import Path
from typing import Any

from deploy.local.folder import ROOT

_MEMORY = Path("/dev/shm")
_ROOM = 3_000_000_000


def quick_folder(prefix: str) -> Path:
    """A new folder for servers' data, in memory where there is room: a database is copied there in a tenth of the time.

    Not in `tmp_path`: each pytest closes the folders above it to other users, and PostgreSQL may be one. Whoever asks
    for it removes it.
    """
    roomy = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if roomy else None))


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

    def wait_for(self, words: str, timeout: float = 240) -> None:
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
