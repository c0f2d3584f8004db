"""Commit a cohort of provisional matches."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.matching.activity import actions as activity
from services.matching.activity.store import of_run
from services.matching.background.retries import retry_write
from services.matching.cohorts.actions.plan import work_out
from services.matching.cohorts.model import NO_CHOICES, NotFit, Why, refused
from services.matching.cohorts.store import cohorts, drafts, runs
from services.matching.cohorts.store.cohorts import Cohort
from services.matching.cohorts.store.runs import Run
from services.matching.facts import actions as facts
from services.matching.facts.store import pools as store
from services.matching.lifecycle.actions.receipts import publish_receipts
from services.matching.lifecycle.actions.transitions import Transitions
from services.matching.lifecycle.model import match as matches
from services.matching.lifecycle.store import receipts
from services.matching.options import actions as options
from services.matching.provisional.snapshot import load as load_snapshot
from shared.contracts.lifecycle import Unit
from shared.time import clock, workdays

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from services.matching.cohorts.actions.plan import CohortPlan, Part
    from services.matching.cohorts.model import Choices
    from services.matching.options.model import ChosenOption
    from services.matching.provisional.model.results import Proposal
    from shared.bus import Bus, Tx
    from shared.bus.db.records import ReadVersions
    from shared.contracts.codes import ApplicationKind


TRIES = 5
"""So often a cohort is worked out again because facts have arrived meanwhile."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A committed cohort, or an exchange ring: its runs by kind, and the new match of each application."""

    cohort: int
    runs: Mapping[ApplicationKind, UUID]
    matches: Mapping[UUID, UUID]
    unmatched: int
    reserves: int = 0
    ring: UUID | None = None

    @classmethod
    def of(cls, row: Cohort) -> Committed:
        """Return a stored cohort."""
        return cls(row.number, row.runs, row.matches, row.unmatched, row.reserves or 0, row.ring)


async def commit_cohort(
    bus: Bus,
    by: str,
    call_id: UUID,
    chosen: Mapping[UUID, UUID] | None = None,
    read: ReadVersions | None = None,
    *,
    effort: int = 24,
    reserves: bool = False,
    option: ChosenOption | None = None,
    choices: Choices = NO_CHOICES,
) -> Committed:
    """Commit a cohort of a call in the name of `by`: the provisional pairs, or those of an option, are proposed.

    The call is matched with the `choices`: who is held back, and who has which place by hand.

    With `reserves` the next in line for each place are proposed as reserves too, to be cleared beforehand. `chosen`
    maps applications to the offer or mentor that the coordinator saw for each; None commits all present pairs. Every
    application without a place gets a receipt that says why. Raises `Outdated` (412, 428) unless the applications are
    as the coordinator `read` them, and `Refused`: 404 for an unknown call, 409 if a chosen
    pair has changed, another cohort was committed meanwhile, there is nothing to commit, or facts keep arriving, 422 if
    nobody is looking for a place.
    """
    begun: int | None = None
    taken = None if option is None else await options.chosen(bus, call_id, option)
    for _ in range(TRIES):
        snapshot = await load_snapshot(bus, call_id)
        if snapshot is None:
            raise refused(NotFit(Why.UNKNOWN))
        present = snapshot.facts.cohort
        begun = present if begun is None else begun
        if present != begun:
            raise refused(NotFit(Why.COMMITTED, present))
        try:
            plan = await asyncio.to_thread(
                work_out,
                snapshot,
                chosen,
                effort,
                lambda _: None,
                reserves=reserves,
                option=taken,
                choices=choices,
            )
            committed = await retry_write(bus, by, write, plan, read)
        except NotFit as unfit:
            raise refused(unfit) from unfit
        if committed is not None:
            return committed
    raise refused(NotFit(Why.BUSY))


async def write(tx: Tx, plan: CohortPlan, read: ReadVersions | None = None) -> Committed | None:
    """Write a cohort if the call's facts are still those that it was computed from.

    Else write nothing and return None. Raises `Outdated` unless the applications are as somebody `read` them, and
    `NotFit` where it would propose nobody and tell nobody anything new, or break choices noted for the call.
    """
    pool = await store.version(tx.session, plan.call_id, lock=True)
    if pool is None or pool.input_version != plan.version:
        return None
    if read is not None:
        await read.check(tx.session)
    draft = await drafts.draft(tx.session, plan.call_id)
    noted = {} if draft is None else draft.choices
    broken = _broken(plan, noted)
    if broken:
        raise NotFit(Why.CHOSEN, broken)
    if not plan.applications:
        waiting = {application_id for part in plan.parts for application_id in part.receipts}
        if waiting <= await receipts.notified_of_no_match(tx.session, waiting):
            raise NotFit(Why.EMPTY)
    cases = await Transitions.for_proposals(tx, plan.applications)
    committed = await _commit(tx, cases, plan)
    pool.cohort = committed.cohort
    return committed


