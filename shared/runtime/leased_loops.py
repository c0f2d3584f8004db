"""Run a loop in one process at a time by lease, at intervals and at once when the clock is moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from shared.bus.db import leases
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

log = structlog.get_logger(__name__)


async def run_by_lease(
    service: Service,
    name: str,
    look: Callable[[Bus, Lease], Awaitable[object]],
    *,
    every: float = 20.0,
    seconds: float = leases.SLOW_SECONDS,
) -> None:
    """Call `look` every `every` seconds while this process holds the lease `name` (of `seconds`).

    It is called again at once where the clock was moved meanwhile, since it may have looked at the time before that.
    Where another process has taken over, wait until the lease is free again. Raises what `look` raises otherwise.
    """
    while True:
        try:
            async with leases.hold(service.bus, name, seconds) as lease:
                while True:
                    await leases.ensure(service.bus, lease)
                    before = clock.offset()
                    await look(service.bus, lease)
                    await clock.moved_or(every, before)
        except leases.LeaseLost:
            log.info("another process does this now", lease=name)
