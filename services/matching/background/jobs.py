"""Run stored jobs, each on one instance at a time, under a lease that is kept while the work runs.

If an instance is lost, its lease expires and another instance starts the job again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from shared.bus import LeaseLost
from shared.bus.db import leases

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from uuid import UUID

    from shared.bus import Bus, Lease

log = structlog.get_logger(__name__)

_LOOK_EVERY = 0.5
_LEASE_SECONDS = 8.0


async def repeat_forever(once: Callable[[], Awaitable[bool]]) -> None:
    """Do one job after the other; wait a little before looking again if there is none."""
    while True:
        if not await once():
            await asyncio.sleep(_LOOK_EVERY)


async def work_first(bus: Bus, kind: str, ids: Iterable[UUID], work: Callable[[UUID, Lease], Awaitable[None]]) -> bool:
    """Work on the first job of a kind (as `cohort`) that no other instance works on; False if there is none."""
    for job_id in ids:
        lease = await leases.acquire(bus, f"{kind}:{job_id}", _LEASE_SECONDS)
        if lease is None:
            continue
        try:
            async with leases.keep(bus, lease):
                await work(job_id, lease)
        except LeaseLost:
            log.info("another instance works on this job now", kind=kind, job=str(job_id))
        return True
    return False


class Watch:
    """Watches the lease while a process works; `advance` stores the progress and returns whether to continue."""

    def __init__(self, bus: Bus, lease: Lease, advance: Callable[[int], Awaitable[bool]]) -> None:
        self._bus, self._lease, self._advance = bus, lease, advance

    async def look(self, step: int) -> bool:
        """Return whether to continue. Raises `LeaseLost`."""
        await leases.ensure(self._bus, self._lease)
        return await self._advance(step)
