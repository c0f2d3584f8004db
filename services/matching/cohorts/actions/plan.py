"""Compute everything that a cohort will commit, as plain data that can be passed between processes.

Ids of runs and matches are made here too, so that the transaction only has to write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.matching.cohorts.model import NO_CHOICES, KeptProblem, NotFit, Why, pairs_by_hand, rerun
from services.matching.engine.interventions.manual import NotPossible
from services.matching.lifecycle.model.match import UNCONFIRMED
from services.matching.options.model import BETWEEN, CohortOptionResult, results_of
from services.matching.provisional.model.problem import companions, from_scratch, in_reserve, solve
from services.matching.provisional.model.results import (
    Proposal,
    matched,
    order_by_hosts,
    proposals,
    run_finished,
    unmatched,
)
from shared.contracts.codes import CohortOption
from shared.contracts.receipts import MatchExplained
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from services.matching.cohorts.model import Choices, Rerun
    from services.matching.engine.matching import Result
    from services.matching.provisional.model.problem import Facts
    from services.matching.provisional.snapshot import Snapshot
    from shared.contracts.codes import ApplicationKind, Reason
    from shared.contracts.receipts import NoMatchExplained
    from shared.contracts.runs import RunFinished

Step = Callable[[int], None]

MATCHING, EXPLAINING, TWENTIETHS = 1, 2, 20
WRITING = EXPLAINING + TWENTIETHS
"""Steps: 0 reads the facts, 1 matches, then each twentieth of the receipts, and at last all is written."""

_PLANS = frozenset({*BETWEEN, CohortOption.EVEN})
"""The options whose matches need not have the highest sum."""


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a cohort of one kind; with `ring` its pairs are an exchange ring of that id.

    `match_ids` has the match of each proposed application: a new one, or the reserve that it already held for the same
    place. `receipts` are those of the proposed, of all without a place and of those held back; `reserves` are to be
    cleared beforehand, each with the id of its match, the next in line first. `reasons` are those of the places that a
    coordinator gave by hand.
    """

    kind: ApplicationKind
    run_id: UUID
    proposals: Sequence[Proposal]
    match_ids: Mapping[UUID, UUID]
    receipts: Mapping[UUID, MatchExplained | NoMatchExplained]
    finished: RunFinished
    kept: KeptProblem
    ring: UUID | None = None
    reserves: Sequence[tuple[UUID, Proposal]] = ()
    reasons: Mapping[UUID, Reason] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CohortPlan:
    """A cohort computed from the facts of `version`, to be written while that is still the call's version.

    `with_reserves` says that reserves were asked for, even if nobody can be one. It carries out these `choices`.
    """

    version: int
    call_id: UUID
    cohort: int
    clearance_wd: int
    parts: Sequence[Part]
    with_reserves: bool = False
    choices: Choices = field(default_factory=dict)

    @classmethod
    def of(
        cls, snapshot: Snapshot, parts: Sequence[Part], *, with_reserves: bool = False, choices: Choices = NO_CHOICES
    ) -> CohortPlan:
        """Return these parts as the next cohort of a call."""
        facts = snapshot.facts
        clearance = facts.terms.timers.clearance_wd
        return cls(snapshot.version, facts.call_id, facts.cohort + 1, clearance, parts, with_reserves, dict(choices))

    @property
    def applications(self) -> set[UUID]:
        """Return the applications that are proposed, as a match or as a reserve."""
        return {application_id for part in self.parts for application_id in part.match_ids} | {
            proposal.application_id for part in self.parts for _, proposal in part.reserves
        }


