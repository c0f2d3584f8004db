"""Work in steps keeps its order and lets other tasks run in between."""

from __future__ import annotations

import asyncio

from services.notifications.steps import in_steps


async def test_others_go_on_between_two_steps() -> None:
    """All rows come once and in order, and other tasks run before the last."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    seen = [(row, turns) async for row in in_steps(range(100))]
    beside.cancel()
    assert [row for row, _ in seen] == list(range(100))
    assert seen[0][1] == 0
    assert 2 <= seen[-1][1] < 10
