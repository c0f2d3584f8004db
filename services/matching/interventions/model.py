"""Compare the matching of a call under its own terms with that under other terms.

Both are computed from the same facts, so that only the terms differ. Whether an officer is better off is judged by the
officer's own order under the call's present terms: points under different weights cannot be compared.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.matching.engine.layers import run_layers
from services.matching.engine.matching import Result
from services.matching.engine.problem.problem import ENGINE_VERSION, WEIGHTS, Problem
from services.matching.provisional.model.problem import Facts, solve, weights_of
from services.matching.provisional.model.results import stopping_rule
from shared.contracts.calls import CallTerms, CountryQuota, CriterionWeight
from shared.contracts.codes import ApplicationKind, Objective, TieBreak, Wishes

if TYPE_CHECKING:
    from services.matching.engine.problem.problem import Candidate

STEPS = 5
"""The number of steps of a comparison; `compare` reports each as it begins."""

Step = Callable[[int], None]
Results = Mapping[ApplicationKind, Result]


class Basis(StrEnum):
    """The facts from which a call is matched again."""

    NOW = "now"
    START = "start"


class WhatIfState(StrEnum):
    """The state of a what-if."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class OtherTerms(BaseModel):
    """The terms of a call that affect its matching; those left out stay as the call has them.

    `weights` and `quotas` replace those of the call as a whole.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    objective: Objective | None = None
    wishes: Wishes | None = None
    ties: TieBreak | None = None
    share_of_offer: Annotated[int, Field(ge=1, le=100)] | None = None
    weights: tuple[CriterionWeight, ...] | None = None
    quotas: tuple[CountryQuota, ...] | None = None
    minimum_days: Annotated[int, Field(ge=1, le=5)] | None = None
    notice_weeks: Annotated[int, Field(ge=0, le=52)] | None = None

    def applied(self, terms: CallTerms) -> CallTerms:
        """Return the call's terms with these in their place."""
        values = {
            name: value
            for name in ("objective", "wishes", "ties", "share_of_offer", "weights", "quotas", "minimum_days")
            if (value := getattr(self, name)) is not None
        }
        if self.notice_weeks is not None:
            values["timers"] = terms.timers.model_copy(update={"notice_weeks": self.notice_weeks})
        return terms.model_copy(update=values)


def in_full(terms: CallTerms) -> OtherTerms:
    """Return all terms of a call that affect its matching, with default weights written out."""
    own = {criterion: (weight.applicant, weight.host) for criterion, weight in weights_of(terms).items()}
    return OtherTerms(
        objective=terms.objective,
        wishes=terms.wishes,
        ties=terms.ties,
        share_of_offer=terms.share_of_offer,
        weights=tuple(
            CriterionWeight(
                criterion=criterion, applicant=own.get(criterion, (0, 0))[0], host=own.get(criterion, (0, 0))[1]
            )
            for criterion in WEIGHTS
        ),
        quotas=tuple(sorted(terms.quotas, key=lambda quota: quota.country)),
        minimum_days=terms.minimum_days,
        notice_weeks=terms.timers.notice_weeks,
    )


class Effect(StrEnum):
    """The effect of other terms on an officer.

    A place or none, a better or worse one, or one that the terms now forbid.
    """

    GAINED = "gained"
    LOST = "lost"
    BETTER = "better"
    WORSE = "worse"
    OTHER = "other"


class ComparedSide(BaseModel):
    """The matching of one kind under one set of terms, with both prices and how many obtained which choice.

    If the best sum is not `proven`, `of_best_ppm` is its lower bound.
    """

    kind: ApplicationKind
    applications: int
    places: int
    feasible_pairs: int
    matched: int
    score: int
    blocking_pairs: int
    of_best_ppm: int
    proven: bool
    ranks: tuple[tuple[int, int], ...]
    floors_unmet: tuple[tuple[str, int], ...]
    seed: str
    digest: str


class GroupChange(BaseModel):
    """The number of a country, service or rank group with a place before and after, and of those who won or lost."""

    code: str
    before: int = 0
    after: int = 0
    gained: int = 0
    lost: int = 0
    better: int = 0
    worse: int = 0
    other: int = 0


class MovedApplication(BaseModel):
    """One application for which the terms make a difference; `why` and `rule` say what keeps a loser from a place."""

    application_id: UUID
    how: Effect
    before: UUID | None = None
    after: UUID | None = None
    why: str | None = None
    rule: str | None = None


class Comparison(BaseModel):
    """A comparison: the call's own terms (`before`) and the others (`after`), and who wins or loses by them."""

    engine: str
    day: str
    before: tuple[ComparedSide, ...]
    after: tuple[ComparedSide, ...]
    countries: tuple[GroupChange, ...]
    services: tuple[GroupChange, ...]
    rank_groups: tuple[GroupChange, ...]
    moved: tuple[MovedApplication, ...]
    moved_in_all: int
    digest: str


