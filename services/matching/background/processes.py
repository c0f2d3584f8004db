"""Run long work in a process of its own, which can be cancelled, so that the event loop never waits for it.

Each piece of work gets a new process (`spawn`, since the parent has threads and connections that a fork would half
copy). It reports each step over a pipe; it is cancelled by killing it. If the parent is killed, the child ends at its
next report.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from shared.bus.db.processes import tune_memory

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
ReportStep = Callable[[int], None]
Watch = Callable[[int], Awaitable[bool]]
"""Is told the newest step every now and then; answers whether to go on."""

LOOK_EVERY = 0.3


class Stopped(RuntimeError):
    """The work was cancelled while it ran."""


class Failed(RuntimeError):
    """The work raised an error, or its process ended; the message says which."""


def _do(pipe: Connection, work: Callable[..., Any], parts: tuple[Any, ...]) -> None:
    """Do the work and send its result; runs in the child."""
    tune_memory()
    try:
        outcome = work(*parts, lambda step: pipe.send(("step", step)))
    except BrokenPipeError:
        return
    except Exception as wrong:  # noqa: BLE001 - whatever it was, the parent must hear of it
        pipe.send(("failed", f"{type(wrong).__name__}: {wrong}"))
    else:
        pipe.send(("done", outcome))


async def run_in_process(work: Callable[..., T], *parts: Any, watch: Watch) -> T:
    """Return `work(*parts, step)`, computed in a process of its own; the function and all parts must be picklable.

    `watch` is awaited every third of a second, from the start of the process on, however much it reports. Raises
    `Stopped` if it returns False, `Failed` for an error of the work.
    """
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_do, args=(theirs, work, parts), daemon=True, name="tandem-work")
    starting = asyncio.ensure_future(asyncio.to_thread(child.start))
    try:
        await _started(starting, watch)
        theirs.close()
        step, looked = 0, monotonic()
        while True:
            report = await asyncio.to_thread(_next, mine)
            match report:
                case ("step", int(at)):
                    step = at
                case ("done", outcome):
                    return outcome  # type: ignore[no-any-return]  # what came over the pipe is what `work` gave
                case ("failed", str(why)):
                    raise Failed(why)
                case "gone":
                    await asyncio.to_thread(child.join, 5)
                    raise Failed(f"The process of the work ended with {child.exitcode}.")
            if report is None or monotonic() - looked > LOOK_EVERY:
                if not await watch(step):
                    raise Stopped
                looked = monotonic()
    finally:
        await asyncio.wait({starting})
        if child.pid is not None:
            child.kill()
            await asyncio.to_thread(child.join)
        child.close()
        mine.close()


async def _started(starting: asyncio.Future[None], watch: Watch) -> None:
    """Wait until the process is started, which may take long on a busy machine. Raises `Stopped`."""
    while not (await asyncio.wait({starting}, timeout=LOOK_EVERY))[0]:
        if not await watch(0):
            raise Stopped
    starting.result()


async def run_in_thread(work: Callable[..., T], *parts: Any) -> T:
    """Return the result of short work, done in a thread; its steps are ignored."""
    return await asyncio.to_thread(work, *parts, lambda _: None)


def _next(pipe: Connection) -> Any:
    """Return the next report of the child; None if there was none for a while, "gone" if it has ended."""
    try:
        return pipe.recv() if pipe.poll(LOOK_EVERY) else None
    except (EOFError, OSError):
        return "gone"
