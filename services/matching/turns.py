"""Whose turn is it to match a call? The lease of a call, kept alive while a long run is worked out."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from shared.bus import LeaseLost, leases

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus, Lease

LEASE_SECONDS = 3.0
"""Another instance takes the lease within this time when one is gone; what it then reads and matches takes as long."""
RENEW_AFTER = 1.5
PROLONG_EVERY = 0.7


async def take(bus: Bus, call_id: UUID) -> Lease | None:
    """The lease of a call, taken or prolonged; None while another instance holds it."""
    return await leases.acquire(bus, f"match:{call_id}", LEASE_SECONDS)


async def renewed(bus: Bus, lease: Lease, since: float) -> Lease:
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
