"""How does work over many rows let others go on meanwhile? In steps of a few, between which the loop turns once.

What the lines to a mail server have in flight keeps the server busy for a few milliseconds; what takes longer at a
stretch has it wait.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

T = TypeVar("T")

# So many rows at a stretch: a millisecond or two.
_STEP = 25


async def in_steps(items: Iterable[T]) -> AsyncIterator[T]:
    """The same items, in their order."""
    for place, item in enumerate(items, 1):
        yield item
        if place % _STEP == 0:
            await asyncio.sleep(0)
