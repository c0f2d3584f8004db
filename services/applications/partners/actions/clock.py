"""Bring decisions about partners into effect on their day, and end cases whose notice has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from services.applications.partners import store
from services.applications.partners.actions import effects, notices
from services.applications.partners.model import DecisionState
from services.applications.partners.views import lock_partner
from shared.bus.set_aside import SetAside
from shared.i18n import N_
from shared.runtime.leased_loops import run_by_lease
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

LEASE = "partners"
WORK = N_("Decisions about partners")
_log = structlog.get_logger()


async def keep_partners(service: Service) -> None:
    """Run the loop that does this."""
    taking, ending = SetAside[UUID](service.bus, WORK), SetAside[UUID](service.bus, notices.NOTICES)

    async def look(bus: Bus, lease: Lease) -> None:
        taken = await take_due(bus, lease, taking)
        ended = await notices.end_all_due(bus, lease, ending)
        if taken or ended:
            _log.info("decisions about partners took effect", taken=taken, ended=ended)

    await run_by_lease(service, LEASE, look)


async def take_due(bus: Bus, lease: Lease | None = None, aside: SetAside[UUID] | None = None) -> int:
    """Bring decisions whose day has come into effect, each in its own transaction; return how many.

    One that fails is set aside. Raises `LeaseLost`.
    """
    async with bus.read() as session:
        waiting = dict(await store.due(session, clock.today()))

    async def act(ids: Sequence[UUID]) -> int:
        async with bus.transaction("system:clock", lease) as tx:
            (decision_id,) = ids
            await lock_partner(tx.session, waiting[decision_id])
            decision = await store.decision(tx.session, decision_id, lock=True)
            if decision is None or decision.state != DecisionState.WAITING:
                return 0
            await effects.take(tx, decision)
            return 1

    return await (aside or SetAside(bus, WORK)).each(list(waiting), act, at_once=1)
