"""End the states of matching whose deadline has passed; checked every few seconds and when the clock moves.

DeadlinePassed of notifications only informs; the owner of a state keeps the clock that changes it (lifecycles.md).
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.activity import actions as activity
from services.matching.lifecycle.actions import moves
from services.matching.lifecycle.actions.transitions import Transitions
from services.matching.lifecycle.store import matches as store
from services.matching.lifecycle.store import mentorships, visits
from shared.bus.db.lease_epoch import LEASE_SECONDS
from shared.bus.set_aside import SetAside
from shared.contracts.codes import MatchState, Party, Reason, VisitState
from shared.i18n import N_
from shared.runtime.leased_loops import run_by_lease
from shared.time import clock
from shared.time.arrival import settled, settled_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

LEASE = "matching:deadlines"
WORK = N_("Deadlines of matches")
_EVERY = 5.0
_TRIM_EVERY = 120
"""Rounds: ten minutes."""
_SETTLE = 1.0
"""After the clock was moved, answers that were given before still travel for a moment of real time."""


async def keep_deadlines(service: Service) -> None:
    """End what has run out of time, for ever; a worker of the service."""
    rounds, offset = 0, clock.offset()
    aside = SetAside[UUID](service.bus, WORK)

    async def look(bus: Bus, lease: Lease) -> None:
        nonlocal rounds, offset
        if clock.offset() != offset:
            offset = clock.offset()
            await asyncio.sleep(_SETTLE)
        while await sweep(bus, lease, aside):
            pass
        if rounds % _TRIM_EVERY == 0:
            await _trim(bus, lease)
        rounds += 1

    await run_by_lease(service, LEASE, look, every=_EVERY, seconds=LEASE_SECONDS)


async def sweep(bus: Bus, lease: Lease, aside: SetAside[UUID] | None = None) -> int:
    """Do one round; return how many matches it changed. A match that fails is set aside. Raises `LeaseLost`."""
    now, today = settled(), settled_on()
    async with bus.read() as session:
        released = await store.released(session, clock.today())
        ids = (
            released.keys()
            | await store.overdue(session, now)
            | await visits.matches_to_end(session, today)
            | await visits.moves_overdue(session, now)
            | await mentorships.matches_to_look_at(session, now, today)
        )
    return await (aside or SetAside(bus, WORK)).each(sorted(ids), partial(_end, bus, lease, released, now, today))


async def _end(
    bus: Bus, lease: Lease, released: Mapping[UUID, bool], now: datetime, today: date, ids: Sequence[UUID]
) -> int:
    async with bus.transaction("system:clock", lease) as tx:
        cases = await Transitions.load(tx, ids)
        for match_id in sorted(cases.matches):
            if cases.missing(match_id) is not None:
                continue
            if match_id in released:
                await _release(cases, match_id, suspended=released[match_id])
            else:
                await _look_at(cases, match_id, now, today)
        moved = cases.moved
        await cases.save()
    return moved


async def _release(cases: Transitions, match_id: UUID, *, suspended: bool) -> None:
    """End a reserve that is no longer needed; only the two countries were notified of it."""
    if not cases.matches[match_id].in_reserve:
        return
    if suspended:
        await cases.cancel(match_id, Party.PROGRAMME, Reason.PARTNER_SUSPENDED, None)
    else:
        await cases.cancel(match_id, Party.CLOCK, Reason.OTHER, None)


async def _look_at(cases: Transitions, match_id: UUID, now: datetime, today: date) -> None:
    match = cases.matches[match_id]
    timers = cases.terms(match).timers
    if match.state is MatchState.OFFERED and now > match.due + timedelta(seconds=timers.answer_grace_seconds):
        await cases.expire(match.id)
    visit = cases.visits.get(match.id)
    plan = visit.plan if visit is not None and visit.state is VisitState.UNDER_WAY else None
    if plan is not None and today > plan.end + timedelta(days=timers.attendance_days):
        await cases.time_over(match.id)
    await moves.expired(cases, match.id, now)
    if match.id in cases.mentorships:
        await cases.progressed(match.id, None)


async def _trim(bus: Bus, lease: Lease) -> None:
    async with bus.transaction("system:clock", lease) as tx:
        await activity.trim(tx.session)
