"""Start, watch and end one server process, so that none is ever left behind.

Each child leads a session of its own, so that Ctrl-C in the terminal reaches the supervisor only, which stops all in
order. On Linux the kernel sends the child its stop signal when the supervisor itself is killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServerFailed(RuntimeError):
    """A server did not start, or ended by itself. The message is one line that says what to look at."""


class DiskFull(ServerFailed):
    """The disk of a run's folder is full; a server may have ended of it."""

    def __init__(self, folder: Path, *, ended: str | None = None) -> None:
        super().__init__(f"{ended} ended: the disk of {folder} is full." if ended else f"The disk of {folder} is full.")


class Child:
    """One server process with its log file. Not thread-safe; start it from the main thread (see `_die_with_parent`)."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Describe the process; `start` runs it. `env` is the whole environment (default: this process's)."""
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._env = dict(env) if env is not None else None
        self._user = user
        self._cwd = cwd
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, also after the end; None before the first start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Run the command. Raises `ServerFailed` when it cannot be run at all."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=self._env,
                    cwd=self._cwd,
                    user=self._user,
                    group=self._user,
                    extra_groups=[] if self._user else None,
                    start_new_session=True,
                    preexec_fn=self._die_with_parent if _libc else None,  # noqa: PLW1509 - one call into libc, no locks
                )
            except OSError as error:
                raise ServerFailed(f"{self.name} cannot be started: {error}") from error

    def _die_with_parent(self) -> None:
        """In the child: have the kernel send the stop signal when the thread that started it ends."""
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(self._stop_signal))

    def ended(self) -> int | None:
        """Return the exit code (negative: the signal that ended it), None while it runs."""
        return self._process.poll() if self._process else None

    @property
    def running(self) -> bool:
        """Return whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def wait_ready(self, ready: Callable[[], bool], timeout: float) -> None:
        """Ask `ready` every 50 ms until it says yes. Raises `ServerFailed` if the process ends or time runs out."""
        until = time.monotonic() + timeout
        while not ready():
            if (code := self.ended()) is not None:
                raise ServerFailed(f"{self.name} ended while starting ({how_ended(code)}): {last_line(self.log)}")
            if time.monotonic() > until:
                raise ServerFailed(f"{self.name} is not ready after {timeout:.0f} s: see {self.log}")
            time.sleep(0.05)

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        if self.running and self._process:
            self._process.send_signal(self._stop_signal)

    def stop(self, timeout: float = 10) -> None:
        """Ask it to stop; kill it, with its whole session, if it has not ended after `timeout` seconds."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it and what it started at once (SIGKILL), and wait until it is gone."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def how_ended(code: int) -> str:
    """Return an exit code in words: `exit code 1`, `killed by SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def last_line(log: Path) -> str:
    """Return the last meaningful line of a log, for an error message, and the log's path."""
    try:
        lines = [line.strip() for line in log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return f"{lines[-1][:300]} (more in {log})" if lines else f"it wrote nothing ({log})"
