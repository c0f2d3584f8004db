"""Loops are started again whatever ends them, until they are cancelled."""

from __future__ import annotations

import asyncio

import pytest

from shared.bus import supervision


@pytest.mark.parametrize("end", [asyncio.CancelledError(), RuntimeError("odd"), None])
async def test_a_loop_that_ends_is_started_again(end: BaseException | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an error, an end, or a cancel that comes from a library and from nobody else, the loop runs again."""
    monkeypatch.setattr(supervision, "_SHORTEST_PAUSE", 0.0)
    starts, again = 0, asyncio.Event()

    async def work() -> None:
        nonlocal starts
        starts += 1
        if starts == 3:
            again.set()
            await asyncio.Event().wait()
        if end is not None:
            raise end

    supervised = asyncio.create_task(supervision.supervise(work))
    async with asyncio.timeout(10):
        await again.wait()
    supervised.cancel()
    await asyncio.wait([supervised])
    assert supervised.cancelled()
    assert starts == 3


async def test_a_loop_that_is_cancelled_is_not_started_again() -> None:
    """A loop whose supervisor is cancelled ends with it."""
    starts = 0

    async def work() -> None:
        nonlocal starts
        starts += 1
        await asyncio.Event().wait()

    supervised = asyncio.create_task(supervision.supervise(work))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    supervised.cancel()
    await asyncio.wait([supervised])
    assert supervised.cancelled()
    assert starts == 1
