"""Turn the engine's result into the contracts' pairings, receipts and runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.matching.engine.groups.units import common_weeks
from services.matching.engine.problem.problem import ENGINE_VERSION
from services.matching.engine.rules.common_ground import terms as common_ground
from shared.contracts.base import DatePeriod
from shared.contracts.codes import ApplicationKind, CohortOption, Expertise, Objective, WishMissed
from shared.contracts.matches import Pairing
from shared.contracts.receipts import (
    ChangePart,
    Counterfactual,
    FunnelStep,
    MatchExplained,
    MissedWish,
    NoMatchExplained,
    PointsEarned,
)
from shared.contracts.runs import Certificate, FloorUnmet, GroupsPlaced, RankCount, RunFinished

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.matching.engine.explain.receipt import Receipt
    from services.matching.engine.explain.repairs import Counterfactual as Change
    from services.matching.engine.interventions.manual import Override
    from services.matching.engine.matching import Result
    from services.matching.engine.problem.problem import Candidate, Problem, Rules, Seat
    from services.matching.provisional.model.problem import Facts
    from shared.contracts.codes import Reason

_FRIDAY = timedelta(days=4)
WAITING_NAMED = 10
"""So many of those next in line are named with a match."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new pair with all that a proposed match publishes."""

    application_id: UUID
    seat_id: UUID
    pairing: Pairing
    score: int
    weeks: tuple[DatePeriod, ...]
    next_in_line: tuple[UUID, ...]


def order_by_hosts(result: Result) -> dict[UUID, int]:
    """Return by application how its seat orders it (greater is preferred), by the host's own order too."""
    problem = result.problem
    candidates = {candidate.id: candidate for candidate in problem.candidates}
    seats = {seat.id: seat for seat in problem.seats}
    return {
        UUID(pair.candidate_id): problem.rules.valued(
            pair.preference, seats[pair.seat_id].choice(candidates[pair.candidate_id])
        )
        for pair in result.pairs
    }


def proposals(facts: Facts, kind: ApplicationKind, result: Result) -> list[Proposal]:
    """Return the new pairs of a result, by application."""
    candidates = {candidate.id: candidate for candidate in result.problem.candidates}
    seats, rules = {seat.id: seat for seat in result.problem.seats}, result.problem.rules
    lines = {seat: result.next_in_line(seat)[:WAITING_NAMED] for seat in set(result.matching.values())}
    together: dict[tuple[str, str], list[Candidate]] = {}
    for pair in result.pairs:
        if group := candidates[pair.candidate_id].group_id:
            together.setdefault((group, pair.seat_id), []).append(candidates[pair.candidate_id])
    found = [
        _proposal(facts, kind, candidates[pair.candidate_id], seats[pair.seat_id], pair.gain, rules, lines)
        for pair in result.pairs
    ]
    for at, proposal in enumerate(found):
        mates = together.get((candidates[str(proposal.application_id)].group_id or "", str(proposal.seat_id)), ())
        weeks = common_weeks(mates, seats[str(proposal.seat_id)]) if len(mates) > 1 else None
        if weeks is not None:
            found[at] = replace(proposal, weeks=tuple(_week(week) for week in sorted(weeks)))
    return found


def _proposal(
    facts: Facts,
    kind: ApplicationKind,
    candidate: Candidate,
    seat: Seat,
    score: int,
    rules: Rules,
    lines: dict[str, tuple[str, ...]],
) -> Proposal:
    ground = common_ground(candidate, seat, rules)
    application_id, seat_id = UUID(candidate.id), UUID(seat.id)
    profile = facts.candidates[application_id]
    visit = kind is ApplicationKind.STUDY_VISIT
    pairing = Pairing(
        kind=kind,
        call_id=facts.call_id,
        application_id=application_id,
        offer_id=seat_id if visit else None,
        mentor_id=None if visit else seat_id,
        country=profile.country,
        organisation_id=profile.organisation_id,
        rank_group=profile.rank_group,
        host_country=seat.country,
        host_organisation_id=UUID(seat.organisation_id),
        # A mentor may leave topics and languages open: then the applicant's first wish stands.
        topic=ground.topic or next(iter(profile.topics), facts.terms.topics[0]),
        language=ground.language or next((spoken.language for spoken in profile.languages), "en"),
        fund_id=facts.terms.fund_id,
    )
    weeks = tuple(_week(week) for week in ground.weeks) if visit else ()
    line = tuple(UUID(application) for application in lines[seat.id] if application != candidate.id)
    return Proposal(application_id, seat_id, pairing, score, weeks, line)


def proposal_of(facts: Facts, kind: ApplicationKind, problem: Problem, found: Override) -> Proposal:
    """Return the pair that a coordinator makes by hand, as a proposed match publishes it."""
    option = found.receipt.match
    assert option is not None
    candidate = next(candidate for candidate in problem.candidates if candidate.id == found.receipt.candidate_id)
    seat = next(seat for seat in problem.seats if seat.id == option.seat_id)
    lines = {seat.id: found.line[:WAITING_NAMED]}
    return _proposal(facts, kind, candidate, seat, option.gain, problem.rules, lines)


def _week(monday: date) -> DatePeriod:
    return DatePeriod(start=monday, end=monday + _FRIDAY)


