"""Connections to the real PostgreSQL, asked while the virtual loop stands still.

Each of the driver's connections lives in a loop of its own. A statement is one step of the simulation: nothing else
happens until it is answered, unless it waits for a lock that another task of the simulation holds; then the others go
on, and it is looked at again whenever a statement was answered.

The server's own limits count real time, so they are off (`installation.py`). Once a transaction has been idle, or has
lasted, for too long in virtual time, it is given the server's own limit of a few milliseconds, so that the server
itself ends it (25P03, 25P04). A process that stands still finds that out with its next statement, any other at once.
A connection that a killed process leaves behind is ended at once.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import random
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import asyncpg
from asyncpg.cursor import CursorFactory
from asyncpg.exceptions import InFailedSQLTransactionError
from asyncpg.prepared_stmt import PreparedStatement
from asyncpg.transaction import Transaction

from tests.simulation.services import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from tests.simulation.services.processes import Process
    from tests.simulation.services.virtual import World

real_connect = asyncpg.connect
_FIRST_SECONDS = 0.01
"""After so long without an answer the server is asked whether the statement waits for a lock."""
_PATIENCE = 60.0
IDLE_SECONDS = (120.0, 20.0)
"""Virtual seconds without a statement after which a transaction is ended, unless it has named a time of its own: as in
production, or less, since a run is short. Each run draws one of them."""
LONGEST_SECONDS = (900.0, 30.0)
"""The same for its whole length; a transaction may only name a shorter time."""
_STEP_SECONDS = 0.001
_NAMES_LIMITS = "idle_in_transaction_session_timeout"
_IDLE, _LONGEST = "idle_in_transaction_session_timeout", "transaction_timeout"
_SOON_MS = 200
"""The server's own limit of a transaction that is to end."""
_LIMIT = "SELECT pg_catalog.set_config($1, $2, true)"
_THERE = "SELECT count(*) > 0 FROM pg_stat_activity WHERE pid = $1"
_END_MS = 5000
_BUSY = "SELECT state = 'active' FROM pg_stat_activity WHERE pid = $1"
_BLOCKED = """
WITH RECURSIVE before(pid) AS (
    SELECT unnest(pg_blocking_pids($1)) UNION SELECT unnest(pg_blocking_pids(before.pid)) FROM before
) SELECT count(*) > 0 AND NOT coalesce(bool_or(pid = $1), false) FROM before
"""
"""True if it waits for somebody who goes on: one of those who wait for each other gets an answer at once."""


@dataclass(eq=False)
class Link:
    """A connection: its loop, the process that has it, and the times of the transaction that runs."""

    loop: asyncio.AbstractEventLoop
    process: Process | None
    connection: asyncpg.Connection | None = None
    pid: int = 0
    """The number of its process of the server; 0 until it is there."""
    idle: float | None = None
    """The seconds after which the transaction is ended, where it has named them."""
    over: float | None = None
    """The moment at which the transaction has lasted for too long; None while there is none."""
    end: asyncio.TimerHandle | None = None
    ended: bool = False
    """True once the server has ended it, whether or not its process knows."""

    @property
    def in_transaction(self) -> bool:
        """True while a transaction runs, as far as the driver knows."""
        connection = self.connection
        return connection is not None and not connection.is_closed() and connection.is_in_transaction()


