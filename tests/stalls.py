"""Processes that stand still (SIGSTOP) at a chosen moment of their work, and go on later (SIGCONT)."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from shared.bus.db import bus, lease_epoch
from tests.processes import forked
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

LEASE_SECONDS = 2.0
"""The time of the leases of such a process, and of its idle transactions: a test need not wait for long."""
LONGEST_SECONDS = 15.0
"""The longest that a transaction of it may take."""
ENDED = frozenset({"LeaseLost", "DBAPIError", "InterfaceError", "InternalError", "OperationalError"})
"""The ends of one that has lost its lease: it hears so, or the store has ended the transaction that it had open."""


@dataclass(frozen=True, slots=True)
class Stalled:
    """A process that stands still."""

    process: BaseProcess
    pipe: Connection

    async def go_on(self) -> str:
        """Let it go on, and return how it ended: `done`, or the name of the error."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGCONT)
        assert await asyncio.to_thread(self.pipe.poll, PATIENCE), "it does not come to an end"
        return str(self.pipe.recv())


@asynccontextmanager
async def stalled(
    module: str,
    work: Callable[..., Awaitable[None]],
    *args: object,
    at: str,
    call: int = 1,
    lasts: float = LEASE_SECONDS,
) -> AsyncIterator[Stalled]:
    """Do `await work(*args)` in a process until it calls the function `at` for the `call`-th time; there it stops.

    `module` is that of the work, which the process has imported; `at` is `package.module:Class.name`. Leases and idle
    transactions of the process last so many seconds. It is killed at the end.
    """
    context = forked(module)
    mine, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, at, call, lasts, work, args), daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    try:
        await until(lambda: _stands(process.pid) or mine.poll(), f"it stops at {at}")
        assert not mine.poll(), f"it ended before it came to {at}: {mine.recv()}"
        yield Stalled(process, mine)
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        mine.close()


def _stands(pid: int | None) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"


def _run(
    pipe: Connection,
    at: str,
    call: int,
    lasts: float,
    work: Callable[..., Awaitable[None]],
    args: tuple[object, ...],
) -> None:
    lease_epoch.LEASE_SECONDS = lease_epoch.IDLE_SECONDS = lasts
    lease_epoch.LONGEST_SECONDS = max(lasts, LONGEST_SECONDS)
    bus._IDLE = f"{lasts}s"
    _stop_at(at, call)

    async def run() -> None:
        await work(*args)

    try:
        asyncio.run(run())
    except BaseException as error:  # noqa: BLE001 - whatever it was, the test hears of it
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        pipe.send(type(error).__name__)
    else:
        pipe.send("done")


def _stop_at(at: str, call: int) -> None:
    module, _, name = at.partition(":")
    *parents, last = name.split(".")
    owner = resolve_name(":".join([module, ".".join(parents)]) if parents else module)
    function, calls = getattr(owner, last), 0

    @wraps(function)
    def stopping(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGSTOP)
        return function(*args, **kwargs)

    setattr(owner, last, stopping)
