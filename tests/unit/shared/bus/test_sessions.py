"""Does code that waits in SQLAlchemy's way run on a used stack exactly as on a new one?"""

from __future__ import annotations

import asyncio
import gc
import random
import weakref
from contextvars import ContextVar
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from greenlet import getcurrent
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.util import await_only

from shared.bus.db import sessions
from shared.bus.db.sessions import run

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: ContextVar[str] = ContextVar("name", default="nobody")


class Wrong(Exception):
    """What the tests raise."""


@pytest.fixture(autouse=True)
def _nobody_idle() -> Iterator[None]:
    sessions._IDLE.workers.clear()
    yield
    sessions._IDLE.workers.clear()


def on() -> int:
    """Which stack this runs on, after having waited on it."""
    await_only(asyncio.sleep(0))
    return id(getcurrent())


async def test_a_stack_is_used_again_and_shared_by_nobody() -> None:
    """One after the other, calls run on the same stack; at the same time, each has its own."""
    assert len({await run(on) for _ in range(5)}) == 1
    assert len(set(await asyncio.gather(*(run(on) for _ in range(5))))) == 5


async def test_each_gets_its_own_answer() -> None:
    """Many at once that wait and fail in a random order: each hears what it asked for, and few stacks are kept."""

    def work(number: int) -> int:
        for _ in range(random.randrange(4)):
            await_only(asyncio.sleep(random.random() / 1000))
        if number % 3 == 0:
            raise Wrong(number)
        return number

    answers = await asyncio.gather(*(run(work, number) for number in range(500)), return_exceptions=True)
    heard = [each.args[0] if isinstance(each, Wrong) else each for each in answers]
    assert heard == list(range(500))
    assert {isinstance(answers[number], Wrong) for number in range(0, 500, 3)} == {True}
    assert len(sessions._IDLE.workers) == sessions.MOST_IDLE


async def test_stacks_that_are_not_kept_are_given_back() -> None:
    """After each crowd, and after a call that was left in the middle, there are no stacks but those that are kept."""

    def stacks() -> int:
        gc.collect()
        return sum(isinstance(each, sessions._Worker) for each in gc.get_objects())

    def wait() -> None:
        await_only(asyncio.sleep(60))

    before = stacks()
    for _ in range(2):
        await asyncio.gather(*(run(on) for _ in range(3 * sessions.MOST_IDLE)))
        assert stacks() == before + sessions.MOST_IDLE
    sessions._IDLE.workers.clear()
    assert stacks() == before
    call = run(wait)
    call.send(None)
    call.close()
    assert stacks() == before + 1
    sessions._IDLE.workers.clear()
    assert stacks() == before


async def test_what_fails_is_told_where_it_was_asked_and_nothing_is_kept() -> None:
    """An error comes with the line that raised it; the stack then works on, and holds neither error nor arguments."""

    class Thing:
        pass

    def fail(thing: Thing) -> None:
        await_only(asyncio.sleep(0))
        raise Wrong(thing)

    thing = Thing()
    known = weakref.ref(thing)
    gc.disable()  # what is kept in a cycle would be kept until it looks
    try:
        with pytest.raises(Wrong) as told:
            await run(fail, thing)
        assert told.traceback[-1].name == "fail"
        del told, thing
        assert known() is None
    finally:
        gc.enable()
    assert await run(lambda: 1) == 1
    assert len(sessions._IDLE.workers) == 1


async def test_a_cancelled_call_hears_of_it_and_may_clean_up() -> None:
    """Who is cancelled while it waits is told there, waits once more to clean up, and its stack works on."""
    told = []

    def work() -> None:
        try:
            await_only(asyncio.sleep(60))
        except asyncio.CancelledError:
            await_only(asyncio.sleep(0.01))
            told.append("cleaned up")
            raise

    task = asyncio.create_task(run(work))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["cleaned up"]
    assert await run(on) == id(sessions._IDLE.workers[0])


async def test_a_stack_that_was_left_in_the_middle_is_not_used_again() -> None:
    """A call that is thrown away while it waits, and waits again instead of ending, takes its stack with it."""

    def work() -> None:
        try:
            await_only(asyncio.sleep(60))
        finally:
            await_only(asyncio.sleep(60))

    call = run(work)
    call.send(None)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        call.close()
    assert sessions._IDLE.workers == []
    assert await run(lambda: 1) == 1


async def test_the_caller_s_context_is_seen_and_changed() -> None:
    """Context variables are those of the task that asks, whoever used the stack before."""

    def rename() -> str:
        before = NAME.get()
        await_only(asyncio.sleep(0))
        NAME.set(before + "!")
        return before

    async def task(name: str) -> tuple[str, str]:
        NAME.set(name)
        return await run(rename), NAME.get()

    for name in ("one", "two"):
        assert await asyncio.create_task(task(name)) == (name, f"{name}!")
    assert NAME.get() == "nobody"


async def test_each_thread_has_stacks_of_its_own() -> None:
    """Stacks cannot change threads: another thread makes its own, at the same time."""
    await run(on)
    found: list[int] = []
    thread = Thread(target=lambda: found.append(asyncio.run(run(on))))
    thread.start()
    thread.join()
    assert found[0] != await run(on)


async def test_outside_of_a_call_nothing_waits() -> None:
    """Code that would wait where nobody runs it is refused, as by SQLAlchemy."""
    await run(on)
    waiting = asyncio.sleep(0)
    with pytest.raises(MissingGreenlet):
        await_only(waiting)