def work_out(
    snapshot: Snapshot,
    chosen: Mapping[UUID, UUID] | None,
    effort: int,
    step: Step,
    *,
    reserves: bool = False,
    option: CohortOptionResult | None = None,
    choices: Choices = NO_CHOICES,
) -> CohortPlan:
    """Return the runs of a cohort with all receipts: the long part, outside any transaction. Raises `NotFit`.

    `chosen` maps applications to the offer or mentor that was seen for each (None: all); `step` is called with the
    progress. With `reserves` the next in line for each place are to be cleared beforehand. The call is matched with the
    coordinator's `choices`. An `option` is committed as a whole, in place of the provisional matches and without
    choices. Receipts of one between stable and highest sum, or of a kind with a place given by hand, name no change
    that would have been enough, because none can be proven by a run.
    """
    facts, started_at = snapshot.facts, clock.now()
    if not snapshot.open:
        raise NotFit(Why.CLOSED)
    if chosen is not None and any(companions(facts, application_id) - chosen.keys() for application_id in chosen):
        raise NotFit(Why.SPLIT)
    step(MATCHING)
    found: dict[UUID, UUID] = {}
    parts_to_plan: list[tuple[ApplicationKind, Result, list[Proposal]]] = []
    results, matched_with = _results(facts, option, choices)
    without = solve(facts) if choices else results
    for kind, result in results.items():
        pairs = proposals(facts, kind, result)
        found |= {pair.application_id: pair.seat_id for pair in pairs}
        picked = [pair for pair in pairs if chosen is None or pair.application_id in chosen]
        held_back = matched_with is not None and any(
            str(application_id) in without[kind].candidate_ids for application_id in matched_with.held_back
        )
        if picked or held_back or (not chosen and result.unmatched):
            parts_to_plan.append((kind, result, picked))
    # Before the receipts, which take longest: who is refused hears it at once.
    if chosen is not None:
        _check_seen(chosen, found)
    if option is not None and chosen is not None and len(chosen) < len(found):
        raise NotFit(Why.MOVED, len(found) - len(chosen))
    if not parts_to_plan:
        raise NotFit(Why.NOBODY)

    def by_hand(result: Result) -> bool:
        return matched_with is not None and bool(matched_with.pins(result))

    tell = _twentieths(sum(len(picked) + len(result.unmatched) for _, result, picked in parts_to_plan), step)
    parts = [
        with_choices(
            part_of(
                facts,
                kind,
                result,
                picked,
                result.unmatched,
                effort=0 if by_hand(result) or (option is not None and option.option in BETWEEN) else effort,
                started_at=started_at,
                explained=tell,
                option=None if option is None else option.option,
                planned=by_hand(result),
            ),
            facts,
            matched_with,
            without[kind],
        )
        for kind, result, picked in parts_to_plan
    ]
    if reserves:
        parts = [
            replace(part, reserves=[(new_id(), proposal) for proposal in reserves_of(facts, kind, result, picked)])
            for part, (kind, result, picked) in zip(parts, parts_to_plan, strict=True)
        ]
    return CohortPlan.of(snapshot, parts, with_reserves=reserves, choices=choices)


def _results(
    facts: Facts, option: CohortOptionResult | None, choices: Choices
) -> tuple[Mapping[ApplicationKind, Result], Rerun | None]:
    """Return the results that a cohort commits: those of an option, or a rerun with the choices. Raises `NotFit`."""
    if option is None:
        found = rerun(facts, choices)
        if found.impossible:
            raise NotFit(Why.CHOICE, len(found.impossible))
        return found.results, found
    try:
        return results_of(facts, option), None
    except NotPossible as changed:
        raise NotFit(Why.OLD) from changed


def _check_seen(chosen: Mapping[UUID, UUID], found: Mapping[UUID, UUID]) -> None:
    """Raise `NotFit` where the matches found are not those that were seen."""
    moved = [application_id for application_id, seat in chosen.items() if found.get(application_id) != seat]
    if moved:
        raise NotFit(Why.MOVED, len(moved))
    if found and not chosen:
        raise NotFit(Why.UNSEEN, len(found))


def reserves_of(facts: Facts, kind: ApplicationKind, result: Result, picked: Sequence[Proposal]) -> list[Proposal]:
    """Return who is to be cleared beforehand, by place, in the order of the host's preference.

    There are as many as the call says for each unconfirmed match, including this cohort's (`picked`), less the present
    reserves. They are matched as in any run, among single applicants without a place, each once. Shares and quotas are
    checked when a reserve is called up: before that, nobody knows whose place falls free.
    """
    standing = in_reserve(facts)
    places = Counter(match.seat_id for match in facts.matches if match.takes_place and match.state in UNCONFIRMED)
    places.update(proposal.seat_id for proposal in picked)
    there = Counter(match.seat_id for match in standing.values())
    wanted = {str(seat): facts.terms.reserves * count - there[seat] for seat, count in places.items()}
    unmatched, problem = set(result.unmatched), result.problem
    found = from_scratch(
        replace(
            problem,
            candidates=tuple(
                candidate
                for candidate in problem.candidates
                if candidate.id in unmatched and candidate.group_id is None and UUID(candidate.id) not in standing
            ),
            seats=tuple(
                replace(seat, capacity=wanted[seat.id]) for seat in problem.seats if wanted.get(seat.id, 0) > 0
            ),
            fixed=(),
            rules=replace(problem.rules, share=100, ceilings={}, floors={}),
        )
    )
    preferred = order_by_hosts(found)
    return sorted(
        proposals(facts, kind, found),
        key=lambda proposal: (proposal.seat_id, -preferred[proposal.application_id], proposal.application_id),
    )


