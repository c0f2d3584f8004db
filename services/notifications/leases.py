"""Hold a lease for as long as a loop works under it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from shared.bus.db import leases

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.bus import Bus, Lease

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
_RENEWAL_SECONDS = 4.0


@asynccontextmanager
async def hold_lease(bus: Bus, name: str) -> AsyncIterator[Lease]:
    """Wait for the lease `name`, renew it while the block runs and release it at the end."""
    while (lease := await leases.acquire(bus, name)) is None:  # noqa: ASYNC110 - another process cannot set an event
        await asyncio.sleep(_RETRY_SECONDS)
    renewal = asyncio.create_task(_renew(bus, lease))
    try:
        yield lease
    finally:
        renewal.cancel()
        await asyncio.wait([renewal])
        await leases.release(bus, lease)


async def _renew(bus: Bus, lease: Lease) -> None:
    """Renew a lease until that fails; the commits of its holder then fail too, which ends the work."""
    while True:
        await asyncio.sleep(_RENEWAL_SECONDS)
        if await leases.acquire(bus, lease.name) != lease:
            log.warning("a lease went to another process", lease=lease.name)
            return
