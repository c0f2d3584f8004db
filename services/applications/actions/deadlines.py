"""What does the portal's clock do? An officer who does not answer what was asked is withdrawn (`no_answer`).

Whoever named, or was named by, an application that has ended is no longer together with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from services.applications.actions.companions import end_adrift
from services.applications.actions.loop import keep
from services.applications.actions.recorded import record
from services.applications.model import application as model
from services.applications.store import applications as store
from shared import clock
from shared.bus import leases
from shared.contracts.applications import ApplicationWithdrawn
from shared.contracts.codes import Party, Reason

if TYPE_CHECKING:
    from shared.bus import Bus, Lease
    from shared.service import Service

LEASE = "deadlines"
_log = structlog.get_logger()


async def keep_deadlines(service: Service) -> None:
    """The worker."""
    await keep(service, LEASE, _look)


async def _look(bus: Bus, lease: Lease) -> None:
    while count := await withdraw_silent(bus, lease):
        _log.info("withdrawn for no answer", count=count)
    while count := await end_adrift(bus, lease):
        _log.info("no longer together", count=count)


async def withdraw_silent(bus: Bus, lease: Lease | None = None) -> int:
    """Withdraw those who did not answer in time, a hundred at the most; give how many. Raises `LeaseLost`."""
    async with bus.transaction("system:clock") as tx:
        if lease is not None:
            await leases.check(tx.session, lease)
        found = await store.silent(tx.session, clock.now())
        for application in found:
            state = model.after(ApplicationWithdrawn, application.own_state)
            event = ApplicationWithdrawn(reason=Reason.NO_ANSWER, by=Party.CLOCK)
            await record(tx, application, event, state=state, reason=Reason.NO_ANSWER)
    return len(found)
