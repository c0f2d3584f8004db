"""Loops that sleep wake when the clock is moved, and cost little until then."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.time import clock

if TYPE_CHECKING:
    from pathlib import Path

LOOPS = 50


@pytest.fixture
def movable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the process a clock that can be moved."""
    monkeypatch.setenv("TANDEM_CLOCK_FILE", str(tmp_path / "clock"))


@pytest.mark.usefixtures("movable")
async def test_all_sleepers_wake_when_the_clock_is_moved() -> None:
    """Loops that sleep for an hour of real time go on once the clock is moved, also a second time."""
    for _ in range(2):
        sleepers = [asyncio.create_task(clock.moved_or(3600)) for _ in range(LOOPS)]
        await asyncio.sleep(0)
        clock.move(timedelta(minutes=1))
        async with asyncio.timeout(30):
            await asyncio.gather(*sleepers)


@pytest.mark.usefixtures("movable")
async def test_a_move_before_the_sleep_ends_it_at_once() -> None:
    """A loop whose work took longer than it took to move the clock does not sleep before it looks again."""
    before = clock.offset()
    clock.move(timedelta(minutes=1))
    async with asyncio.timeout(30):
        await clock.moved_or(3600, before)
    sleeper = asyncio.create_task(clock.moved_or(3600, clock.offset()))
    assert not (await asyncio.wait([sleeper], timeout=0.3))[0]
    sleeper.cancel()


@pytest.mark.usefixtures("movable")
async def test_a_sleeper_wakes_after_its_time() -> None:
    """A clock that stands still keeps nobody asleep for longer than asked for."""
    async with asyncio.timeout(30):
        await clock.moved_or(0.01)


@pytest.mark.usefixtures("movable")
async def test_one_look_serves_all_sleepers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty loops that sleep look at the clock's file as often as one."""
    looks, offset = asyncio.Queue[None](), clock.offset

    def counted() -> timedelta:
        looks.put_nowait(None)
        return offset()

    sleepers = [asyncio.create_task(clock.moved_or(3600)) for _ in range(LOOPS)]
    await asyncio.sleep(0)
    monkeypatch.setattr(clock, "offset", counted)
    async with asyncio.timeout(30):
        await looks.get()
    assert looks.qsize() < LOOPS - 1
    for sleeper in sleepers:
        sleeper.cancel()
    await asyncio.gather(*sleepers, return_exceptions=True)


async def test_without_a_movable_clock_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the real clock a loop sleeps its time without waking in between."""
    monkeypatch.delenv("TANDEM_CLOCK_FILE", raising=False)
    monkeypatch.setattr(clock, "offset", lambda: pytest.fail("the real clock has no offset"))
    async with asyncio.timeout(30):
        await clock.moved_or(0.15)


@pytest.mark.usefixtures("movable")
async def test_a_move_by_another_process_is_noticed(tmp_path: Path) -> None:
    """The clock shows the new time soon after another process has replaced its file; an own move counts at once."""
    clock.move(timedelta(hours=1))
    assert clock.offset() == timedelta(hours=1)
    other = tmp_path / "other"
    other.write_text("7200", encoding="ascii")
    other.replace(tmp_path / "clock")
    async with asyncio.timeout(30):
        while clock.offset() != timedelta(hours=2):  # noqa: ASYNC110 - the other process sets no event
            await asyncio.sleep(0)


@pytest.mark.usefixtures("movable")
def test_many_questions_in_a_row_cost_few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand questions for the time in a row cause fewer looks at the file."""
    clock.move(timedelta(hours=1))
    looks: list[object] = []
    stat = os.stat

    def counted(name: str, *args: Any, **options: Any) -> os.stat_result:
        looks.append(name)
        return stat(name, *args, **options)

    monkeypatch.setattr(os, "stat", counted)
    for _ in range(1000):
        clock.offset()
    assert len(looks) < 1000
