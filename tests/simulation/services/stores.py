"""Connections to the real PostgreSQL, asked while the virtual loop stands still.

The driver's connections live in a loop of their own. A statement is one step of the simulation: nothing else happens
until it is answered, unless it waits for a lock that another task of the simulation holds; then the others go on, and
it is looked at again whenever a statement was answered.

The server's own limits count real time, so they are off (`installation.py`). What stalls within a transaction is
ended here, after as long in virtual time. A connection that a killed process leaves behind is ended at once.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
from asyncpg.cursor import CursorFactory
from asyncpg.prepared_stmt import PreparedStatement
from asyncpg.transaction import Transaction

from tests.simulation.services import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from tests.simulation.services.virtual import World

real_connect = asyncpg.connect
_FIRST_SECONDS = 0.01
"""After so long without an answer the server is asked whether the statement waits for a lock."""
_PATIENCE = 60.0
IDLE_SECONDS = 120.0
"""Virtual seconds without a statement after which a transaction is ended, unless it has named a time of its own."""
_STEP_SECONDS = 0.001
_NAMES_IDLE = "idle_in_transaction_session_timeout"
_END_MS = 5000
_BUSY = "SELECT state = 'active' FROM pg_stat_activity WHERE pid = $1"
_BLOCKED = """
WITH RECURSIVE before(pid) AS (
    SELECT unnest(pg_blocking_pids($1)) UNION SELECT unnest(pg_blocking_pids(before.pid)) FROM before
) SELECT count(*) > 0 AND NOT coalesce(bool_or(pid = $1), false) FROM before
"""
"""True if it waits for somebody who goes on: one of those who wait for each other gets an answer at once."""


class Stores:
    """The loop of the connections, and one connection of its own that asks who waits for whom.

    It runs within a step of the virtual loop, which stands still meanwhile: two threads would take turns twice for each
    statement.
    """

    def __init__(self, administrator: str, clock_file: Path) -> None:
        """Connect as `administrator`; the server's clock reads `clock_file`."""
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)  # statements of processes that were killed
        self._clock = os.open(clock_file, os.O_WRONLY)
        self._moment = -1.0
        self._blocked: list[tuple[asyncio.Task[Any], int, asyncio.Future[None]]] = []
        self._connections: dict[int, asyncpg.Connection] = {}
        self._idle: dict[int, float] = {}
        """The seconds after which a transaction is ended, by connection, where it has named them."""
        self._ends: dict[int, asyncio.TimerHandle] = {}
        self.world: World | None = None
        self._monitor: asyncpg.Connection = self.wait(real_connect(administrator))

    def begin(self, world: World) -> None:
        """Begin a run."""
        self.world = world
        for each in (self._blocked, self._connections, self._idle, self._ends):
            each.clear()
        world.loop.when_idle.append(self._look)

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do `work` in the loop of the connections and return its result."""
        task = self._loop.create_task(work)
        if not drive(self._loop, task, _PATIENCE):
            raise TimeoutError
        return task.result()

    def add(self, connection: asyncpg.Connection) -> int:
        """Know a connection; return the number of its process of the server."""
        pid = connection.get_server_pid()
        self._connections[pid] = connection
        return pid

    def terminate(self, work: Callable[[], Any], pid: int) -> None:
        """Call `work`, which leaves a connection behind, and have the server end it at once with all its locks."""

        async def call() -> None:
            work()
            await asyncio.sleep(0)  # so that what it closes is closed

        self._busy(pid)
        self.wait(call())
        self._end(pid)

    def ends_after(self, pid: int, seconds: float) -> None:
        """End the present transaction of a connection once it has been idle for so long."""
        self._idle[pid] = seconds

    def _end(self, pid: int) -> None:
        connection = self._connections.pop(pid, None)
        if connection is None:
            return
        self.wait(self._monitor.fetchval("SELECT pg_terminate_backend($1, $2)", pid, _END_MS))
        waited = 0.0
        while not connection.is_closed() and waited < _PATIENCE:
            self.wait(asyncio.sleep(_STEP_SECONDS))
            waited += _STEP_SECONDS

    def _busy(self, pid: int) -> None:
        """Note that a connection is not idle."""
        if (end := self._ends.pop(pid, None)) is not None:
            end.cancel()

    def _rests(self, pid: int) -> None:
        """Note that a connection is idle from now on, and end it where that lasts too long within a transaction."""
        connection = self._connections.get(pid)
        if connection is None or connection.is_closed() or not connection.is_in_transaction():
            self._idle.pop(pid, None)
            return

        def expire() -> None:
            self._ends.pop(pid, None)
            self._end(pid)
            self._look()

        assert self.world is not None
        self._ends[pid] = self.world.loop.call_later(self._idle.get(pid, IDLE_SECONDS), expire)

    async def run(self, work: Coroutine[Any, Any, Any], pid: int) -> Any:
        """Return the answer of a statement of the server's process `pid`."""
        self._tell_time()
        self._busy(pid)
        answer = self._loop.create_task(work)
        if not self._answered(answer, pid):
            assert self.world is not None
            answered = self.world.loop.create_future()
            self._blocked.append((answer, pid, answered))
            try:
                await answered
            except asyncio.CancelledError:
                answer.cancel()
                self._await_cancellation(pid)
                raise
            finally:
                self._blocked = [each for each in self._blocked if each[0] is not answer]
        try:
            return answer.result()
        finally:
            self._rests(pid)
            self._look()

    def _await_cancellation(self, pid: int) -> None:
        """Wait until the server has heard from the driver that a statement is cancelled."""
        waited = 0.0
        self.wait(asyncio.sleep(_STEP_SECONDS))
        while waited < _PATIENCE and self.wait(self._monitor.fetchval(_BUSY, pid)):
            self.wait(asyncio.sleep(_STEP_SECONDS))
            waited += _STEP_SECONDS

    def _answered(self, answer: asyncio.Task[Any], pid: int) -> bool:
        """Wait for an answer; return False once the statement waits for a lock."""
        waited = 0.0
        while not answer.done() and not drive(self._loop, answer, _FIRST_SECONDS):
            waited += _FIRST_SECONDS
            if pid and self.wait(self._monitor.fetchval(_BLOCKED, pid)):
                return answer.done()
            if waited > _PATIENCE:
                raise TimeoutError
        return True

    def _look(self) -> bool:
        """Wake those whose lock was given; return whether there are any."""
        woken = False
        for answer, pid, answered in list(self._blocked):
            if answered.done() or (not answer.done() and self.wait(self._monitor.fetchval(_BLOCKED, pid))):
                continue  # asked first, since most wait on
            if self._answered(answer, pid):
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
        """End the loop."""
        self.wait(self._monitor.close())
        self._loop.close()
        os.close(self._clock)


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
    """An object of the driver, of which each call that waits is done in the loop of the connections."""

    def __init__(self, stores: Stores, of: Any, pid: int) -> None:
        """Stand for `of`, which belongs to the connection of the server's process `pid`."""
        self._stores, self._of, self._pid = stores, of, pid

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._of, name)
        if not inspect.ismethod(value):
            return value

        def call(*args: Any, **options: Any) -> Any:
            if name == "terminate":
                return self._stores.terminate(value, self._pid)
            if isinstance(self._of, PreparedStatement) and args and _NAMES_IDLE in self._of.get_query():
                self._stores.ends_after(self._pid, float(args[0].removesuffix("s")))
            result = value(*args, **options)
            return self._wait(name, result) if inspect.iscoroutine(result) else self._wrapped(result)

        return call

    def __aiter__(self) -> Remote:
        return Remote(self._stores, self._of.__aiter__(), self._pid)

    async def __anext__(self) -> Any:
        return await self._wait("next", self._of.__anext__())

    async def _wait(self, name: str, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            await processes.cross("store", dies=name not in {"close", "reset"})
        except BaseException:
            work.close()
            raise
        return self._wrapped(await self._stores.run(work, self._pid))

    def _wrapped(self, result: Any) -> Any:
        if isinstance(result, Transaction | PreparedStatement | CursorFactory):
            return Remote(self._stores, result, self._pid)
        return result


async def connect(stores: Stores, *args: Any, **options: Any) -> Any:
    """Return a connection, which belongs to the process that asks."""
    await processes.cross("connect")
    options.pop("timeout", None)
    connection = await stores.run(real_connect(*args, **options), 0)
    remote = Remote(stores, connection, stores.add(connection))
    processes.owns(remote)
    return remote