async def _commit(tx: Tx, cases: Transitions, plan: CohortPlan) -> Committed:
    """Write runs, matches and receipts in a transaction that has locked the call."""
    new: dict[UUID, UUID] = {}
    for part in plan.parts:
        new |= part.match_ids
        for proposal in part.proposals:
            await _propose(cases, part, proposal, plan.clearance_wd)
        for match_id, proposal in part.reserves:
            await cases.propose(_step(match_id, part, proposal, plan.clearance_wd, reserve=True), None)
        await publish_receipts(tx, part.receipts)
        fact = await tx.record(part.finished, part.run_id, correlation=plan.call_id)
        await activity.add_lines(tx.session, [of_run(fact, part.finished, part.run_id, by=tx.actor, at=clock.now())])
        await runs.keep_run(
            tx.session,
            Run(
                id=part.run_id,
                call_id=plan.call_id,
                kind=part.kind.value,
                cohort=plan.cohort,
                finished_at=clock.now(),
                committed_by=tx.actor,
                event=part.finished,
            ),
        )
        await runs.keep_inputs(tx.session, part.run_id, part.kept)
    await facts.leave_pool(tx.session, list(new))
    await facts.match_again(tx.session, [plan.call_id])
    await tx.changed("matching")
    await cases.save()
    await _end_choices(tx, plan)
    reserves = sum(len(part.reserves) for part in plan.parts)
    row = Cohort(
        call_id=plan.call_id,
        number=plan.cohort,
        committed_by=tx.actor,
        committed_at=clock.now(),
        ring=next((part.ring for part in plan.parts if part.ring is not None), None),
        pairs={proposal.application_id: proposal.seat_id for part in plan.parts for proposal in part.proposals},
        matches=new,
        runs={part.kind: part.run_id for part in plan.parts},
        unmatched=sum(len(part.receipts) - len(part.match_ids) for part in plan.parts),
        reserves=reserves if plan.with_reserves else None,
    )
    await cohorts.write(tx.session, row)
    return Committed.of(row)


def _broken(plan: CohortPlan, noted: Choices) -> int:
    """Return how many choices noted now a cohort would break: of people held back, or given another place."""
    seats = {proposal.application_id: proposal.seat_id for part in plan.parts for proposal in part.proposals}
    seats |= {proposal.application_id: proposal.seat_id for part in plan.parts for _, proposal in part.reserves}
    return sum(
        application_id in seats and choice.seat_id != seats[application_id] for application_id, choice in noted.items()
    )


async def _end_choices(tx: Tx, plan: CohortPlan) -> None:
    """Remove the choices that a cohort has carried out, and those for the people whom it proposes."""
    row = await drafts.draft(tx.session, plan.call_id)
    if row is None:
        return
    left = {
        application_id: choice
        for application_id, choice in row.choices.items()
        if application_id not in plan.applications and plan.choices.get(application_id) != choice
    }
    if not left:
        await drafts.remove(tx.session, plan.call_id)
    elif len(left) < len(row.choices):
        row.choices, row.changed_by, row.changed_at = left, tx.actor, clock.now()
        await drafts.write(tx.session, row)


async def _propose(cases: Transitions, part: Part, proposal: Proposal, clearance_wd: int) -> None:
    match_id = part.match_ids[proposal.application_id]
    if match_id in cases.matches:
        # It stood in reserve for this very place: what was cleared stays cleared.
        await cases.call_up(match_id, part.run_id, proposal.next_in_line, None)
    else:
        await cases.propose(_step(match_id, part, proposal, clearance_wd), None)


def _step(match_id: UUID, part: Part, proposal: Proposal, clearance_wd: int, *, reserve: bool = False) -> matches.Step:
    now, pairing = clock.now(), proposal.pairing
    return matches.propose(
        match_id,
        pairing,
        run_id=part.run_id,
        score=proposal.score,
        weeks=proposal.weeks,
        next_in_line=proposal.next_in_line,
        due=workdays.due(now, clearance_wd, Unit.WORKING_DAYS, pairing.country),
        now=now,
        ring=part.ring,
        reserve=reserve,
        override=part.reasons.get(proposal.application_id),
    )
