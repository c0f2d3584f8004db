"""Wait for what is to happen instead of for a time."""

from __future__ import annotations

import asyncio
import inspect
import os
from typing import TYPE_CHECKING

from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    import pytest

PATIENCE = float(os.environ.get("TANDEM_TEST_PATIENCE", "120"))
"""Seconds after which something will not happen any more, on a machine however busy."""


async def until(
    holds: Callable[[], Awaitable[object] | object],
    what: str = "",
    *,
    unless: asyncio.Task[object] | None = None,
    within: float = PATIENCE,
) -> None:
    """Wait until `holds` gives something true; fail, naming `what`, when it never does or `unless` has ended before."""
    end = asyncio.get_running_loop().time() + within
    while True:
        over = unless is not None and unless.done()
        found = holds()
        if await found if inspect.isawaitable(found) else found:
            return
        assert not over, f"it ended without: {what or holds}"
        assert asyncio.get_running_loop().time() < end, f"not within {within} s: {what or holds}"
        await asyncio.sleep(0.01)


def watching_the_clock(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Return an event that is set as soon as a loop waits for the clock to be moved."""
    waits, moved_or = asyncio.Event(), clock.moved_or

    async def note_wait(timeout: float, since: timedelta | None = None) -> None:  # noqa: ASYNC109 - as what it stands for
        waits.set()
        await moved_or(timeout, since)

    monkeypatch.setattr(clock, "moved_or", note_wait)
    return waits
