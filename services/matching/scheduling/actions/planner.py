"""Search the best plan of a call in the background, and retry visits without dates.

A plan is improved in a thread, under a lease; progress is stored each second, and another instance starts it again if
this one is lost. A visit that found no lawful week is tried again whenever a fact of its call has changed: a revised
offer, a new period, a free place. It gets the earliest week as if it had just been confirmed; no other visit is moved.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from services.matching.engine.schedule import Draft, Scheduled
from services.matching.facts.store import pools
from services.matching.lifecycle.actions import moves
from services.matching.lifecycle.actions.dates import Wish, other_dates
from services.matching.lifecycle.actions.transitions import Transitions
from services.matching.lifecycle.model import visit as visits
from services.matching.lifecycle.store import visits as lifecycle_visits
from services.matching.scheduling import store
from services.matching.scheduling.actions.plans import changes
from services.matching.scheduling.actions.requests import read_batch
from services.matching.scheduling.model import PlanState
from shared.bus.db import leases
from shared.bus.set_aside import SetAside
from shared.contracts.codes import Party, VisitState
from shared.i18n import N_
from shared.runtime.leased_loops import run_by_lease
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.matching.engine.schedule import Plan, Progress
    from services.matching.scheduling.actions.requests import Batch
    from shared.bus import Bus, Lease
    from shared.runtime.service import Service

log = structlog.get_logger(__name__)

LEASE = "matching:dates"
WITHOUT_DATES, NEW_DATES, PLANS = N_("Visits without dates"), N_("New dates of visits"), N_("Plans of a call")
_LEASE_SECONDS = 8.0
_EVERY = 1.0


async def look_for_dates(service: Service) -> None:
    """Improve plans and retry visits without dates, for ever; a worker of the service."""
    tried: dict[UUID, int] = {}
    without, agreed, plans = (SetAside[UUID](service.bus, work) for work in (WITHOUT_DATES, NEW_DATES, PLANS))

    async def look(bus: Bus, lease: Lease) -> None:
        await retry(bus, lease, tried, without)
        await settle(bus, lease, agreed)
        async with bus.read() as session:
            waiting = await store.searching(session)
        await plans.each(waiting, partial(_improve, bus, lease), at_once=1)

    await run_by_lease(service, LEASE, look, every=_EVERY, seconds=_LEASE_SECONDS)


async def _improve(bus: Bus, lease: Lease, plan_ids: Sequence[UUID]) -> int:
    return sum([await improve(bus, lease, plan_id) for plan_id in plan_ids])


async def retry(bus: Bus, lease: Lease, tried: dict[UUID, int], aside: SetAside[UUID] | None = None) -> int:
    """Try visits without dates again if facts have changed since `tried` (by call); return how many got dates.

    A visit that fails is set aside. Raises `LeaseLost`.
    """
    aside = aside or SetAside(bus, WITHOUT_DATES)
    async with bus.read() as session:
        without = await lifecycle_visits.without_dates(session)
        versions = {call_id: await pools.version(session, call_id) for call_id in without}
    call_of: dict[UUID, UUID] = {}
    for call_id, match_ids in without.items():
        pool = versions[call_id]
        if pool is None:
            continue
        changed = tried.get(call_id) != pool.input_version
        tried[call_id] = pool.input_version
        call_of |= {match_id: call_id for match_id in match_ids if changed or match_id in aside}
    return await aside.each(list(call_of), partial(_retry, bus, lease, call_of))


async def _retry(bus: Bus, lease: Lease, call_of: Mapping[UUID, UUID], match_ids: Sequence[UUID]) -> int:
    found = 0
    for call_id, some in groupby(match_ids, call_of.__getitem__):
        hopeful = await _hopeful(bus, call_id, list(some))
        if not hopeful:
            continue
        async with bus.transaction("system:matching", lease) as tx:
            cases = await Transitions.load(tx, hopeful)
            for match_id in sorted(cases.matches):
                if cases.missing(match_id) is None:
                    await _try_again(cases, match_id)
            found += cases.moved
            await cases.save()
    return found


async def _hopeful(bus: Bus, call_id: UUID, match_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of the matches whose visit has a lawful week by now, without locking anything.

    Members of a group of which some have dates are not planned with the others (`Batch`), and are always tried.
    """
    async with bus.read() as session:
        found = await read_batch(session, call_id, match_ids)
    if found is None:
        return []
    given = (await asyncio.to_thread(Draft.of, found.requests, found.policy)).first.given
    weeks = zip(given.members, given.start[:-1].tolist(), given.start[1:].tolist(), strict=True)
    lawful = {found.visits[at].of.match_id for members, first, end in weeks if end > first for at in members}
    return [match_id for match_id in match_ids if match_id in lawful or match_id not in found.matches]


