"""Processes of the services within one event loop, which can be killed or stalled between any two steps.

A step is what reaches beyond the process: a statement of the store, a call of the log, of the mail server or of another
service. Each crosses `cross`, where a process that is to die does so, and one that stands still waits.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine


class Crash(BaseException):
    """The end of a process, with everything that was not committed."""


@dataclass(eq=False)
class Process:
    """One process; `dies_in` and `stalls_in` count the steps until it dies, or stands still for `stall` seconds."""

    name: str
    died_at: float | None = None
    """The moment at which it died, by the loop's time."""
    stalls: list[tuple[float, float]] = field(default_factory=list)
    """The times in which it stood still: from and until."""
    dies_in: int | None = None
    stalls_in: int | None = None
    stall: float = 0.0
    until: float = 0.0
    slow: float = 0.0
    """Seconds that each statement of the store takes."""
    pace: Callable[[], float] | None = None
    """Gives the seconds that a step takes, so that processes are in the middle of something at once."""
    skew: float = 0.0
    """Seconds by which its wall clock is wrong."""
    booted: float = 0.0
    """Seconds by which its monotonic clock differs from that of others: each machine counts from its own start."""
    trace: Callable[[str, str], None] | None = None
    service: Any = None
    """The service that runs in it."""
    tasks: dict[asyncio.Task[Any], None] = field(default_factory=dict)
    """In their order: that of a set would differ from run to run."""
    connections: list[Any] = field(default_factory=list)

    @property
    def dead(self) -> bool:
        """True once it has died."""
        return self.died_at is not None

    def die(self) -> None:
        """Die now; what it holds goes when it is buried (`kill`)."""
        if self.died_at is None:
            self.died_at = asyncio.get_running_loop().time()

    def stand(self, seconds: float) -> None:
        """Stand still from now on."""
        now = asyncio.get_running_loop().time()
        self.until = now + seconds
        self.stalls.append((now, self.until))

    def start(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
        """Run `work` in this process."""
        token = _current.set(self)
        try:
            task = asyncio.get_running_loop().create_task(work())
        finally:
            _current.reset(token)
        self.tasks[task] = None
        task.add_done_callback(self.tasks.pop)
        return task

    async def kill(self) -> None:
        """End it as SIGKILL does: nothing is given back, and its transactions are rolled back by the server."""
        self.die()
        self.stalls_in, self.until = None, 0.0
        connections, self.connections = self.connections, []
        for connection in connections:
            connection.terminate()
        while tasks := [task for task in self.tasks if task is not asyncio.current_task()]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=60)
        for connection in self.connections:
            connection.terminate()


_current: ContextVar[Process | None] = ContextVar("_current", default=None)


def current() -> Process | None:
    """Return the process whose task this is; None for the simulation's own."""
    return _current.get()


def owns(connection: Any) -> None:
    """Note a connection of the present process."""
    process = _current.get()
    if process is not None:
        process.connections.append(connection)


async def cross(what: str, *, dies: bool = True) -> None:
    """Take one step beyond the process. Raises `Crash` where it dies."""
    process = _current.get()
    if process is None:
        return
    if process.dead:
        if dies:
            raise Crash
        return
    if process.trace is not None:
        process.trace(process.name, what)
    if process.dies_in is not None:
        process.dies_in -= 1
        if process.dies_in <= 0:
            process.die()
            raise Crash
    loop = asyncio.get_running_loop()
    if process.stalls_in is not None:
        process.stalls_in -= 1
        if process.stalls_in <= 0:
            process.stalls_in = None
            process.stand(process.stall)
    if process.pace is not None:
        await asyncio.sleep(process.pace())
    if process.slow and what == "store":
        await asyncio.sleep(process.slow)
    while process.until > loop.time():  # noqa: ASYNC110 - a fault may lengthen it meanwhile
        await asyncio.sleep(process.until - loop.time())
    if process.dead and dies:
        raise Crash


async def beyond(process: Process, work: Awaitable[Any]) -> Any:
    """Return the result of `work`, done in `process` on behalf of another one, as a request to it."""
    token = _current.set(process)
    try:
        return await work
    finally:
        _current.reset(token)
