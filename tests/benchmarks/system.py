"""Start a local run for the latencies: without sample data, on free ports, removed afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from deploy.cli.system import Failed, System
from deploy.local.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 180
READY = "Everything is ready"


@contextmanager
def local_run() -> Iterator[System]:
    """Start `tandem run` without the sample programme; give it once it is ready, and stop it in order at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-bench-"))
    chosen = {"TANDEM_DATA": str(folder), "TANDEM_PORT": str(free_port()), "TANDEM_SAMPLE": "none"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    log = folder / "run.log"
    with log.open("wb") as out:
        run = subprocess.Popen(
            [sys.executable, "-m", "deploy.local.run"],
            env=kept | chosen | {"PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        yield _when_ready(run, log, chosen)
    finally:
        run.send_signal(signal.SIGTERM)
        try:
            run.wait(60)
        except subprocess.TimeoutExpired:
            run.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _when_ready(run: subprocess.Popen[bytes], log: Path, chosen: dict[str, str]) -> System:
    """Wait until it says that it runs. Raises `Failed` with its last words when it does not."""
    until = monotonic() + START_SECONDS
    while monotonic() < until and run.poll() is None:
        said = log.read_text("utf-8", "replace")
        if READY in said:
            os.environ.update(chosen)
            return System.here()
        sleep(0.2)
    raise Failed(f"The local run did not start: {log.read_text('utf-8', 'replace')[-500:]}")
