"""The lease of a call, kept during long runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.bus.db import leases

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus, Lease


LEASE_SECONDS = 3.0
"""Another instance takes the lease within this time when one is gone; what it then reads and matches takes as long."""
PROLONG_EVERY = 0.7


async def take(bus: Bus, call_id: UUID) -> Lease | None:
    """Take the lease of a call; None while an instance has it, this one included."""
    return await leases.acquire(bus, f"match:{call_id}", LEASE_SECONDS)


async def still_held(bus: Bus, lease: Lease) -> bool:
    """Return whether no other instance has taken the lease, prolonged if its time is nearly over."""
    return lease.sure or lease.name in await leases.prolong(bus, [lease])
