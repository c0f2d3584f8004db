"""Give domain time, the time that every rule uses.

Domain time is real time plus an offset. The offset is in a file, named by `TANDEM_CLOCK_FILE`, that all processes of a
local run share; it only grows. Without that variable the clock is the real one and cannot be moved. Leases, tokens,
record timestamps and ids use real time instead.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Iterator

# How often a sleeper checks whether the clock was moved: short enough that it notices at once.
_LOOK_EVERY = 0.1
# For so long an answer of `offset` is good: it is asked for thousands of times a second, and a look is a system call.
_LOOK_AGAIN = 0.003


class ClockFixed(RuntimeError):
    """The clock of this installation is the real one: only a local run has a clock that can be moved."""


class ClockBackwards(ValueError):
    """The clock moves forward only: what has happened cannot be ahead of now."""


_VARIABLE = "TANDEM_CLOCK_FILE"


def _file() -> Path | None:
    name = os.environ.get(_VARIABLE)
    return Path(name) if name else None


@dataclass(slots=True)
class _FileContent:
    """The offset in the clock's file, its name and last change; good until the monotonic time `until`."""

    name: str = ""
    stamp: int = 0
    offset: timedelta = timedelta()
    until: float = 0.0


_content = _FileContent()


def offset() -> timedelta:
    """Return how far domain time is ahead of real time (behind it while a sample programme is being loaded).

    A move by another process is noticed within a few milliseconds.
    """
    name = os.environ.get(_VARIABLE)
    if not name:
        return timedelta()
    looked = monotonic()
    if name == _content.name and looked < _content.until:
        return _content.offset
    try:
        stamp = os.stat(name).st_mtime_ns  # noqa: PTH116 - called hundreds of times a second; a Path is slower
    except FileNotFoundError:
        return timedelta()
    if (name, stamp) != (_content.name, _content.stamp):
        _content.offset = timedelta(seconds=float(Path(name).read_text(encoding="ascii") or "0"))
        _content.name, _content.stamp = name, stamp
    _content.until = looked + _LOOK_AGAIN
    return _content.offset


def now() -> datetime:
    """Return domain time, UTC with its zone."""
    return datetime.now(UTC) + offset()


def today() -> date:
    """Return the date of domain time in UTC."""
    return now().date()


def movable() -> bool:
    """Return whether this is a local run, whose clock can be moved."""
    return _file() is not None


def start_at(ago: timedelta) -> datetime:
    """Set a clock that nobody has used yet to `ago` before now, and return the time that it then shows.

    Raises `ClockFixed` outside a local run and `ClockBackwards` when the clock was set before.
    """
    file = _file()
    if file is None:
        raise ClockFixed("The clock can be set in a local run only.")
    if file.exists():
        raise ClockBackwards("The clock was set before; from then on it moves forward only.")
    _write(file, -ago)
    return now()


def move(by: timedelta) -> datetime:
    """Move the clock forward by `by` and return the time that it then shows.

    Raises `ClockFixed` outside a local run and `ClockBackwards` when `by` is negative.
    """
    file = _file()
    if file is None:
        raise ClockFixed("The clock can be moved in a local run only.")
    if by < timedelta():
        raise ClockBackwards("The clock moves forward only: give a time span of zero or more.")
    _write(file, offset() + by)
    return now()


def _write(file: Path, value: timedelta) -> None:
    """Replace the file in one step, so that a reader never sees half a number."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="ascii") as draft:
        draft.write(f"{value.total_seconds():.6f}")
    Path(draft.name).replace(file)
    _content.until = 0.0


async def moved_or(timeout: float, since: timedelta | None = None) -> None:  # noqa: ASYNC109 - the wait itself is the purpose
    """Sleep until the clock was moved or `timeout` seconds of real time have passed, whichever comes first.

    A clock whose offset is not `since` has been moved already, such as during the work before the sleep.
    """
    if not movable():
        await asyncio.sleep(timeout)
        return
    if since is not None and since != offset():
        return
    loop = asyncio.get_running_loop()
    moved: asyncio.Future[None] = loop.create_future()
    with _watcher(loop).sleeper(moved):
        await asyncio.wait([moved], timeout=timeout)


class _Watcher:
    """Looks at the clock's file for all sleepers of an event loop, as long as there are any."""

    def __init__(self) -> None:
        self._sleepers: dict[asyncio.Future[None], timedelta] = {}
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def sleeper(self, moved: asyncio.Future[None]) -> Iterator[None]:
        """Set the result of `moved` once the clock differs from now, while the block runs."""
        self._sleepers[moved] = offset()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY, self._look)
        try:
            yield
        finally:
            del self._sleepers[moved]

    def _look(self) -> None:
        now = offset()
        for moved, before in self._sleepers.items():
            if now != before and not moved.done():
                moved.set_result(None)
        self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY, self._look) if self._sleepers else None


_watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watcher] = WeakKeyDictionary()


def _watcher(loop: asyncio.AbstractEventLoop) -> _Watcher:
    return _watchers.setdefault(loop, _Watcher())
