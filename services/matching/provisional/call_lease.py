"""The lease of a call, kept during long runs, and the retry of writes that deadlocked."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

from shared.bus import LeaseLost
from shared.bus.db import leases

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from shared.bus import Bus, Lease, Tx

P = ParamSpec("P")
T = TypeVar("T")

LEASE_SECONDS = 3.0
"""Another instance takes the lease within this time when one is gone; what it then reads and matches takes as long."""
RENEW_AFTER = 1.5
PROLONG_EVERY = 0.7
WRITES = 5
"""So often a person's change is written again when the database ended its transaction for another's sake."""


async def take(bus: Bus, call_id: UUID) -> Lease | None:
    """Take or prolong the lease of a call; None while another instance has it."""
    return await leases.acquire(bus, f"match:{call_id}", LEASE_SECONDS)


async def renew(bus: Bus, lease: Lease, since: float) -> Lease:
    """Return the lease, prolonged if it was taken long ago (`since`, by `monotonic`). Raises `LeaseLost`.

    A run may take longer than a lease. If the lease could be taken again, the result may be written: the transaction
    that writes compares it with the call's version or the present matches.
    """
    if monotonic() - since < RENEW_AFTER:
        return lease
    again = await leases.acquire(bus, lease.name, LEASE_SECONDS)
    if again is None:
        raise LeaseLost(f"The lease {lease.name!r} went to another process.")
    return again


def _waited_for_each_other(wrong: BaseException) -> bool:
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
        retry=retry_if_exception(_waited_for_each_other),
        stop=stop_after_attempt(WRITES),
        wait=wait_random(0, 0.2),
        reraise=True,
    ):
        with attempt:
            async with bus.transaction(by) as tx:
                outcome = await write(tx, *parts, **named)
    return outcome
