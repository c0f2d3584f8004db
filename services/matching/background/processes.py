"""Where is long work done, so that the event loop never waits for it? In a process of its own, which can be stopped.

One process a piece of work, started anew (`spawn`: the parent has threads and connections that a fork would copy half).
It tells each step over a pipe; to cancel is to kill it. If the parent is killed, the child ends at its next word.
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
    """The work was cancelled while it was under way."""


class Failed(RuntimeError):
    """The work raised an error, or its process ended: the message says which."""


def _do(pipe: Connection, work: Callable[..., Any], parts: tuple[Any, ...]) -> None:
    """In the child: do the work and send what came out."""
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
    """What `work(*parts, told)` gives, worked out in a process of its own; the function and all parts can be pickled.

    `watch` is awaited every third of a second, from the start of the process on and however much it tells. Raises
    `Stopped` when it says so, `Failed` for an error of the work.
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
            told = await asyncio.to_thread(_next, mine)
            match told:
                case ("step", int(at)):
                    step = at
                case ("done", outcome):
                    return outcome  # type: ignore[no-any-return]  # what came over the pipe is what `work` gave
                case ("failed", str(why)):
                    raise Failed(why)
                case "gone":
                    await asyncio.to_thread(child.join, 5)
                    raise Failed(f"The process of the work ended with {child.exitcode}.")
            if told is None or monotonic() - looked > LOOK_EVERY:
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
    """What short work gives, in a thread: the steps are of no interest."""
    return await asyncio.to_thread(work, *parts, lambda _: None)


def _next(pipe: Connection) -> Any:
    """The next word from the child; None after a while without one, "gone" when it has ended."""
    try:
        return pipe.recv() if pipe.poll(LOOK_EVERY) else None
    except (EOFError, OSError):
        return "gone"
