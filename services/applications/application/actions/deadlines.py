"""Withdraw applications without an answer in time, and end companions of ended applications."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from services.applications.application.actions.companions import ENDING, end_orphaned
from services.applications.application.actions.steps import record
from services.applications.application.model import states
from services.applications.application.store import applications as store
from services.applications.tables import AT_ONCE
from shared.bus.set_aside import SetAside
from shared.contracts.applications import ApplicationWithdrawn
from shared.contracts.codes import Party, Reason
from shared.i18n import N_
from shared.runtime.leased_loops import run_by_lease
from shared.time.arrival import settled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

LEASE = "deadlines"
WORK = N_("Deadlines of applications")
_log = structlog.get_logger()


async def keep_deadlines(service: Service) -> None:
    """Run the worker."""
    silent, together = SetAside[UUID](service.bus, WORK), SetAside[UUID](service.bus, ENDING)

    async def look(bus: Bus, lease: Lease) -> None:
        if count := await withdraw_silent(bus, lease, silent):
            _log.info("withdrawn for no answer", count=count)
        if count := await end_orphaned(bus, lease, together):
            _log.info("no longer together", count=count)

    await run_by_lease(service, LEASE, look)


async def withdraw_silent(bus: Bus, lease: Lease | None = None, aside: SetAside[UUID] | None = None) -> int:
    """Withdraw applications not answered in time; return how many. One that fails is set aside. Raises `LeaseLost`."""
    until = settled()
    async with bus.read() as session:
        ids = await store.unanswered_returns(session, until)
    return await (aside or SetAside(bus, WORK)).each(ids, partial(_withdraw, bus, lease, until), at_once=AT_ONCE)


async def _withdraw(bus: Bus, lease: Lease | None, until: datetime, ids: Sequence[UUID]) -> int:
    async with bus.transaction("system:clock", lease) as tx:
        found = await store.lock_unanswered(tx.session, until, ids)
        for application in found:
            state = states.after(ApplicationWithdrawn, application.own_state)
            event = ApplicationWithdrawn(reason=Reason.NO_ANSWER, by=Party.CLOCK)
            await record(tx, application, event, state=state, reason=Reason.NO_ANSWER)
    return len(found)
