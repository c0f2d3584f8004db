"""What does the clock do about placements and mentors? It asks whether they are available, pauses, and closes them.

After `availability_after_days` without a change the host or mentor is asked; who does not answer within
`availability_answer_wd` pauses (`silence`). What is over, or belongs to a call that was closed, closes. A mentor's
places fall free when a mentorship ends, so that only a placement closes because it is full: `actions/reactions.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

import structlog

from services.applications.availability import store
from services.applications.calls import store as calls_store
from services.applications.loops import run_by_lease
from services.applications.mentors import actions as mentors_actions
from services.applications.mentors.store import Mentor
from services.applications.placements.actions import placements
from services.applications.placements.store import Offer
from shared.bus.db import leases
from shared.contracts import mentors as told_of_mentors
from shared.contracts import offers as told_of_offers
from shared.contracts.codes import CallState, CloseCause, PauseCause
from shared.contracts.lifecycle import Unit
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from shared.bus import Bus, Lease, Tx
    from shared.runtime.service import Service

LEASE = "availability"
_ACTOR = "system:clock"
_TABLES: tuple[type[Offer | Mentor], ...] = (Offer, Mentor)
_log = structlog.get_logger()


async def keep_pulse(service: Service) -> None:
    """The worker."""
    await run_by_lease(service, LEASE, look)


async def look(bus: Bus, lease: Lease | None = None) -> None:
    """Do all that is due, first what ends: who is silent is not asked again. Raises `LeaseLost`."""
    for step in (close_over, close_with_call, pause_silent, ask):
        while count := await step(bus, lease):
            _log.info("seen to by the clock", step=step.__name__, count=count)


async def close_over(bus: Bus, lease: Lease | None = None) -> int:
    """Close what is open though its last period is over; give how many."""
    return await _close(bus, lease, CloseCause.PERIOD_OVER)


async def close_with_call(bus: Bus, lease: Lease | None = None) -> int:
    """Close what is open though its call is closed; give how many."""
    return await _close(bus, lease, CloseCause.CALL_CLOSED)


async def _close(bus: Bus, lease: Lease | None, cause: CloseCause) -> int:
    count = 0
    async with bus.transaction(_ACTOR) as tx:
        await _check(tx, lease)
        for table in _TABLES:
            if cause is CloseCause.PERIOD_OVER:
                found = await store.over(tx.session, table, clock.today())
            else:
                found = await store.of_closed_calls(tx.session, table)
            for one in found:
                if isinstance(one, Offer):
                    await placements.move(tx, one, told_of_offers.OfferClosed(cause=cause))
                else:
                    await mentors_actions.move(tx, one, told_of_mentors.MentorClosed(cause=cause))
            count += len(found)
    return count


async def pause_silent(bus: Bus, lease: Lease | None = None) -> int:
    """Pause those that were asked and did not answer in time; give how many."""
    count = 0
    async with bus.transaction(_ACTOR) as tx:
        await _check(tx, lease)
        for table in _TABLES:
            for one in await store.silent(tx.session, table, clock.now()):
                count += 1
                if isinstance(one, Offer):
                    await placements.move(tx, one, told_of_offers.OfferPaused(cause=PauseCause.SILENCE))
                else:
                    await mentors_actions.move(tx, one, told_of_mentors.MentorPaused(cause=PauseCause.SILENCE))
    return count


async def ask(bus: Bus, lease: Lease | None = None) -> int:
    """Ask those of whom nothing was heard for as long as their call says; give how many."""
    count = 0
    async with bus.transaction(_ACTOR) as tx:
        await _check(tx, lease)
        for call in await calls_store.calls(tx.session, state=CallState.PUBLISHED):
            timers = call.terms.timers
            before = clock.now() - timedelta(days=timers.availability_after_days)
            for table in _TABLES:
                for one in await store.unheard(tx.session, table, call.id, before):
                    until = due(clock.now(), timers.availability_answer_wd, Unit.WORKING_DAYS, one.country)
                    count += 1
                    one.due = until
                    tx.session.add(one)
                    match one:
                        case Offer():
                            await tx.record(told_of_offers.AvailabilityAsked(due=until), one.id)
                        case Mentor():
                            await tx.record(told_of_mentors.MentorAvailabilityAsked(due=until), one.id)
                        case _:
                            assert_never(one)
        if count:
            await tx.changed("offers")
            await tx.changed("mentors")
    return count


async def _check(tx: Tx, lease: Lease | None) -> None:
    if lease is not None:
        await leases.check(tx.session, lease)
