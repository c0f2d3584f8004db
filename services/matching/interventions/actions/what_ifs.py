"""Request, compute and cancel what-ifs: stored jobs, done by one instance; nothing is published.

Facts are read in one snapshot when the work begins; terms and outcome are stored, so that the page of a what-if never
changes. If an instance is lost, its lease expires and another starts the work again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from services.matching.background import jobs, processes
from services.matching.cohorts.store import runs as cohorts_runs
from services.matching.facts.store import facts as store
from services.matching.facts.store import pools
from services.matching.interventions import store as interventions_store
from services.matching.interventions.model import STEPS, Basis, OtherTerms, WhatIfState, compare, in_full
from services.matching.interventions.store import WhatIf
from services.matching.provisional.snapshot import load_in, place_of
from shared.bus import Bus, Lease, LeaseLost
from shared.bus.db.transient_errors import is_transient
from shared.bus.set_aside import SetAside
from shared.contracts.codes import Objective, TieBreak, Wishes
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.matching.facts.store.facts import Call
    from services.matching.interventions.model import Comparison, Step
    from services.matching.provisional.snapshot import Snapshot
    from shared.contracts.calls import CallTerms
    from shared.runtime.service import Service
    from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

WORK = N_("What-ifs")

LARGE = 20_000
"""Applications times places: above it a comparison may take more than a second (50,000 take three), and goes to a
process of its own, which takes a second to start."""
WAITING_AT_MOST = 20


async def ask(bus: Bus, by: str, call_id: UUID, basis: Basis, other: OtherTerms) -> UUID:
    """Request a what-if in the name of `by`; return its id. The work begins within a second.

    Somebody who asks for the same again gets the first one, as long as facts have not changed since it was done. Raises
    `Refused`: 404 for an unknown call, 422 if nothing differs from the call, a floor is above its ceiling or an order
    would count for the highest sum, 409 for a closed call on the basis of now (nobody waits in it) and while too many
    are waiting.
    """
    async with bus.transaction(by) as tx:
        call = (await store.calls(tx.session, [call_id])).get(call_id)
        if call is None:
            raise Refused(
                gettext("This call does not exist."), 404, {"call_id": gettext("Select a call from the list")}
            )
        terms = call.parsed_terms
        _check(call, terms, basis, other)
        # The call is held, so that of two who ask at the same time one sees the other's.
        pool = await pools.version(tx.session, call_id, lock=True)
        own, complete = in_full(terms), in_full(other.applied(terms))
        version = None if pool is None else pool.input_version
        for same in await interventions_store.asked_by(tx.session, by, call_id, version):
            if (same.basis, same.own, same.other) == (basis, own, complete):
                return same.id
        if await interventions_store.open_count(tx.session) >= WAITING_AT_MOST:
            raise Refused(
                gettext("Too many what-ifs are waiting. Try again when some are done, or cancel one."),
                code=ProblemCode.LIMIT_REACHED,
            )
        row = WhatIf(
            id=new_id(),
            call_id=call_id,
            basis=basis.value,
            asked_by=by,
            asked_at=clock.now(),
            own=own,
            other=complete,
            revision=terms.revision,
            state=WhatIfState.WAITING,
            steps=STEPS,
            since=clock.now(),
        )
        await interventions_store.write(tx.session, row)
        await tx.changed("board")
    return row.id


def _check(call: Call, terms: CallTerms, basis: Basis, other: OtherTerms) -> None:
    if basis is Basis.NOW and call.state == "closed":
        sentence = gettext("This call is closed and nobody is waiting in it. Match it again from the start.")
        raise Refused(sentence, 409, {"basis": sentence}, code=ProblemCode.CALL_CLOSED)
    for quota in other.quotas or ():
        if quota.ceiling is not None and quota.floor > quota.ceiling:
            sentence = gettext("The minimum for %(country)s must not be above its maximum.") % {
                "country": quota.country
            }
            raise Refused(sentence, 422, {"quotas": sentence})
    named = [quota.country for quota in other.quotas or ()]
    if len(set(named)) < len(named):
        sentence = gettext("Enter each country only once in the quotas.")
        raise Refused(sentence, 422, {"quotas": sentence})
    tried = other.applied(terms)
    if tried.wishes is not Wishes.SCORES and tried.objective is not Objective.STABLE:
        sentence = gettext("The highest sum counts points only. Choose the stable aim, or let points alone decide.")
        raise Refused(sentence, 422, {"wishes": sentence})
    if tried.ties is not TieBreak.LOTS and tried.objective is not Objective.STABLE:
        sentence = gettext("The highest sum makes no exchanges. Choose the stable aim, or let a lot decide.")
        raise Refused(sentence, 422, {"ties": sentence})
    if in_full(tried) == in_full(terms):
        sentence = gettext("These are the current terms of the call. Change at least one.")
        raise Refused(sentence, 422, {"objective": sentence})


async def cancel(bus: Bus, by: str, what_if_id: UUID) -> None:
    """Cancel a what-if that waits or is under way; the person who has cancelled it may repeat that.

    Raises `Refused`: 404 if there is none, 409 if it is over.
    """
    async with bus.transaction(by) as tx:
        row = await interventions_store.what_if(tx.session, what_if_id, lock=True)
        if row is None:
            raise Refused(gettext("There is no such what-if."), 404)
        if row.state == WhatIfState.CANCELLED and row.cancelled_by == by:
            return
        if row.state not in {WhatIfState.WAITING, WhatIfState.RUNNING}:
            raise Refused(jobs.over_sentence(row.state, row.since), code=ProblemCode.ALREADY_DONE)
        row.state, row.since, row.cancelled_by = WhatIfState.CANCELLED, clock.now(), by
        await tx.changed("board")


async def work_what_ifs(service: Service) -> None:
    """Compute the requested what-ifs, one after the other, for ever; a worker of the service."""
    await jobs.repeat_forever(partial(work_once, service.bus, SetAside(service.bus, WORK)))


async def work_once(bus: Bus, aside: SetAside[UUID] | None = None, *, large: int = LARGE) -> bool:
    """Compute the what-ifs that no other instance works on, the oldest first; False if there is none."""
    async with bus.glance() as session:
        ids = await interventions_store.open_ones(session)
    return await jobs.work_on(aside or SetAside(bus, WORK), "what-if", ids, partial(_work, bus, large))


async def _work(bus: Bus, large: int, what_if_id: UUID, lease: Lease) -> None:
    row = await _begun(bus, what_if_id, lease)
    if row is None:
        return
    async with bus.read() as session:
        size = await store.pair_count(session, row.call_id)
    request = WhatIfRequest(row.call_id, Basis(row.basis), row.own, row.other)
    try:
        if size > large:
            watch = jobs.Watch(bus, lease, partial(_advance, bus, what_if_id, lease)).look
            version, outcome = await processes.run_in_process(compare_stored, bus.settings, request, watch=watch)
        else:
            version, outcome = await processes.run_in_thread(compare_stored, bus.settings, request)
    except processes.Stopped:
        log.info("a what-if was cancelled", what_if=str(what_if_id))
    except Exception as wrong:
        if isinstance(wrong, LeaseLost) or is_transient(wrong):
            raise
        log.exception("a what-if failed", what_if=str(what_if_id))
        await _over(bus, what_if_id, lease, None, problem=str(wrong)[:500])
    else:
        await _over(bus, what_if_id, lease, outcome, version=version)


@dataclass(frozen=True, slots=True)
class WhatIfRequest:
    """A request to compare the call's own terms with others, on the facts of a basis."""

    call_id: UUID
    basis: Basis
    own: OtherTerms
    other: OtherTerms