async def _try_again(cases: Transitions, match_id: UUID) -> None:
    match, visit = cases.matches[match_id], cases.visits.get(match_id)
    if visit is None or visit.state is not VisitState.UNSCHEDULABLE:
        return
    candidate, call = cases.candidates[match.pairing.application_id], cases.calls[match.pairing.call_id]
    wish = Wish(Party.PROGRAMME, (), clock.today())
    days, answer = await other_dates(cases.tx.session, match, visit, candidate, call, wish)
    if isinstance(answer, Scheduled):
        due = moves.agenda_due(cases, match, answer.start)
        step = visits.find_dates(visit, answer, days=days, agenda_due=due, now=clock.now())
        await cases.take_in(step, None)


async def settle(bus: Bus, lease: Lease, aside: SetAside[UUID] | None = None) -> int:
    """Move visits whose new weeks have fallen free; return how many were moved or keep their dates.

    A group of visits that fails is set aside. Raises `LeaseLost`.
    """
    async with bus.read() as session:
        agreed = await lifecycle_visits.agreed(session)
    groups = {match_ids[0]: match_ids for match_ids in agreed.values()}
    aside = aside or SetAside(bus, NEW_DATES)
    return await aside.each(list(groups), partial(_settle, bus, lease, groups), at_once=1)


async def _settle(bus: Bus, lease: Lease, groups: Mapping[UUID, Sequence[UUID]], firsts: Sequence[UUID]) -> int:
    settled = 0
    for first in firsts:
        match_ids = groups[first]
        async with bus.transaction("system:matching", lease) as tx:
            cases = await Transitions.load(tx, match_ids)
            if all(cases.missing(match_id) is None for match_id in cases.matches):
                await moves.settle(cases)
            settled += cases.moved
            await cases.save()
    return settled


@dataclass(slots=True)
class _Search:
    """A search in a thread: its progress, and whether to stop it."""

    done: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def goes_on(self, progress: Progress) -> bool:
        self.done = progress.done
        return not self.stop.is_set()


async def improve(bus: Bus, lease: Lease, plan_id: UUID) -> bool:
    """Search the best plan and store it; False if it was stopped meanwhile. Raises `LeaseLost`."""
    async with bus.read() as session:
        plan = await store.plan(session, plan_id)
        found = await read_batch(session, plan.call_id) if plan is not None else None
    if plan is None or found is None or plan.state != PlanState.SEARCHING:
        return False
    search = _Search()
    seconds = plan.seconds
    work = asyncio.create_task(asyncio.to_thread(_best, found, seconds, search))
    try:
        began = monotonic()
        while not (await asyncio.wait({work}, timeout=_EVERY))[0]:
            await leases.ensure(bus, lease)
            if not await _note(bus, lease, plan_id, search.done) or monotonic() - began > 2 * seconds:
                search.stop.set()
    finally:
        search.stop.set()
    return await _finish(bus, lease, plan_id, found, await work)


def _best(found: Batch, seconds: int, search: _Search) -> Plan:
    return Draft.of(found.requests, found.policy).best(seconds=seconds, goes_on=search.goes_on)


async def _note(bus: Bus, lease: Lease, plan_id: UUID, done: int) -> bool:
    """Store the progress of the search; False if it was stopped."""
    async with bus.transaction("system:matching", lease) as tx:
        plan = await store.plan(tx.session, plan_id, lock=True)
        if plan is None or plan.state != PlanState.SEARCHING:
            return False
        if plan.done != done:
            plan.done = done
            await tx.changed("board")
        return True


async def _finish(bus: Bus, lease: Lease, plan_id: UUID, found: Batch, best: Plan) -> bool:
    """Store the plan that was found; a stopped one keeps what is better than its first plan."""
    async with bus.transaction("system:matching", lease) as tx:
        plan = await store.plan(tx.session, plan_id, lock=True)
        if plan is None:
            return False
        stopped = plan.state != PlanState.SEARCHING
        if not stopped:
            plan.state = (PlanState.PROVEN if best.proven else PlanState.TIME_OVER).value
            plan.finished_at = clock.now()
        plan.input_version, plan.visits, plan.units = found.version, len(found.visits), best.given.units
        plan.done = best.given.units if best.proven else plan.done
        plan.cost, plan.bound = list(best.cost), list(best.bound)
        plan.changes = changes(found, best)
        await tx.changed("board")
        return not stopped
