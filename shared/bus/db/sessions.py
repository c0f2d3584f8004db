"""How does a session wait for the database without paying for a new stack each time?

SQLAlchemy's code is not asynchronous: `AsyncSession` runs each call in a greenlet, which hands what is to be awaited to
the task and goes on with the answer. It makes a greenlet for each call, and CPython maps memory for the frames of each
and gives it back: with the page faults a fifth of what a small transaction took. Here a greenlet that has done its
work takes the next one.
"""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from greenlet import GreenletExit, getcurrent, greenlet
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util import immutabledict

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Executable
    from sqlalchemy.engine import Result

T = TypeVar("T")

MOST_IDLE = 64
"""More than these wait for work only after a crowd has waited for a connection at once."""
_WHOLE = immutabledict({"prebuffer_rows": True})
"""All rows are there when the answer is: what `AsyncSession` asks for too."""
_DONE = object()


class _Worker(greenlet):  # type: ignore[misc]  # greenlet is untyped
    """A stack on which SQLAlchemy's code runs, one piece of work after the other."""

    __sqlalchemy_greenlet_provider__ = True  # by this SQLAlchemy knows that it may wait here

    def __init__(self) -> None:
        super().__init__(_serve)
        self.value: object = None
        self.wrong: BaseException | None = None


def _serve() -> None:
    """Do what is handed over, for ever; what is given back is what to await, or `_DONE`.

    Nothing that runs here may hold its own stack for longer than it takes to ask for it: a stack that holds itself can
    never be given back, since the garbage collector does not see into one that waits.
    """
    while True:
        work = getcurrent().parent.switch(_DONE)
        try:
            getcurrent().value = work()
        except GreenletExit:  # whoever waited for it is gone for good
            raise
        except BaseException as wrong:  # noqa: BLE001 - raised where it was asked for
            getcurrent().wrong = wrong
        del work  # an idle worker keeps nothing alive


class _Idle(threading.local):
    """The workers of this thread that have nothing to do."""

    def __init__(self) -> None:
        self.workers: list[_Worker] = []


_IDLE = _Idle()


async def run(function: Callable[..., T], *args: Any, **named: Any) -> T:
    """What `function` gives, which may wait in SQLAlchemy's way: its `greenlet_spawn`, with a stack that was used.

    Cancelled, or failing where it waits, `function` hears of it there, and may wait again to clean up.
    """
    here = getcurrent()
    if _IDLE.workers:
        worker = _IDLE.workers.pop()
        worker.parent = here
    else:
        worker = _Worker()
        worker.switch()
    worker.gr_context = here.gr_context
    said = worker.switch(partial(function, *args, **named))
    while said is not _DONE:
        try:
            answer = await said
        except BaseException:  # noqa: BLE001 - the same that SQLAlchemy hands on
            said = worker.throw(*sys.exc_info())
        else:
            said = worker.switch(answer)
    value, wrong, worker.value, worker.wrong, worker.gr_context = worker.value, worker.wrong, None, None, None
    if len(_IDLE.workers) < MOST_IDLE:
        _IDLE.workers.append(worker)
    if wrong is None:
        return cast("T", value)
    try:
        raise wrong
    finally:
        del wrong  # else it would hold this frame, and this frame it, until the garbage collector looks


class Session(AsyncSession):
    """An `AsyncSession` whose most frequent calls are run by `run`; in all else it is one."""

    async def execute(
        self, statement: Executable, params: Any = None, *, execution_options: Any = None, **named: Any
    ) -> Result[Any]:
        """As `AsyncSession.execute`: the answer is whole."""
        options = _WHOLE.union(execution_options) if execution_options else _WHOLE
        return await run(self.sync_session.execute, statement, params, execution_options=options, **named)

    async def scalar(
        self, statement: Executable, params: Any = None, *, execution_options: Any = None, **named: Any
    ) -> Any:
        """As `AsyncSession.scalar`."""
        options = _WHOLE.union(execution_options) if execution_options else _WHOLE
        return await run(self.sync_session.scalar, statement, params, execution_options=options, **named)

    async def get(self, entity: Any, ident: Any, **named: Any) -> Any:
        """As `AsyncSession.get`."""
        return await run(self.sync_session.get, entity, ident, **named)

    async def flush(self, objects: Any = None) -> None:
        """As `AsyncSession.flush`."""
        await run(self.sync_session.flush, objects)

    async def commit(self) -> None:
        """As `AsyncSession.commit`."""
        await run(self.sync_session.commit)

    async def rollback(self) -> None:
        """As `AsyncSession.rollback`."""
        await run(self.sync_session.rollback)

    async def close(self) -> None:
        """As `AsyncSession.close`."""
        await run(self.sync_session.close)
