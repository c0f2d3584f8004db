"""Try a person's write again if the database ended its transaction because of a deadlock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus, Tx

P = ParamSpec("P")
T = TypeVar("T")

WRITES = 5
"""The greatest number of attempts to write."""


def _is_deadlock(wrong: BaseException) -> bool:
    """Return whether the database ended a transaction because of a deadlock."""
    inner = wrong.orig.__cause__ if isinstance(wrong, DBAPIError) and wrong.orig is not None else wrong
    return isinstance(inner, asyncpg.DeadlockDetectedError)


async def retry_write(
    bus: Bus, by: str, write: Callable[Concatenate[Tx, P], Awaitable[T]], *parts: P.args, **named: P.kwargs
) -> T:
    """Return `write(tx, *parts)` in a transaction of `by`, tried again after a deadlock.

    Locks are taken in one order (`unit_of_work.py`), but a change of days touches all open calls, and the journal has
    locks of its own; people should not see such errors. Consumers and workers are retried by their callers.
    """
    async for attempt in AsyncRetrying(
        retry=retry_if_exception(_is_deadlock),
        stop=stop_after_attempt(WRITES),
        wait=wait_random(0, 0.2),
        reraise=True,
    ):
        with attempt:
            async with bus.transaction(by) as tx:
                outcome = await write(tx, *parts, **named)
    return outcome