def matched(
    receipt: Receipt,
    proposal: Proposal,
    *,
    run_id: UUID,
    match_id: UUID,
    ring: int | None = None,
    override: Reason | None = None,
    plan: bool = False,
) -> MatchExplained:
    """Return the receipt of a match.

    `ring` counts the agencies of its ring; `override` is why a coordinator made it by hand. `plan` says that it is part
    of an option that the coordinator chose, which need not have the highest sum.
    """
    option, pairing = receipt.match, proposal.pairing
    assert option is not None
    return MatchExplained(
        run_id=run_id,
        call_id=pairing.call_id,
        kind=pairing.kind,
        considered=receipt.considered,
        feasible=receipt.feasible,
        funnel=funnel(receipt),
        group_size=receipt.together.size if receipt.together else None,
        group_feasible=receipt.together.feasible if receipt.together else None,
        floor_first=receipt.floor_first,
        match_id=match_id,
        offer_id=pairing.offer_id,
        mentor_id=pairing.mentor_id,
        score=option.gain,
        host_score=option.preference,
        rank=option.rank,
        host_rank=option.standing,
        points=tuple(
            PointsEarned(
                criterion=earned.criterion,
                applicant=earned.applicant,
                applicant_of=earned.applicant_of,
                host=earned.host,
                host_of=earned.host_of,
            )
            for earned in option.earned
        ),
        ring=ring,
        override=override,
        missed=None if ring or override else _missed(receipt, pairing.kind, plan=plan),
    )


def _missed(receipt: Receipt, kind: ApplicationKind, *, plan: bool) -> MissedWish | None:
    if receipt.missed is None:
        return None
    seat, visit = UUID(receipt.missed.seat_id), kind is ApplicationKind.STUDY_VISIT
    why = WishMissed.PLAN if plan and receipt.missed.why is WishMissed.HIGHEST_SUM else receipt.missed.why
    return MissedWish(why=why, offer_id=seat if visit else None, mentor_id=None if visit else seat)


def unmatched(receipt: Receipt, *, run_id: UUID, call_id: UUID, kind: ApplicationKind) -> NoMatchExplained:
    """Return the receipt of an application that found no place."""
    return NoMatchExplained(
        run_id=run_id,
        call_id=call_id,
        kind=kind,
        considered=receipt.considered,
        feasible=receipt.feasible,
        funnel=funnel(receipt),
        group_size=receipt.together.size if receipt.together else None,
        group_feasible=receipt.together.feasible if receipt.together else None,
        floor_first=receipt.floor_first,
        counterfactuals=tuple(_change(change, kind) for change in receipt.changes),
        waiting_place=receipt.waiting_place,
    )


def funnel(receipt: Receipt) -> tuple[FunnelStep, ...]:
    """Return what each hard rule left."""
    return tuple(FunnelStep(rule=step.rule, remaining=step.remaining) for step in receipt.funnel)


def stopping_rule(receipt: Receipt) -> str | None:
    """Return the hard rule that took the last place away; None if some were left, or there were none."""
    return next((step.rule.value for step in receipt.funnel if step.removed and not step.remaining), None)


def _change(change: Change, kind: ApplicationKind) -> Counterfactual:
    return Counterfactual(
        **_part(change, kind), beside=tuple(ChangePart(**_part(each, kind)) for each in change.beside)
    )


def _part(change: Change, kind: ApplicationKind) -> dict[str, Any]:
    """Return the fields of one change as the contract has them."""
    seat = UUID(change.at_seat_id or change.seat_id)
    visit = kind is ApplicationKind.STUDY_VISIT
    return {
        "change": change.change,
        "language": change.language,
        "from_level": change.from_level,
        "to_level": change.to_level,
        "count": change.count,
        "area": Expertise(change.area) if change.area else None,
        "topic": change.topic,
        "period": _week(change.week) if change.week else None,
        "country": change.country,
        "offer_id": seat if visit else None,
        "mentor_id": None if visit else seat,
    }


def run_finished(
    facts: Facts,
    kind: ApplicationKind,
    result: Result,
    *,
    ranks: Sequence[int],
    started_at: datetime,
    ring: UUID | None = None,
    option: CohortOption | None = None,
) -> RunFinished:
    """Return the event about the run of a committed cohort.

    `ranks` says of each pair that was proposed which choice of its officer it is. `option` is the option that was
    committed in place of the provisional matches.
    """
    problem, groups = result.problem, result.groups_price
    return RunFinished(
        call_id=facts.call_id,
        kind=kind,
        objective=_objective(facts, option),
        cohort=facts.cohort + 1,
        rules_version=facts.terms.revision,
        seed=result.seed,
        code_version=ENGINE_VERSION,
        inputs=result.digest,
        started_at=started_at,
        applications=len(problem.candidates),
        capacity=sum(seat.capacity for seat in problem.seats if seat.available),
        feasible_pairs=result.feasible_pairs,
        matched=len(ranks),
        unmatched=len(problem.candidates) - len(ranks),
        score=result.prices.total,
        blocking_pairs=result.prices.blocking_pairs,
        of_best_ppm=result.prices.of_best_ppm,
        certificate=Certificate(bound=result.prices.best, valid=result.prices.proven),
        ranks=tuple(RankCount(rank=rank, applicants=count) for rank, count in sorted(Counter(ranks).items())),
        floors_unmet=tuple(
            FloorUnmet(country=floor.country, floor=floor.floor, placed=floor.placed, cause=floor.cause)
            for floor in result.floors
        ),
        ring=ring,
        option=option,
        exchanged=result.exchanged if ring is None else None,
        groups=GroupsPlaced(**asdict(groups)) if groups else None,
    )


def _objective(facts: Facts, option: CohortOption | None) -> Objective:
    """Return what a run aimed at: every option but the stable one seeks points, some within limits."""
    if option is None:
        return facts.terms.objective
    return Objective.STABLE if option is CohortOption.STABLE else Objective.MOST_GOOD
