"""Check by the clock whether placements and mentors are still available, pause silent ones, close ended ones.

After `availability_after_days` without a change the host or mentor is asked; who does not answer within
`availability_answer_wd` pauses (`silence`). What has ended, or belongs to a closed call, closes. A mentor's places fall
free when a mentorship ends, so that only a placement closes because it is full: `placements/consumers.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, assert_never

import structlog

from services.applications.availability import store
from services.applications.calls import store as calls_store
from services.applications.mentors import actions as mentors_actions
from services.applications.mentors.store import Mentor
from services.applications.placements.actions import placements
from services.applications.placements.store import Offer
from services.applications.tables import AT_ONCE
from shared.bus.set_aside import SetAside
from shared.contracts import mentors as mentor_events
from shared.contracts import offers as offer_events
from shared.contracts.codes import CloseCause, PauseCause
from shared.contracts.lifecycle import Unit
from shared.i18n import N_
from shared.runtime.leased_loops import run_by_lease
from shared.time import clock
from shared.time.arrival import settled, settled_on
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.applications.availability.store import Supply
    from shared.bus import Bus, Lease, Tx
    from shared.runtime.service import Service

LEASE = "availability"
WORK, CALLS = N_("Availability checks"), N_("Availability checks of a call")
_ACTOR = "system:clock"
_log = structlog.get_logger()


async def run_checks(service: Service) -> None:
    """Run the checks while this instance holds the lease."""
    checks = Checks(service.bus)

    async def look(_: Bus, lease: Lease) -> None:
        await checks.run(lease)

    await run_by_lease(service, LEASE, look)


async def check_all(bus: Bus, lease: Lease | None = None) -> None:
    """Do once all that is due. Raises `LeaseLost`."""
    await Checks(bus).run(lease)


@dataclass(slots=True)
class Checks:
    """The checks of one process; a placement, mentor or call at which a check fails is set aside."""

    bus: Bus
    _aside: dict[str, SetAside[UUID]] = field(default_factory=dict)

    async def run(self, lease: Lease | None = None) -> None:
        """Do all that is due, endings first, so that who has ended is not asked. Raises `LeaseLost`."""
        await self._do("over", store.ended(settled_on()), _close(CloseCause.PERIOD_OVER), lease)
        await self._do("closed", store.of_closed_calls(), _close(CloseCause.CALL_CLOSED), lease)
        await self._do("silent", store.unanswered(settled()), _pause, lease)
        await self._ask(lease)

    async def _do(self, step: str, which: store.Which, act: Act, lease: Lease | None) -> None:
        async with self.bus.read() as session:
            ids = await store.find(session, which)
        count = await self._set_aside(step).each(ids, partial(self._apply, which, act, lease), at_once=AT_ONCE)
        if count:
            _log.info("seen to by the clock", step=step, count=count)

    async def _ask(self, lease: Lease | None) -> None:
        """Ask those without a change for as long as their call says."""
        async with self.bus.read() as session:
            published = await calls_store.published_ids(session)
        found: dict[UUID, tuple[store.Which, Act]] = {}

        async def look(call_ids: Sequence[UUID]) -> int:
            async with self.bus.read() as session:
                for call_id in call_ids:
                    call = await calls_store.call(session, call_id)
                    if call is not None:
                        timers = call.terms.timers
                        before = clock.now() - timedelta(days=timers.availability_after_days)
                        which = store.due_for_check(call_id, before)
                        how = which, _ask(timers.availability_answer_wd)
                        found.update(dict.fromkeys(await store.find(session, which), how))
            return len(call_ids)

        async def act(ids: Sequence[UUID]) -> int:
            (id_,) = ids
            return await self._apply(*found[id_], lease, ids)

        await self._set_aside("calls", CALLS).each(published, look, at_once=1)
        if count := await self._set_aside("asked").each(list(found), act, at_once=1):
            _log.info("seen to by the clock", step="asked", count=count)

    async def _apply(self, which: store.Which, act: Act, lease: Lease | None, ids: Sequence[UUID]) -> int:
        async with self.bus.transaction(_ACTOR, lease) as tx:
            found = await store.lock(tx.session, which, ids)
            for supply in found:
                await act(tx, supply)
        return len(found)

    def _set_aside(self, step: str, work: str = WORK) -> SetAside[UUID]:
        return self._aside.setdefault(step, SetAside(self.bus, work, step))


Act = Callable[["Tx", "Supply"], Awaitable[None]]


def _close(cause: CloseCause) -> Act:
    async def act(tx: Tx, supply: Supply) -> None:
        if isinstance(supply, Offer):
            await placements.apply_event(tx, supply, offer_events.OfferClosed(cause=cause))
        else:
            await mentors_actions.apply_event(tx, supply, mentor_events.MentorClosed(cause=cause))

    return act


async def _pause(tx: Tx, supply: Supply) -> None:
    if isinstance(supply, Offer):
        await placements.apply_event(tx, supply, offer_events.OfferPaused(cause=PauseCause.SILENCE))
    else:
        await mentors_actions.apply_event(tx, supply, mentor_events.MentorPaused(cause=PauseCause.SILENCE))


def _ask(answer_days: int) -> Act:
    async def act(tx: Tx, supply: Supply) -> None:
        until = due(clock.now(), answer_days, Unit.WORKING_DAYS, supply.country)
        supply.due = until
        tx.session.add(supply)
        match supply:
            case Offer():
                await tx.record(offer_events.AvailabilityAsked(due=until), supply.id)
                await tx.changed("offers")
            case Mentor():
                await tx.record(mentor_events.MentorAvailabilityAsked(due=until), supply.id)
                await tx.changed("mentors")
            case _:
                assert_never(supply)

    return act
