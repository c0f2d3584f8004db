"""Who is proposed when a place falls free? The next in line, at once, by the engine and under the call's lease.

Only applications that a committed cohort has seen are asked: a newcomer waits for the coordinator's next cohort.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from services.matching import inputs, store, turns
from services.matching.casework import Cases
from services.matching.model import match as matches
from services.matching.model.pool import companions, solve, waiting
from services.matching.model.told import matched, proposals
from services.matching.store.runs import Receipt
from shared import clock, workdays
from shared.bus import leases
from shared.contracts.codes import ApplicationKind
from shared.contracts.lifecycle import Unit
from shared.ids import reaction_id

if TYPE_CHECKING:
    from services.matching.engine.matching import Result
    from services.matching.inputs import Inputs
    from services.matching.model.told import Proposal
    from services.matching.store.pools import Vacancy
    from shared.bus import Bus, Lease, Tx

log = structlog.get_logger(__name__)

_TRIES = 5


async def promote(bus: Bus, call_id: UUID, lease: Lease) -> int:
    """Propose the next in line for every place of the call that fell free; give how many were proposed.

    What was read is written only if nothing has changed since; else it is worked out again. Raises `LeaseLost`.
    """
    async with bus.read() as session:
        if not await store.pools.vacancies(session, call_id):
            return 0
    for _ in range(_TRIES):
        started = monotonic()
        given = await inputs.load(bus, call_id)
        if given is None or not given.vacancies:
            return 0
        chosen = await _choose(bus, given)
        lease = await turns.renewed(bus, lease, started)
        async with bus.transaction("system:matching") as tx:
            await leases.check(tx.session, lease)
            pool = await store.pools.version(tx.session, call_id, lock=True)
            if pool is None or pool.input_version != given.version:
                continue
            for vacancy, proposal, result in chosen:
                await _propose(tx, given, vacancy, proposal, result)
            await store.pools.settle(tx.session, [one.match_id for one in given.vacancies])
            return len(chosen)
    log.info("facts keep arriving; the next in line is looked up a moment later", call=str(call_id))
    return 0


async def _choose(bus: Bus, given: Inputs) -> list[tuple[Vacancy, Proposal, Result]]:
    """For each free place the best of those that the engine would give it, each application once."""
    if not given.open:
        return []
    async with bus.read() as session:
        seen = await store.runs.explained(session, list(waiting(given.facts)))
    left = frozenset(seen - {one.application_id for one in given.vacancies})
    results = await asyncio.to_thread(solve, given.facts, only=left)
    found = {kind: proposals(given.facts, kind, result) for kind, result in results.items()}
    chosen: list[tuple[Vacancy, Proposal, Result]] = []
    taken: set[UUID] = set()
    for vacancy in given.vacancies:
        kind = ApplicationKind(vacancy.kind)
        preferred = (
            {UUID(pair.candidate_id): pair.preference for pair in results[kind].pairs} if kind in results else {}
        )
        line = [
            one for one in found.get(kind, ()) if one.seat_id == vacancy.seat_id and one.application_id not in taken
        ]
        best = max(line, key=lambda one: (preferred[one.application_id], str(one.application_id)), default=None)
        if best is None:
            continue
        # With a member of a group all of it is proposed: the engine found room for all at this very place.
        group = companions(given.facts, best.application_id)
        chosen.extend((vacancy, one, results[kind]) for one in line if one.application_id in group)
        taken |= group
    return chosen


async def _propose(tx: Tx, given: Inputs, vacancy: Vacancy, proposal: Proposal, result: Result) -> None:
    cause = await store.journal.fact(tx.session, vacancy.cause_id)
    assert cause is not None
    now = clock.now()
    match_id = reaction_id(cause.id, "match", str(proposal.application_id))
    timers, pairing = given.facts.terms.timers, proposal.pairing
    cases = await Cases.load(tx, [])
    step = matches.propose(
        match_id,
        pairing,
        run_id=vacancy.run_id,
        score=proposal.score,
        weeks=proposal.weeks,
        next_in_line=proposal.next_in_line,
        due=workdays.due(now, timers.clearance_wd, Unit.WORKING_DAYS, pairing.country),
        now=now,
    )
    await cases.propose(step, cause)
    told = matched(
        result.receipt(str(proposal.application_id), effort=0), proposal, run_id=vacancy.run_id, match_id=match_id
    )
    await cases.tell(told, proposal.application_id, step[0], cause)
    await store.runs.keep_receipts(
        tx.session,
        [
            Receipt(
                application_id=proposal.application_id,
                call_id=pairing.call_id,
                run_id=vacancy.run_id,
                matched=True,
                at=now,
                told=told.model_dump(mode="json"),
            )
        ],
    )
    await store.pools.drop_standings(tx.session, [proposal.application_id])
    await cases.save()
