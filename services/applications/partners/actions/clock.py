"""Bring decisions about partners into effect on their day, and end cases whose notice has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from services.applications.partners import store
from services.applications.partners.actions import effects, notices
from services.applications.partners.model import DecisionState
from services.applications.partners.views import lock_partner
from shared.runtime.leased_loops import run_by_lease
from shared.time import clock

if TYPE_CHECKING:
    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

LEASE = "partners"
_log = structlog.get_logger()


async def keep_partners(service: Service) -> None:
    """Run the loop that does this."""
    await run_by_lease(service, LEASE, _look)


async def _look(bus: Bus, lease: Lease) -> None:
    taken, ended = await take_due(bus, lease), await notices.end_all_due(bus, lease)
    if taken or ended:
        _log.info("decisions about partners took effect", taken=taken, ended=ended)


async def take_due(bus: Bus, lease: Lease | None = None) -> int:
    """Bring decisions whose day has come into effect, each in its own transaction; return how many."""
    async with bus.read() as session:
        waiting = await store.due(session, clock.today())
    taken = 0
    for decision_id, country in waiting:
        async with bus.transaction("system:clock", lease) as tx:
            await lock_partner(tx.session, country)
            decision = await store.decision(tx.session, decision_id, lock=True)
            if decision is not None and decision.state == DecisionState.WAITING:
                await effects.take(tx, decision)
                taken += 1
    return taken
