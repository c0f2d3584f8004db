"""Propose the next in line when a place falls free: at once, by the engine and under the call's lease.

A reserve that both countries have cleared comes first: it is offered at once. Only applications that a committed cohort
has covered are considered: a newcomer waits for the coordinator's next cohort.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from services.matching.activity import store as activity_store
from services.matching.engine.interventions import manual
from services.matching.facts.model import weekly_places
from services.matching.facts.store import pools as store
from services.matching.lifecycle.actions.transitions import Transitions
from services.matching.lifecycle.model import match as matches
from services.matching.lifecycle.store import receipts as lifecycle_receipts
from services.matching.lifecycle.store.receipts import Receipt
from services.matching.provisional.model.problem import companions, in_reserve, solve, waiting
from services.matching.provisional.model.results import matched, order_by_hosts, proposals
from services.matching.provisional.snapshot import load as load_snapshot
from services.matching.provisional.store import replacements
from services.matching.provisional.store.replacements import ReplacementOutcome
from shared.bus.db import leases
from shared.contracts.codes import ApplicationKind, MatchState
from shared.contracts.lifecycle import Unit
from shared.contracts.offers import OfferTerms
from shared.ids import reaction_id
from shared.time import clock, workdays

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from services.matching.engine.matching import Result
    from services.matching.facts.store.pools import Vacancy
    from services.matching.lifecycle.model.match import Match
    from services.matching.provisional.model.results import Proposal
    from services.matching.provisional.snapshot import Snapshot
    from shared.bus import Bus, Lease

log = structlog.get_logger(__name__)

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Chosen:
    """The application that gets a free place, and the run; `reserve` is its match if it was a reserve there."""

    vacancy: Vacancy
    proposal: Proposal
    result: Result
    reserve: UUID | None


async def promote(bus: Bus, call_id: UUID, lease: Lease) -> int:
    """Propose the next in line for every free place of the call; return how many were proposed. Raises `LeaseLost`.

    The result is written only if the facts have not changed since they were read; else it is computed again.
    """
    async with bus.glance() as session:
        if not await store.vacancies(session, call_id):
            return 0
    for _ in range(_TRIES):
        snapshot = await load_snapshot(bus, call_id)
        if snapshot is None or not snapshot.vacancies:
            return 0
        chosen = await _choose(bus, snapshot)
        await leases.ensure(bus, lease)
        async with bus.transaction("system:matching", lease) as tx:
            pool = await store.version(tx.session, call_id, lock=True)
            if pool is None or pool.input_version != snapshot.version:
                continue
            cases = await Transitions.for_proposals(tx, [choice.proposal.application_id for choice in chosen])
            found: dict[UUID, UUID] = {}
            for choice in chosen:
                found.setdefault(choice.vacancy.match_id, await _propose(cases, snapshot, choice))
            await cases.save()
            for vacancy in snapshot.vacancies:
                match_id = found.get(vacancy.match_id)
                outcome = ReplacementOutcome.PROPOSED if match_id else _in_vain(snapshot, vacancy)
                await replacements.note(tx.session, vacancy.match_id, outcome, match_id)
            await store.settle(tx.session, [vacancy.match_id for vacancy in snapshot.vacancies])
            return len(chosen)
    log.info("facts keep arriving; the next in line is looked up a moment later", call=str(call_id))
    return 0


async def _choose(bus: Bus, snapshot: Snapshot) -> list[Chosen]:
    """Return for each free place a cleared reserve, else the best of those to whom the engine would give it."""
    if not snapshot.open:
        return []
    async with bus.read() as session:
        seen = await lifecycle_receipts.explained(session, list(waiting(snapshot.facts)))
    left = frozenset(seen - {vacancy.application_id for vacancy in snapshot.vacancies})
    return await asyncio.to_thread(choose, snapshot, left)


def choose(snapshot: Snapshot, left: frozenset[UUID]) -> list[Chosen]:
    """Return who gets each free place among those who are `left`."""
    results = solve(snapshot.facts, only=left)
    reserves = in_reserve(snapshot.facts)
    called: dict[UUID, Match] = {}
    for kind, result in results.items():
        up, results[kind] = _called_up(snapshot, kind, result, reserves)
        called |= up
    found = {kind: proposals(snapshot.facts, kind, result) for kind, result in results.items()}
    chosen: list[Chosen] = []
    taken = {match.pairing.application_id for match in called.values()}
    for vacancy in snapshot.vacancies:
        kind = ApplicationKind(vacancy.kind)
        if (ready := called.get(vacancy.match_id)) is not None:
            own = next(proposal for proposal in found[kind] if proposal.application_id == ready.pairing.application_id)
            chosen.append(Chosen(vacancy, own, results[kind], ready.id))
            continue
        preferred = order_by_hosts(results[kind]) if kind in results else {}
        line = [
            proposal
            for proposal in found.get(kind, ())
            if proposal.seat_id == vacancy.seat_id and proposal.application_id not in taken
        ]
        best = max(
            line, key=lambda proposal: (preferred[proposal.application_id], str(proposal.application_id)), default=None
        )
        if best is None:
            continue
        # With a member of a group all of it is proposed: the engine found room for all at this very place.
        group = companions(snapshot.facts, best.application_id)
        for proposal in line:
            if proposal.application_id in group:
                before = reserves.get(proposal.application_id)
                there = before.id if before is not None and before.seat_id == proposal.seat_id else None
                chosen.append(Chosen(vacancy, proposal, results[kind], there))
        taken |= group
    return chosen


def _called_up(
    snapshot: Snapshot, kind: ApplicationKind, result: Result, reserves: Mapping[UUID, Match]
) -> tuple[dict[UUID, Match], Result]:
    """Return the reserve for each free place (by the match that freed it), with the run that gives it the place.

    In the order of the line; a reserve that the rules, a share or a quota would not allow today is skipped.
    """
    called: dict[UUID, Match] = {}
    pairs: dict[str, str] = {}
    line = sorted(reserves.values(), key=lambda match: (match.proposed_at, match.id))
    for vacancy in snapshot.vacancies:
        for match in line:
            candidate, seat = str(match.pairing.application_id), str(match.seat_id)
            ready = match.state is MatchState.CLEARED and match.seat_id == vacancy.seat_id
            if not ready or candidate in pairs or vacancy.kind != kind.value:
                continue
            try:
                result = manual.with_pairs(result.problem, {**pairs, candidate: seat})
            except manual.NotPossible:
                continue
            pairs[candidate] = seat
            called[vacancy.match_id] = match
            break
    return called, result


def _in_vain(snapshot: Snapshot, vacancy: Vacancy) -> ReplacementOutcome:
    """Return why nobody gets a free place: no week is left with due notice, or nobody in line could take it."""
    place, facts = snapshot.facts.places.get(vacancy.seat_id), snapshot.facts
    if place is None or not isinstance(place.terms, OfferTerms) or weekly_places(place.terms, facts.terms, facts.day):
        return ReplacementOutcome.NOBODY
    return ReplacementOutcome.TOO_LATE


async def _propose(cases: Transitions, snapshot: Snapshot, chosen: Chosen) -> UUID:
    """Propose or call up the chosen application; return the id of the match."""
    tx, vacancy, proposal = cases.tx, chosen.vacancy, chosen.proposal
    cause = await activity_store.own_fact(tx.session, vacancy.cause_id)
    assert cause is not None
    now = clock.now()
    timers, pairing = snapshot.facts.terms.timers, proposal.pairing
    if chosen.reserve is not None:
        match_id = chosen.reserve
        await cases.call_up(match_id, vacancy.run_id, proposal.next_in_line, cause)
    else:
        match_id = reaction_id(cause.id, "match", str(proposal.application_id))
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
    receipt = chosen.result.receipt(str(proposal.application_id), effort=0)
    explained = matched(receipt, proposal, run_id=vacancy.run_id, match_id=match_id)
    await cases.add_fact(explained, proposal.application_id, cases.matches[match_id], cause)
    await lifecycle_receipts.keep_receipts(
        tx.session,
        [
            Receipt(
                application_id=proposal.application_id,
                call_id=pairing.call_id,
                run_id=vacancy.run_id,
                matched=True,
                at=now,
                event=explained,
            )
        ],
    )
    await store.drop_standings(tx.session, [proposal.application_id])
    return match_id