class Stores:
    """The connections of a run, and one of its own that asks who waits for whom.

    Their loops run within a step of the virtual loop, which stands still meanwhile: two threads would take turns twice
    for each statement.
    """

    def __init__(self, administrator: str, clock_file: Path) -> None:
        """Connect as `administrator`; the server's clock reads `clock_file`."""
        self._loop = _new_loop()
        self._clock = os.open(clock_file, os.O_WRONLY)
        self._moment = -1.0
        self._blocked: list[tuple[asyncio.Task[Any], Link, asyncio.Future[None]]] = []
        self._links: list[Link] = []
        self._idle, self._longest = IDLE_SECONDS[0], LONGEST_SECONDS[0]
        self.world: World | None = None
        self.expired: Counter[str] = Counter()
        """How many transactions were ended, by the limit that they had passed."""
        self.disturbed = False
        """True if this machine was so slow that a run may have gone otherwise than it does again."""
        self._monitor: asyncpg.Connection = self.wait(real_connect(administrator))

    def begin(self, world: World, idle: float | None = None, longest: float | None = None) -> None:
        """Begin a run; without limits for its transactions they are drawn."""
        self._forget()
        self.world = world
        limits = random.Random(f"limits {world.seed}")
        self._idle = limits.choice(IDLE_SECONDS) if idle is None else idle
        self._longest = limits.choice(LONGEST_SECONDS) if longest is None else longest
        self.expired.clear()
        self.disturbed = False
        world.loop.when_idle.append(self._look)

    def _forget(self) -> None:
        """Close the connections of a run that is over."""
        self._blocked.clear()
        for each in list(self._links):
            self._leave(each)

    def wait(self, work: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop | None = None) -> Any:
        """Do `work` in the loop of a connection, or in that of its own connection; return its result."""
        loop = loop or self._loop
        task = loop.create_task(work)
        if not drive(loop, task, _PATIENCE):
            raise TimeoutError
        return task.result()

    async def connect(self, *args: Any, **options: Any) -> Remote:
        """Return a new connection of the present process."""
        link = Link(_new_loop(), processes.current())
        self._links.append(link)
        link.connection = await self.run(real_connect(*args, **options), link)
        link.pid = link.connection.get_server_pid()
        return Remote(self, link.connection, link)

    def terminate(self, work: Callable[[], Any], link: Link) -> None:
        """Call `work`, which leaves a connection behind, and have the server end it at once with all its locks."""

        async def call() -> None:
            work()
            await asyncio.sleep(0)  # so that what it closes is closed

        self._busy(link)
        self.wait(call(), link.loop)
        if not link.ended:
            link.ended = True
            self.wait(self._monitor.fetchval("SELECT pg_terminate_backend($1, $2)", link.pid, _END_MS))
        self._until_closed(link)

    def ends_after(self, link: Link, idle: float, longest: float) -> None:
        """End the present transaction of a connection once it has been idle, or has lasted from now on, for so long."""
        assert self.world is not None
        link.idle, link.over = idle, self.world.loop.time() + min(longest, self._longest)

    def _leave(self, link: Link) -> None:
        """Close a connection and its loop."""

        async def close() -> None:
            if link.connection is not None:
                link.connection.terminate()
            await asyncio.sleep(_STEP_SECONDS)  # so that its socket is closed

        self._links.remove(link)
        self.wait(close(), link.loop)
        link.loop.close()

    def _until_closed(self, link: Link) -> None:
        """Let the driver read that the server has ended its connection."""
        waited = 0.0
        while link.connection is not None and not link.connection.is_closed() and waited < _PATIENCE:
            self.wait(asyncio.sleep(_STEP_SECONDS), link.loop)
            waited += _STEP_SECONDS

    def _busy(self, link: Link) -> None:
        """Note that a connection is not idle."""
        if link.end is not None:
            link.end.cancel()
            link.end = None

    def _rests(self, link: Link) -> None:
        """Note that a connection is idle from now on; end it once its transaction was idle, or lasted, for too long."""
        if link.ended or not link.in_transaction:
            link.idle = link.over = None
            return
        assert self.world is not None
        loop = self.world.loop
        if link.over is None:
            link.over = loop.time() + self._longest
        idle = loop.time() + (self._idle if link.idle is None else link.idle)
        kind = _IDLE if idle <= link.over else _LONGEST
        link.end = loop.call_at(max(loop.time(), min(idle, link.over)), self._expire, link, kind)

    def _expire(self, link: Link, kind: str) -> None:
        """Have the server end a transaction by its own limit."""
        link.end = None
        began = monotonic()
        self.wait(self._limit(link, kind), link.loop)
        # Else the driver may have read already that the connection ends.
        self.disturbed |= monotonic() - began > _SOON_MS / 1000
        self.expired[kind] += 1
        link.ended = True
        waited = 0.0
        while self.wait(self._monitor.fetchval(_THERE, link.pid)):
            sleep(_STEP_SECONDS)
            waited += _STEP_SECONDS
            if waited > _PATIENCE:
                raise TimeoutError
        assert self.world is not None
        process = link.process
        if process is None or process.until <= self.world.loop.time():
            self._until_closed(link)
        self._look()

    async def _limit(self, link: Link, kind: str) -> None:
        connection = link.connection
        assert connection is not None
        try:
            await connection.execute(_LIMIT, kind, str(_SOON_MS))
        except InFailedSQLTransactionError:  # it has no locks any more, and its process still believes in it
            await connection.execute("ROLLBACK")
            await connection.execute("BEGIN")
            await connection.execute(_LIMIT, kind, str(_SOON_MS))

    async def run(self, work: Coroutine[Any, Any, Any], link: Link) -> Any:
        """Return the answer of a statement of a connection."""
        self._tell_time()
        self._busy(link)
        answer = link.loop.create_task(work)
        if not self._answered(answer, link):
            assert self.world is not None
            answered = self.world.loop.create_future()
            self._blocked.append((answer, link, answered))
            try:
                await answered
            except asyncio.CancelledError:
                answer.cancel()
                self._await_cancellation(link)
                raise
            finally:
                self._blocked = [each for each in self._blocked if each[0] is not answer]
        try:
            return answer.result()
        finally:
            self._rests(link)
            self._look()

    def _await_cancellation(self, link: Link) -> None:
        """Wait until the server has heard from the driver that a statement is cancelled."""
        waited = 0.0
        self.wait(asyncio.sleep(_STEP_SECONDS), link.loop)
        while waited < _PATIENCE and self.wait(self._monitor.fetchval(_BUSY, link.pid)):
            self.wait(asyncio.sleep(_STEP_SECONDS), link.loop)
            waited += _STEP_SECONDS

    def _answered(self, answer: asyncio.Task[Any], link: Link) -> bool:
        """Wait for an answer; return False once the statement waits for a lock."""
        waited = 0.0
        while not answer.done() and not drive(link.loop, answer, _FIRST_SECONDS):
            waited += _FIRST_SECONDS
            if link.pid and self.wait(self._monitor.fetchval(_BLOCKED, link.pid)):
                return answer.done()
            if waited > _PATIENCE:
                raise TimeoutError
        return True

    def _look(self) -> bool:
        """Wake those whose lock was given; return whether there are any."""
        woken = False
        for answer, link, answered in list(self._blocked):
            if answered.done() or (not answer.done() and self.wait(self._monitor.fetchval(_BLOCKED, link.pid))):
                continue  # asked first, since most wait on
            if self._answered(answer, link):
                answered.set_result(None)
                woken = True
        return woken

    def _tell_time(self) -> None:
        assert self.world is not None
        if self.world.loop.seconds != self._moment:
            self._moment = self.world.loop.seconds
            # Always as long, over what was there: to open the file each time takes longer.
            os.pwrite(self._clock, self.world.true().isoformat(timespec="microseconds").encode("ascii"), 0)

    def close(self) -> None:
        """End the loops."""
        self._forget()
        self.wait(self._monitor.close())
        self._loop.close()
        os.close(self._clock)