def part_of(
    facts: Facts,
    kind: ApplicationKind,
    result: Result,
    picked: Sequence[Proposal],
    left: Iterable[str],
    *,
    effort: int,
    started_at: datetime,
    ring: tuple[UUID, Mapping[UUID, UUID]] | None = None,
    explained: Callable[[], None] = lambda: None,
    option: CohortOption | None = None,
    planned: bool = False,
) -> Part:
    """Return one kind of a cohort: the pairs `picked` and the candidates `left` without a place, each with its receipt.

    `ring` is the id of an exchange ring, whose pairs were made by hand; `explained` is called for each receipt.
    `option` is the option that the coordinator chose in place of the provisional matches; `planned` says that places
    were given by hand, so that a lower wish need not follow from the aim of the call.
    """
    run_id, match_ids = new_id(), {proposal.application_id: new_id() for proposal in picked}
    if ring is None:
        standing = in_reserve(facts)
        for proposal in picked:
            reserve = standing.get(proposal.application_id)
            if reserve is not None and reserve.seat_id == proposal.seat_id:
                match_ids[proposal.application_id] = reserve.id
    receipts: dict[UUID, MatchExplained | NoMatchExplained] = {}
    ranks: list[int] = []
    for proposal in picked:
        receipt = result.receipt(str(proposal.application_id), effort=effort)
        match_id, size = match_ids[proposal.application_id], len(picked) if ring else None
        explanation = matched(
            receipt, proposal, run_id=run_id, match_id=match_id, ring=size, plan=planned or option in _PLANS
        )
        receipts[proposal.application_id] = explanation
        ranks.append(explanation.rank)
        explained()
    for candidate_id in left:
        receipt = result.receipt(candidate_id, effort=effort)
        receipts[UUID(candidate_id)] = unmatched(receipt, run_id=run_id, call_id=facts.call_id, kind=kind)
        explained()
    ring_id, overrides = ring or (None, {})
    if option in BETWEEN:
        # No run of the engine gives these pairs, so each is kept as one that was made by hand.
        overrides = {UUID(candidate): UUID(seat) for candidate, seat in result.matching.items()}
    return Part(
        kind=kind,
        run_id=run_id,
        proposals=picked,
        match_ids=match_ids,
        receipts=receipts,
        finished=run_finished(facts, kind, result, ranks=ranks, started_at=started_at, ring=ring_id, option=option),
        kept=KeptProblem.of(result, {str(application_id): str(seat) for application_id, seat in overrides.items()}),
        ring=ring_id,
    )


def with_choices(part: Part, facts: Facts, matched_with: Rerun | None, without: Result) -> Part:
    """Return a part of a cohort whose receipts say what a coordinator decided, and what that changed for others.

    `without` is the matching of that kind without the choices.
    """
    if matched_with is None or not (matched_with.given or matched_with.held_back):
        return part
    reasons = {
        application_id: choice.reason
        for application_id, choice in matched_with.given.items()
        if application_id in part.match_ids
    }
    receipts = dict(part.receipts)
    for application_id, receipt in part.receipts.items():
        seat = receipt.offer_id or receipt.mentor_id if isinstance(receipt, MatchExplained) else None
        if application_id in reasons:
            changed: dict[str, Any] = {"override": reasons[application_id], "missed": None}
            if (size := len(companions(facts, application_id))) > 1:
                changed["group_size"] = size
        else:
            changed = {"changed_by_hand": without.matching.get(str(application_id)) != (str(seat) if seat else None)}
        receipts[application_id] = receipt.model_copy(update=changed)
    for application_id, choice in matched_with.held_back.items():
        if str(application_id) in without.candidate_ids:
            receipt = unmatched(
                without.receipt(str(application_id), effort=0),
                run_id=part.run_id,
                call_id=facts.call_id,
                kind=part.kind,
            )
            said = {"counterfactuals": (), "waiting_place": None, "held_back": choice.reason}
            receipts[application_id] = receipt.model_copy(update=said)
    by_hand = pairs_by_hand(matched_with.given, without.candidate_ids)
    return replace(part, receipts=receipts, reasons=reasons, kept=replace(part.kept, overrides=by_hand))


def _twentieths(total: int, step: Step) -> Callable[[], None]:
    """Return what to call after each of `total` receipts, so that `step` is called for each twentieth."""
    done, newest = 0, -1

    def one_more() -> None:
        nonlocal done, newest
        at = EXPLAINING + TWENTIETHS * done // total
        done += 1
        if at != newest:
            newest = at
            step(at)

    return one_more
