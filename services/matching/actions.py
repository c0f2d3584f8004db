"""What do coordinators do in matching? One function a transition, called by pages and API alike."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from services.matching import inputs, store
from services.matching.casework import Cases
from services.matching.model import match as matches
from services.matching.model.pool import companions, solve
from services.matching.model.told import Proposal, matched, proposals, run_finished, unmatched
from services.matching.rerun import Kept
from services.matching.scheduling import propose_move
from services.matching.store.activity import of_run
from services.matching.store.runs import Receipt, Run
from shared import clock, workdays
from shared.contracts.lifecycle import Unit
from shared.ids import new_id
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from services.matching.engine.matching import Result
    from services.matching.engine.receipt import Receipt as EngineReceipt
    from services.matching.inputs import Inputs
    from shared.bus import Bus, Tx
    from shared.contracts.codes import ApplicationKind

__all__ = ["Committed", "commit_cohort", "propose_move"]

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Committed:
    """A committed cohort: its runs by kind, and the new match of each application."""

    cohort: int
    runs: Mapping[ApplicationKind, UUID]
    matches: Mapping[UUID, UUID]
    unmatched: int


@dataclass(frozen=True, slots=True)
class Part:
    """What of one kind is about to be committed; with `ring` its pairs are an exchange ring of that id."""

    kind: ApplicationKind
    result: Result
    proposals: Sequence[Proposal]
    receipts: Mapping[UUID, EngineReceipt]
    kept: Kept
    ring: UUID | None = None


async def commit_cohort(
    bus: Bus, by: str, call_id: UUID, chosen: Mapping[UUID, UUID] | None = None, *, effort: int = 24
) -> Committed:
    """Commit a cohort of a call in the name of `by`: the provisional pairs become proposed matches.

    `chosen` maps applications to the offer or mentor that the coordinator saw for each; None commits all as they stand
    now. Everybody who found no place is told why. Raises `Refused`: 404 for an unknown call, 409 where a chosen pair is
    no longer what was seen or facts keep arriving, 422 where nobody is looking for a place.
    """
    for _ in range(_TRIES):
        started_at = clock.now()
        given = await inputs.load(bus, call_id)
        if given is None:
            raise Refused(gettext("There is no such call."), 404)
        if not given.open:
            raise Refused(gettext("This call is closed: nothing more is matched in it."))
        parts = await asyncio.to_thread(_work_out, given, chosen, effort)
        if not parts:
            raise Refused(gettext("Nobody is looking for a place in this call now."), 422)
        async with bus.transaction(by) as tx:
            pool = await store.pools.version(tx.session, call_id, lock=True)
            if pool is None or pool.input_version != given.version:
                continue
            committed = await commit_parts(tx, given, parts, started_at)
            pool.cohort = committed.cohort
            return committed
    raise Refused(gettext("Facts keep arriving for this call. Try again in a moment."))


def _work_out(given: Inputs, chosen: Mapping[UUID, UUID] | None, effort: int) -> list[Part]:
    """The runs of the cohort with all their receipts: the long part, outside of any transaction."""
    parts = []
    found: dict[UUID, UUID] = {}
    if chosen is not None and any(companions(given.facts, one) - chosen.keys() for one in chosen):
        raise Refused(gettext("A group is proposed whole or not at all: tick all of its members, or none."), 422)
    for kind, result in solve(given.facts).items():
        pairs = proposals(given.facts, kind, result)
        found |= {one.application_id: one.seat_id for one in pairs}
        wanted = [one for one in pairs if chosen is None or one.application_id in chosen]
        if chosen is not None and not wanted:
            continue
        told = [str(one.application_id) for one in wanted] + list(result.unmatched)
        if not told:
            continue
        receipts = {UUID(one): result.receipt(one, effort=effort) for one in told}
        parts.append(Part(kind, result, wanted, receipts, Kept.of(result)))
    if chosen is not None and (moved := [one for one, seat in chosen.items() if found.get(one) != seat]):
        raise Refused(
            gettext("The matching has moved since you opened the page (%(count)d of your pairs). Look at it again.")
            % {"count": len(moved)}
        )
    return parts


async def commit_parts(tx: Tx, given: Inputs, parts: Sequence[Part], started_at: datetime) -> Committed:
    """Write runs, matches and receipts in a transaction that holds the call."""
    cases = await Cases.load(tx, [])
    runs = {part.kind: new_id() for part in parts}
    new: dict[UUID, UUID] = {}
    receipts: list[Receipt] = []
    for part in parts:
        run_id = runs[part.kind]
        for proposal in part.proposals:
            match_id = new_id()
            new[proposal.application_id] = match_id
            await _propose(tx, cases, given, part, proposal, run_id, match_id, receipts)
        await _tell_unmatched(tx, given, part, run_id, new, receipts)
        finished = run_finished(
            given.facts,
            part.kind,
            part.result,
            committed=len(part.proposals),
            started_at=started_at,
            ring=part.ring,
        )
        fact = await tx.record(finished, run_id, correlation=given.facts.call_id)
        await store.activity.add(tx.session, [of_run(fact, finished, run_id, by=tx.actor, at=clock.now())])
        await store.runs.keep_run(
            tx.session,
            Run(
                id=run_id,
                call_id=given.facts.call_id,
                kind=part.kind.value,
                cohort=finished.cohort,
                finished_at=clock.now(),
                committed_by=tx.actor,
                told=finished.model_dump(mode="json"),
            ),
        )
        await store.runs.keep_inputs(tx.session, run_id, part.kept)
    await store.runs.keep_receipts(tx.session, receipts)
    await store.pools.drop_standings(tx.session, list(new))
    await store.pools.touch(tx.session, [given.facts.call_id])
    await tx.changed("matching")
    await cases.save()
    return Committed(given.facts.cohort + 1, runs, new, len(receipts) - len(new))


async def _propose(
    tx: Tx,
    cases: Cases,
    given: Inputs,
    part: Part,
    proposal: Proposal,
    run_id: UUID,
    match_id: UUID,
    receipts: list[Receipt],
) -> None:
    now = clock.now()
    pairing = proposal.pairing
    clearance = given.facts.terms.timers.clearance_wd
    step = matches.propose(
        match_id,
        pairing,
        run_id=run_id,
        score=proposal.score,
        weeks=proposal.weeks,
        next_in_line=proposal.next_in_line,
        due=workdays.due(now, clearance, Unit.WORKING_DAYS, pairing.country),
        now=now,
        ring=part.ring,
    )
    await cases.propose(step, None)
    told = matched(
        part.receipts[proposal.application_id],
        proposal,
        run_id=run_id,
        match_id=match_id,
        ring=len(part.proposals) if part.ring else None,
    )
    await tx.record(told, proposal.application_id, correlation=proposal.application_id)
    receipts.append(
        Receipt(
            application_id=proposal.application_id,
            call_id=pairing.call_id,
            run_id=run_id,
            matched=True,
            at=now,
            told=told.model_dump(mode="json"),
        )
    )


async def _tell_unmatched(
    tx: Tx, given: Inputs, part: Part, run_id: UUID, matched_: Collection[UUID], receipts: list[Receipt]
) -> None:
    for application_id, receipt in part.receipts.items():
        if application_id in matched_:
            continue
        told = unmatched(receipt, run_id=run_id, call_id=given.facts.call_id, kind=part.kind)
        await tx.record(told, application_id, correlation=application_id)
        receipts.append(
            Receipt(
                application_id=application_id,
                call_id=given.facts.call_id,
                run_id=run_id,
                matched=False,
                at=clock.now(),
                told=told.model_dump(mode="json"),
            )
        )
