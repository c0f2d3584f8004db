"""Whose turn is it? The lease of a call, kept alive while a long run is worked out, and what is written again."""

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
    """The lease of a call, taken or prolonged; None while another instance holds it."""
    return await leases.acquire(bus, f"match:{call_id}", LEASE_SECONDS)


async def renew(bus: Bus, lease: Lease, since: float) -> Lease:
    """The lease, prolonged if it was taken long ago (`since`, by `monotonic`). Raises `LeaseLost`.

    A run may take longer than a lease. Whoever takes it anew may write: what was read is held against the call's
    version, or against the matches that stand, in the transaction that writes.
    """
    if monotonic() - since < RENEW_AFTER:
        return lease
    again = await leases.acquire(bus, lease.name, LEASE_SECONDS)
    if again is None:
        raise LeaseLost(f"The lease {lease.name!r} went to another process.")
    return again


def _waited_for_each_other(wrong: BaseException) -> bool:
    """Whether the database ended a transaction because it and another waited for each other."""
    inner = wrong.orig.__cause__ if isinstance(wrong, DBAPIError) and wrong.orig is not None else wrong
    return isinstance(inner, asyncpg.DeadlockDetectedError)


async def retry_write(
    bus: Bus, by: str, write: Callable[Concatenate[Tx, P], Awaitable[T]], *parts: P.args, **named: P.kwargs
) -> T:
    """What `write(tx, *parts)` gives in a transaction of `by`, tried again where that was ended for another's sake.

    Locks are taken in one order (`held.py`), but a change of days touches all open calls, and the journal has locks of
    its own; a person is not to be told of either. Consumers and workers are tried again by who runs them.
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
