"""The lease of a call, kept during long runs."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from shared.bus import LeaseLost
from shared.bus.db import leases

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus, Lease


LEASE_SECONDS = 3.0
"""Another instance takes the lease within this time when one is gone; what it then reads and matches takes as long."""
RENEW_AFTER = 1.5
PROLONG_EVERY = 0.7


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
