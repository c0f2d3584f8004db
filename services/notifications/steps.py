"""Work over many rows in steps, so that other tasks of the event loop run in between.

The connections to the mail server have little in flight: a server waits when the loop is busy for long.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

T = TypeVar("T")

# Few enough rows to take a millisecond or two.
_STEP = 25


async def in_steps(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the same items in their order, and yield to the event loop after every few."""
    for place, item in enumerate(items, 1):
        yield item
        if place % _STEP == 0:
            await asyncio.sleep(0)