def compare_stored(settings: ServiceSettings, request: WhatIfRequest, step: Step) -> tuple[int, Comparison]:
    """Read the facts and compare; return the version of the facts too. For a thread, or for a process of its own.

    It has its own loop and connection: the rows of a large call take long to read, and little is then passed between
    processes. Raises LookupError if the call has no facts.
    """

    async def read() -> Snapshot | None:
        bus = Bus("matching", settings)
        try:
            return await facts_for(bus, request.call_id, request.basis)
        finally:
            await bus.close()

    snapshot = asyncio.run(read())
    if snapshot is None:
        raise LookupError("The call has no facts yet.")
    # The terms compared are those that stood when it was asked, whatever revision has come since.
    facts = replace(snapshot.facts, terms=request.own.applied(snapshot.facts.terms))
    return snapshot.version, compare(facts, request.other, step)


async def _advance(bus: Bus, what_if_id: UUID, lease: Lease, step: int) -> bool:
    """Store the progress of a what-if; return whether to continue. Raises `LeaseLost`."""
    async with bus.transaction("system:what-if", lease) as tx:
        moved, goes_on = await interventions_store.advance(tx.session, what_if_id, step)
        if moved:
            await tx.changed("board")
    return goes_on


async def _begun(bus: Bus, what_if_id: UUID, lease: Lease) -> WhatIf | None:
    async with bus.transaction("system:what-if", lease) as tx:
        row = await interventions_store.what_if(tx.session, what_if_id, lock=True)
        if row is None or row.state not in {WhatIfState.WAITING, WhatIfState.RUNNING}:
            return None
        row.state, row.step, row.since = WhatIfState.RUNNING, 0, clock.now()
        await tx.changed("board")
    return row


async def _over(
    bus: Bus,
    what_if_id: UUID,
    lease: Lease,
    outcome: Comparison | None,
    *,
    problem: str | None = None,
    version: int | None = None,
) -> None:
    async with bus.transaction("system:what-if", lease) as tx:
        row = await interventions_store.what_if(tx.session, what_if_id, lock=True)
        if row is None or row.state != WhatIfState.RUNNING:
            return
        row.state = WhatIfState.FAILED if outcome is None else WhatIfState.DONE
        row.outcome = outcome
        row.problem, row.version, row.step, row.since = problem, version, STEPS, clock.now()
        await tx.changed("board")


async def facts_for(bus: Bus, call_id: UUID, basis: Basis) -> Snapshot | None:
    """Return the facts of a call: as they are, or as if no cohort had been committed; None if the call has not arrived.

    From the start: all who ever took part, all places ever offered, no match, on the day of the first cohort (today
    before there is one, and the call's last day if it closed without one).
    """
    async with bus.snapshot() as session:
        snapshot = await load_in(session, call_id)
        if snapshot is None or basis is Basis.NOW:
            return snapshot
        runs = await cohorts_runs.runs(session, call_id)
        people = await interventions_store.took_part(session, call_id)
        places = await interventions_store.was_offered(session, call_id)
    facts = replace(
        snapshot.facts,
        day=_first_day(snapshot, min((run.finished_at.date() for run in runs), default=None)),
        cohort=0,
        candidates={row.id: row.parsed_profile for row in people},
        places={row.id: place_of(row) for row in places},
        matches=(),
        given_back=frozenset(),
        taken={},
    )
    return replace(snapshot, facts=facts, standings={}, vacancies=[])


def _first_day(snapshot: Snapshot, first_cohort: date | None) -> date:
    if first_cohort is not None:
        return first_cohort
    return snapshot.facts.day if snapshot.open else min(snapshot.facts.day, snapshot.facts.terms.closes)