def compare(facts: Facts, other: OtherTerms, step: Step = lambda _: None) -> Comparison:
    """Match the same facts under the call's terms and under the others.

    `step` is called with 1 to `STEPS` as each begins.
    """
    step(1)
    own = solve(facts)
    step(2)
    before = tuple(_side(kind, result) for kind, result in own.items())
    step(3)
    theirs = solve(replace(facts, terms=other.applied(facts.terms)))
    step(4)
    after = tuple(_side(kind, result) for kind, result in theirs.items())
    step(5)
    moved = [application for kind in own for application in _moved(own[kind], theirs[kind])]
    people = [candidate for result in own.values() for candidate in result.problem.candidates]
    return Comparison(
        engine=ENGINE_VERSION,
        day=facts.day.isoformat(),
        before=before,
        after=after,
        countries=_groups(people, own, theirs, moved, lambda candidate: candidate.country),
        services=_groups(people, own, theirs, moved, lambda candidate: candidate.service or ""),
        rank_groups=_groups(people, own, theirs, moved, lambda candidate: candidate.rank_group.value),
        moved=tuple(moved),
        moved_in_all=len(moved),
        digest=hashlib.sha256("".join(side.digest for side in (*before, *after)).encode()).hexdigest(),
    )


def _side(kind: ApplicationKind, result: Result) -> ComparedSide:
    problem, prices = result.problem, result.prices
    return ComparedSide(
        kind=kind,
        applications=len(problem.candidates),
        places=sum(seat.capacity for seat in problem.seats if seat.available),
        feasible_pairs=result.feasible_pairs,
        matched=len(result.pairs),
        score=prices.total,
        blocking_pairs=prices.blocking_pairs,
        of_best_ppm=prices.of_best_ppm,
        proven=prices.proven,
        ranks=tuple(result.ranks.items()),
        floors_unmet=tuple(sorted(result.unmet_floors.items())),
        seed=result.seed,
        digest=result.digest,
    )


def _moved(own: Result, theirs: Result) -> list[MovedApplication]:
    """Return the applications for which it makes a difference.

    Losers first, then winners, then the rest, each by id.
    """
    found: list[MovedApplication] = []
    for candidate in own.problem.candidates:
        before, after = own.matching.get(candidate.id), theirs.matching.get(candidate.id)
        if before == after:
            continue
        how = (
            Effect.GAINED
            if before is None
            else Effect.LOST
            if after is None
            else _prefers(own.problem, candidate, before, after or "")
        )
        moved = MovedApplication(
            application_id=UUID(candidate.id),
            how=how,
            before=UUID(before) if before else None,
            after=UUID(after) if after else None,
        )
        if how is Effect.LOST:
            receipt = theirs.receipt(candidate.id, effort=0)
            moved.why, moved.rule = receipt.why.value, stopping_rule(receipt)
        found.append(moved)
    order = {
        how: place for place, how in enumerate((Effect.LOST, Effect.WORSE, Effect.GAINED, Effect.BETTER, Effect.OTHER))
    }
    return sorted(found, key=lambda application: (order[application.how], application.application_id))


def _prefers(problem: Problem, candidate: Candidate, before: str, after: str) -> Effect:
    """Return which of the two places the officer prefers under the call's own terms, leaving everybody else aside."""
    seats = tuple(seat for seat in problem.seats if seat.id in {before, after})
    alone = run_layers(
        replace(
            problem,
            candidates=(replace(candidate, group_id=None),),
            seats=seats,
            fixed=(),
            rules=replace(problem.rules, objective=Objective.STABLE, ceilings={}, floors={}),
        )
    )
    if alone.feasible_pairs < 2:
        return Effect.OTHER
    return Effect.BETTER if alone.matching.get(candidate.id) == after else Effect.WORSE


@dataclass(slots=True)
class _Counts:
    before: Counter[str]
    after: Counter[str]
    how: Mapping[Effect, Counter[str]]


def _groups(
    people: Sequence[Candidate],
    own: Results,
    theirs: Results,
    moved: Sequence[MovedApplication],
    of: Callable[[Candidate], str],
) -> tuple[GroupChange, ...]:
    """Return the counts of each group that has any members, by its code."""
    group = {candidate.id: of(candidate) for candidate in people}
    counts = _Counts(
        before=Counter(group[candidate_id] for result in own.values() for candidate_id in result.matching),
        after=Counter(group[candidate_id] for result in theirs.values() for candidate_id in result.matching),
        how={
            how: Counter(group[str(application.application_id)] for application in moved if application.how is how)
            for how in Effect
        },
    )
    return tuple(
        GroupChange(
            code=code,
            before=counts.before[code],
            after=counts.after[code],
            **{how.value: counts.how[how][code] for how in Effect},
        )
        for code in sorted(set(group.values()))
    )
