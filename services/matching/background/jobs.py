"""Run stored jobs, each on one instance at a time, under a lease that is kept while the work runs.

If an instance is lost, its lease expires and another instance starts the job again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from shared.bus import LeaseLost
from shared.bus.db import leases
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from shared.bus import Bus, Lease
    from shared.bus.set_aside import SetAside

log = structlog.get_logger(__name__)

_LOOK_EVERY = 1.0
_LEASE_SECONDS = 8.0


async def repeat_forever(once: Callable[[], Awaitable[bool]]) -> None:
    """Do one job after the other; wait a little before looking again if there is none."""
    while True:
        if not await once():
            await asyncio.sleep(_LOOK_EVERY)


async def work_on(
    aside: SetAside[UUID], kind: str, ids: Sequence[UUID], work: Callable[[UUID, Lease], Awaitable[None]]
) -> bool:
    """Work on the jobs of a kind (as `cohort`), one after the other, that no other instance works on.

    A job that fails without a result is set aside. Returns whether there was a job to work on.
    """

    async def act(some: Sequence[UUID]) -> int:
        (job_id,) = some
        lease = await leases.acquire(aside.bus, f"{kind}:{job_id}", _LEASE_SECONDS)
        if lease is None:
            return 0
        try:
            async with leases.keep(aside.bus, lease):
                await work(job_id, lease)
        except LeaseLost:
            log.info("another instance works on this job now", kind=kind, job=str(job_id))
        return 1

    return await aside.each(ids, act, at_once=1) > 0


def over_sentence(state: str, since: datetime) -> str:
    """Return in words why a job that has ended in `state` cannot be cancelled."""
    moment = {"moment": dates.moment(since)}
    match state:
        case "cancelled":
            return gettext("Another coordinator cancelled this on %(moment)s.") % moment
        case "done":
            return gettext("This cannot be cancelled because it was done on %(moment)s.") % moment
    return gettext("This cannot be cancelled because it failed on %(moment)s.") % moment


class Watch:
    """Watches the lease while a process works; `advance` stores the progress and returns whether to continue."""

    def __init__(self, bus: Bus, lease: Lease, advance: Callable[[int], Awaitable[bool]]) -> None:
        self._bus, self._lease, self._advance = bus, lease, advance

    async def look(self, step: int) -> bool:
        """Return whether to continue. Raises `LeaseLost`."""
        await leases.ensure(self._bus, self._lease)
        return await self._advance(step)