def _new_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # statements of processes that were killed
    return loop


@contextmanager
def _set_aside() -> Iterator[None]:
    """Set the loop and the task that run aside, so that another loop can run in this thread."""
    # asyncio leaves these four to those who extend it: its documentation names `_enter_task` and `_leave_task` under
    # "Extending", and the other two say that event loops are to use them.
    loop = asyncio._get_running_loop()
    task = None if loop is None else asyncio.current_task(loop)
    if loop is not None and task is not None:
        asyncio._leave_task(loop, task)
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
        if loop is not None and task is not None:
            asyncio._enter_task(loop, task)


def drive(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any], seconds: float) -> bool:
    """Let another loop run until a task of it is done, or for so long; return whether it is done.

    A task that ends in the very moment in which the time is over leaves a call to stop behind, so that the loop stops
    once too often the next time. Then it goes on.
    """
    over = False

    def expire() -> None:
        nonlocal over
        over = True
        loop.stop()

    def stop(_: object) -> None:
        loop.stop()

    with _set_aside():
        task.add_done_callback(stop)
        end = loop.call_later(seconds, expire)
        try:
            while not (task.done() or over):
                loop.run_forever()
        finally:
            end.cancel()
            task.remove_done_callback(stop)
    return task.done()


class Remote:
    """An object of the driver, of which each call that waits is done in the loop of its connection."""

    def __init__(self, stores: Stores, of: Any, link: Link) -> None:
        """Stand for `of`, which belongs to a connection."""
        self._stores, self._of, self._link = stores, of, link

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._of, name)
        if not inspect.ismethod(value):
            return value

        def call(*args: Any, **options: Any) -> Any:
            if name == "terminate":
                return self._stores.terminate(value, self._link)
            if isinstance(self._of, PreparedStatement) and args and _NAMES_LIMITS in self._of.get_query():
                self._stores.ends_after(self._link, *(float(each.removesuffix("s")) for each in args[:2]))
            result = value(*args, **options)
            return self._wait(name, result) if inspect.iscoroutine(result) else self._wrapped(result)

        return call

    def __aiter__(self) -> Remote:
        return Remote(self._stores, self._of.__aiter__(), self._link)

    async def __anext__(self) -> Any:
        return await self._wait("next", self._of.__anext__())

    async def _wait(self, name: str, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            await processes.cross("store", dies=name not in {"close", "reset"})
        except BaseException:
            work.close()
            raise
        return self._wrapped(await self._stores.run(work, self._link))

    def _wrapped(self, result: Any) -> Any:
        if isinstance(result, Transaction | PreparedStatement | CursorFactory):
            return Remote(self._stores, result, self._link)
        return result


async def connect(stores: Stores, *args: Any, **options: Any) -> Any:
    """Return a connection, which belongs to the process that asks."""
    await processes.cross("connect")
    options.pop("timeout", None)
    remote = await stores.connect(*args, **options)
    processes.owns(remote)
    return remote
