"""Run a loop on one instance by lease, at intervals and at once when the clock is moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.bus.db import leases
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

_LEASE_SECONDS = 60


async def run_by_lease(
    service: Service, name: str, look: Callable[[Bus, Lease], Awaitable[None]], *, every: float = 20.0
) -> None:
    """Call `look` every `every` seconds while the lease `name` is held; a loop that fails is started again."""
    while True:
        lease = await leases.acquire(service.bus, name, _LEASE_SECONDS)
        if lease is not None:
            await look(service.bus, lease)
        await clock.moved_or(every)
