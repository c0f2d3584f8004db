"""Keep the processes of a run running: restart those that end, give up on repeat failures, stop all in order."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy.local import stale_processes
from deploy.local.process import DiskFull, ServerFailed, how_ended, last_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.local.folder import RunFolder
    from deploy.local.process import Child

# Ended this often within this many seconds: starting it again does not help.
_TOO_OFTEN = 5
_WITHIN = 60.0
_LONGEST_PAUSE = 5.0


@dataclass
class SupervisedProcess:
    """A process that should run: how to start it, how to see that it is ready, and its history."""

    child: Child
    begin: Callable[[], None]
    ready: Callable[[], bool]
    timeout: float = 180.0
    ends: deque[float] = field(default_factory=lambda: deque(maxlen=_TOO_OFTEN))
    again_at: float | None = None
    since: float | None = None

    @property
    def name(self) -> str:
        """The name used in messages."""
        return self.child.name


class Supervisor:
    """The processes of one run, in the order in which they were added; stopped in the stages of `stop`."""

    def __init__(self, place: RunFolder, say: Callable[[str], None]) -> None:
        """Take the run's folder, and a function that prints one line."""
        self._place = place
        self._say = say
        self._watched: list[SupervisedProcess] = []

    def begin(self, *new: SupervisedProcess) -> None:
        """Start processes, all at once; `wait` for them then. Raises `ServerFailed`."""
        for watched in new:
            self._watched.append(watched)
            watched.since = time.monotonic()
            watched.begin()
            self._remember()

    def wait(self, *started: SupervisedProcess) -> None:
        """Return when all of them are ready, with a line for each. Raises `ServerFailed`."""
        for watched in started:
            watched.child.wait_ready(watched.ready, watched.timeout)
            self._ready(watched, "is ready")

    def look(self) -> None:
        """One look at all: start again what ended. Raises `ServerFailed` when something keeps ending."""
        now = time.monotonic()
        for watched in self._watched:
            if watched.again_at is not None:
                if now >= watched.again_at:
                    watched.again_at, watched.since = None, now
                    watched.begin()
                    self._remember()
            elif (code := watched.child.ended()) is not None:
                self._ended(watched, code, now)
            elif watched.since is not None and watched.ready():
                self._ready(watched, "is back")

    def stop(self, *stages: list[SupervisedProcess]) -> None:
        """Stop stage after stage, within a stage all at once; each has its time, then it is killed."""
        for stage in stages:
            for watched in stage:
                watched.child.ask_to_stop()
            for watched in stage:
                watched.child.stop(timeout=20)
        stale_processes.forget(self._place)

    def _ended(self, watched: SupervisedProcess, code: int, now: float) -> None:
        watched.ends.append(now)
        if self._place.is_full():
            raise DiskFull(self._place.folder, ended=watched.name)
        if len(watched.ends) == _TOO_OFTEN and now - watched.ends[0] < _WITHIN:
            raise ServerFailed(
                f"{watched.name} ended {_TOO_OFTEN} times within a minute ({how_ended(code)}), so all is stopped. "
                f"Its last line of output: {last_line(watched.child.log)}"
            )
        pause = min(0.2 * 2 ** (sum(now - end < _WITHIN for end in watched.ends) - 1), _LONGEST_PAUSE)
        watched.again_at = now + pause
        self._say(f"{watched.name} ended ({how_ended(code)}) and is started again.")

    def _ready(self, watched: SupervisedProcess, words: str) -> None:
        took = time.monotonic() - (watched.since or 0.0)
        watched.since = None
        self._say(f"{watched.name} {words} ({took:.1f} s).")

    def _remember(self) -> None:
        stale_processes.remember(
            self._place, {w.name: w.child.pid for w in self._watched if w.child.running and w.child.pid}
        )


def answers(url: str) -> Callable[[], bool]:
    """Return a `ready` function that asks an address: any 2xx means ready."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310 - our own http address
                return bool(200 <= answer.status < 300)
        except (OSError, urllib.error.URLError, ValueError):
            return False

    return ask
