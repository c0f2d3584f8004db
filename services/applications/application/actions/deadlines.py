"""Withdraw applications without an answer in time, and end companions of ended applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from services.applications.application.actions.companions import end_orphaned
from services.applications.application.actions.steps import record
from services.applications.application.model import states
from services.applications.application.store import applications as store
from shared.contracts.applications import ApplicationWithdrawn
from shared.contracts.codes import Party, Reason
from shared.runtime.leased_loops import run_by_lease
from shared.time import clock

if TYPE_CHECKING:
    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

LEASE = "deadlines"
_log = structlog.get_logger()


async def keep_deadlines(service: Service) -> None:
    """Run the worker."""
    await run_by_lease(service, LEASE, _apply_deadlines)


async def _apply_deadlines(bus: Bus, lease: Lease) -> None:
    while count := await withdraw_silent(bus, lease):
        _log.info("withdrawn for no answer", count=count)
    while count := await end_orphaned(bus, lease):
        _log.info("no longer together", count=count)


async def withdraw_silent(bus: Bus, lease: Lease | None = None) -> int:
    """Withdraw applications not answered in time, a hundred at the most; return how many. Raises `LeaseLost`."""
    async with bus.transaction("system:clock", lease) as tx:
        found = await store.unanswered_returns(tx.session, clock.now())
        for application in found:
            state = states.after(ApplicationWithdrawn, application.own_state)
            event = ApplicationWithdrawn(reason=Reason.NO_ANSWER, by=Party.CLOCK)
            await record(tx, application, event, state=state, reason=Reason.NO_ANSWER)
    return len(found)
