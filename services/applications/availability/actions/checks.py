"""Check by the clock whether placements and mentors are still available, pause silent ones, close ended ones.

After `availability_after_days` without a change the host or mentor is asked; who does not answer within
`availability_answer_wd` pauses (`silence`). What has ended, or belongs to a closed call, closes. A mentor's places fall
free when a mentorship ends, so that only a placement closes because it is full: `placements/consumers.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

import structlog

from services.applications.availability import store
from services.applications.calls import store as calls_store
from services.applications.mentors import actions as mentors_actions
from services.applications.mentors.store import Mentor
from services.applications.placements.actions import placements
from services.applications.placements.store import Offer
from shared.contracts import mentors as mentor_events
from shared.contracts import offers as offer_events
from shared.contracts.codes import CallState, CloseCause, PauseCause
from shared.contracts.lifecycle import Unit
from shared.runtime.leased_loops import run_by_lease
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

LEASE = "availability"
_ACTOR = "system:clock"
_TABLES: tuple[type[Offer | Mentor], ...] = (Offer, Mentor)
_log = structlog.get_logger()


async def run_checks(service: Service) -> None:
    """Run the checks while this instance holds the lease."""
    await run_by_lease(service, LEASE, check_all)


async def check_all(bus: Bus, lease: Lease | None = None) -> None:
    """Do all that is due, endings first, so that who has ended is not asked. Raises `LeaseLost`."""
    for step in (close_over, close_with_call, pause_silent, ask):
        while count := await step(bus, lease):
            _log.info("seen to by the clock", step=step.__name__, count=count)


async def close_over(bus: Bus, lease: Lease | None = None) -> int:
    """Close open placements and mentors whose last period has ended; return how many."""
    return await _close(bus, lease, CloseCause.PERIOD_OVER)


async def close_with_call(bus: Bus, lease: Lease | None = None) -> int:
    """Close open placements and mentors whose call is closed; return how many."""
    return await _close(bus, lease, CloseCause.CALL_CLOSED)


async def _close(bus: Bus, lease: Lease | None, cause: CloseCause) -> int:
    count = 0
    async with bus.transaction(_ACTOR, lease) as tx:
        for table in _TABLES:
            if cause is CloseCause.PERIOD_OVER:
                found = await store.ended(tx.session, table, clock.today())
            else:
                found = await store.of_closed_calls(tx.session, table)
            for supply in found:
                if isinstance(supply, Offer):
                    await placements.apply_event(tx, supply, offer_events.OfferClosed(cause=cause))
                else:
                    await mentors_actions.apply_event(tx, supply, mentor_events.MentorClosed(cause=cause))
            count += len(found)
    return count


async def pause_silent(bus: Bus, lease: Lease | None = None) -> int:
    """Pause those that were asked and did not answer in time; return how many."""
    count = 0
    async with bus.transaction(_ACTOR, lease) as tx:
        for table in _TABLES:
            for supply in await store.unanswered(tx.session, table, clock.now()):
                count += 1
                if isinstance(supply, Offer):
                    await placements.apply_event(tx, supply, offer_events.OfferPaused(cause=PauseCause.SILENCE))
                else:
                    await mentors_actions.apply_event(tx, supply, mentor_events.MentorPaused(cause=PauseCause.SILENCE))
    return count


async def ask(bus: Bus, lease: Lease | None = None) -> int:
    """Ask those without a change for as long as their call says; return how many."""
    count = 0
    async with bus.transaction(_ACTOR, lease) as tx:
        for call in await calls_store.calls(tx.session, state=CallState.PUBLISHED):
            timers = call.terms.timers
            before = clock.now() - timedelta(days=timers.availability_after_days)
            for table in _TABLES:
                for supply in await store.due_for_check(tx.session, table, call.id, before):
                    until = due(clock.now(), timers.availability_answer_wd, Unit.WORKING_DAYS, supply.country)
                    count += 1
                    supply.due = until
                    tx.session.add(supply)
                    match supply:
                        case Offer():
                            await tx.record(offer_events.AvailabilityAsked(due=until), supply.id)
                        case Mentor():
                            await tx.record(mentor_events.MentorAvailabilityAsked(due=until), supply.id)
                        case _:
                            assert_never(supply)
        if count:
            await tx.changed("offers")
            await tx.changed("mentors")
    return count
