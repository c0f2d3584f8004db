"""What does the portal's clock do about partners? Brings decisions into effect on their day, and ends what had notice.

A supervised loop, one at a time by lease, that wakes when the local run's clock is moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from services.applications.actions.partners import effect, notices
from services.applications.actions.partners.flight import hold
from services.applications.store import partners as store
from shared import clock
from shared.bus import leases

if TYPE_CHECKING:
    from shared.bus import Bus, Lease
    from shared.service import Service

LEASE = "partners"
_LEASE_SECONDS = 60
_LOOK_SECONDS = 20.0
_log = structlog.get_logger()


async def keep_partners(service: Service) -> None:
    """The worker: look every now and then, and at once when the clock was moved."""
    while True:
        lease = await leases.acquire(service.bus, LEASE, _LEASE_SECONDS)
        if lease is not None:
            taken = await take_due(service.bus, lease)
            ended = await notices.end_all_due(service.bus, lease)
            if taken or ended:
                _log.info("decisions about partners took effect", taken=taken, ended=ended)
        await clock.moved_or(_LOOK_SECONDS)


async def take_due(bus: Bus, lease: Lease | None = None) -> int:
    """Bring the decisions whose day has come into effect, each in its own transaction; give how many."""
    async with bus.read() as session:
        waiting = await store.due(session, clock.today())
    taken = 0
    for decision_id, country in waiting:
        async with bus.transaction("system:clock") as tx:
            if lease is not None:
                await leases.check(tx.session, lease)
            await hold(tx.session, country)
            decision = await store.decision(tx.session, decision_id, lock=True)
            if decision is not None and decision.state == store.WAITING:
                await effect.take(tx, decision)
                taken += 1
    return taken
