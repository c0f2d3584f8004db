"""An event loop in which time passes only when nothing else is to do, and random numbers and ids come from a seed.

The loop has no sockets: what is real, the database, is asked in another loop while this one stands still (`stores.py`).
So a run depends on its seed alone.
"""

from __future__ import annotations

import asyncio
import base64
import random
import secrets
import selectors
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import uuid_utils.compat

from shared.bus.db import lease_epoch
from shared.time import clock
from tests.simulation.services.processes import current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.simulation.services.processes import Process

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""The moment at which each run begins: a Monday morning."""
_AT_ONCE, _SOON = 0.7, 0.95
"""Shares of the steps that take no time, and that take no time or little."""


class Stuck(RuntimeError):
    """Nothing will ever happen again: each task waits for another."""


class _NoSockets(selectors.BaseSelector):
    """A selector that lets time pass instead of waiting."""

    def __init__(self) -> None:
        self.loop: VirtualLoop | None = None
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, -1, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self.loop
        if loop is not None and (timeout is None or timeout > 0):
            for idle in loop.when_idle:
                if idle():
                    return []
            if timeout is None:
                raise Stuck
            loop.seconds += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; `seconds` is its time."""

    def __init__(self) -> None:
        """Begin at 1,000 s: some code takes 0 for never."""
        selector = _NoSockets()
        self.seconds = 1000.0
        self.when_idle: list[Callable[[], bool]] = []
        """Asked before time passes; true where something is to do after all."""
        super().__init__(selector)
        self.set_exception_handler(lambda *_: None)  # tasks of processes that were killed
        selector.loop = self

    def time(self) -> float:
        """Return the virtual time."""
        return self.seconds

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # noqa: ARG002 - one signature for all
        """Call `func` at once: the work of threads takes no time."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as wrong:  # noqa: BLE001 - handed to whoever waits
            future.set_exception(wrong)
        return future


class World:
    """The time, the random numbers and the ids of one run."""

    def __init__(self, seed: int | str) -> None:
        """Make everything from `seed`."""
        self.seed = seed
        self.loop = VirtualLoop()
        self.random = random.Random(f"world {seed}")
        self.ahead = timedelta()
        """How far domain time is ahead."""
        self._last: dict[Process | None, int] = {}
        self._paces = random.Random(f"paces {seed}")

    def monotonic(self) -> float:
        """Return seconds, as `time.monotonic`."""
        return self.loop.seconds

    def elapsed(self) -> float:
        """Return seconds by the clock of the process that asks."""
        process = current()
        return self.loop.seconds + (process.booted if process is not None else 0.0)

    def true(self) -> datetime:
        """Return the virtual real time."""
        return BEGIN + timedelta(seconds=self.loop.seconds - 1000)

    def moment(self, true: datetime) -> float:
        """Return the loop's time at a moment of the virtual real time."""
        return (true - BEGIN).total_seconds() + 1000

    def real(self) -> datetime:
        """Return the real time by the clock of the process that asks."""
        process = current()
        return self.true() + timedelta(seconds=process.skew if process is not None else 0.0)

    def pace(self) -> float:
        """Return the seconds that a step takes: mostly few, now and then many."""
        chance = self._paces.random()
        return 0.0 if chance < _AT_ONCE else self._paces.uniform(0.0, 0.02 if chance < _SOON else 0.3)

    def new_id(self) -> UUID:
        """Return a uuid7 of the virtual time; each is greater than the one before of the same process."""
        process = current()
        last = max(self._last.get(process, 0) + 1, int(self.real().timestamp() * 1000) << 12)
        self._last[process] = last
        moment, count = last >> 12, last & 0xFFF
        value = moment << 80 | 7 << 76 | count << 64 | 2 << 62 | self.random.getrandbits(62)
        return UUID(int=value)


class SilentConnection:
    """A connection that listens and never hears: processes find what is new by looking."""

    def add_termination_listener(self, _: object) -> None:
        """It never ends."""

    async def add_listener(self, _: str, __: object) -> None:
        """Nothing is heard."""

    def is_closed(self) -> bool:
        """It never is."""
        return False

    def terminate(self) -> None:
        """Nothing to end."""

    async def close(self, **_: Any) -> None:
        """Nothing to end."""


def _urlsafe(random_bytes: bytes) -> str:
    return base64.urlsafe_b64encode(random_bytes).rstrip(b"=").decode()


async def _silent(*_: Any, **__: Any) -> SilentConnection:
    return SilentConnection()


@contextmanager
def virtual(world: World) -> Iterator[None]:
    """Give all modules of the services the time, the ids and the random numbers of `world`."""

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, datetime)

    class Datetime(datetime, metaclass=Kind):
        """A datetime whose `now` is the virtual time; what it makes are plain ones."""

        def __new__(cls, *parts: Any, **named: Any) -> datetime:  # type: ignore[misc]  # a plain one, as said
            return datetime(*parts, **named)  # noqa: DTZ001 - the caller's zone

    def moment(_: type, tz: tzinfo | None = None) -> datetime:
        return world.real() if tz is None else world.real().astimezone(tz)

    Datetime.now = classmethod(moment)  # type: ignore[method-assign, assignment]  # the virtual clock

    undo: list[tuple[dict[str, Any], str, Any]] = []

    def put(place: dict[str, Any], name: str, value: Any) -> None:
        undo.append((place, name, place[name]))
        place[name] = value

    for name, module in list(sys.modules.items()):
        if name.startswith(("shared.", "services.")) and module is not None:
            names = vars(module)
            for known in ("monotonic", "perf_counter"):
                if names.get(known) in (time.monotonic, time.perf_counter):
                    put(names, known, world.monotonic)
            if names.get("time") is time:
                put(names, "time", _Time(world))
            source = getattr(module, "__file__", None)
            if names.get("datetime") is datetime and source and _asks_for_now(source):
                put(names, "datetime", Datetime)
    put(vars(clock), "offset", lambda: world.ahead)
    put(vars(clock), "_LOOK_EVERY", 1.0)
    put(vars(lease_epoch), "elapsed", world.elapsed)
    put(vars(uuid_utils.compat), "uuid7", world.new_id)
    put(vars(asyncpg), "connect", _silent)
    put(vars(secrets), "choice", world.random.choice)
    put(vars(secrets), "token_urlsafe", lambda count=32: _urlsafe(world.random.randbytes(count)))
    put(vars(secrets), "token_bytes", world.random.randbytes)
    state = random.getstate()
    random.seed(world.random.random())
    asyncio.set_event_loop(world.loop)
    try:
        yield
    finally:
        for place, name, before in reversed(undo):
            place[name] = before
        random.setstate(state)
        asyncio.set_event_loop(None)


class _Time:
    """The module `time`, with the virtual time."""

    def __init__(self, world: World) -> None:
        self.monotonic = world.monotonic
        self.time = lambda: world.real().timestamp()

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


_ASKS: dict[str, bool] = {}


def _asks_for_now(source: str) -> bool:
    if source not in _ASKS:
        with open(source, encoding="utf-8") as file:  # noqa: PTH123 - one call for each of hundreds of modules
            _ASKS[source] = "datetime.now(" in file.read()
    return _ASKS[source]
