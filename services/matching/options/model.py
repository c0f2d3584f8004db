"""Work out the options of a cohort from the facts of a call, and compare each with the present plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.matching.engine.interventions.manual import NotPossible
from services.matching.engine.market.market import Market
from services.matching.engine.options.options import SECONDS, Options
from services.matching.engine.options.refusals import refusals
from services.matching.engine.problem.digest import digest
from services.matching.provisional.model.problem import KINDS, Facts, each_kind, fixed_pairs, solve
from services.matching.provisional.model.problem import problem as problem_of
from shared.contracts.codes import ApplicationKind, CohortOption, Objective

if TYPE_CHECKING:
    from services.matching.engine.matching import Pair, Result
    from services.matching.engine.options.options import Option
    from services.matching.engine.problem.problem import Problem

BETWEEN = (CohortOption.TENTH, CohortOption.QUARTER, CohortOption.HALF)
_ENDS = (CohortOption.STABLE, CohortOption.HIGHEST_SUM)
ORDER = (CohortOption.STABLE, *BETWEEN, CohortOption.HIGHEST_SUM, CohortOption.EVEN)
PARTS = 20
"""The parts of a step: one for each second that it takes, the last for all that remain."""
STEPS = 2 * len(ORDER) * PARTS
"""The parts of a calculation: each option is found, and then tried with refusals."""

Step = Callable[[int], None]


class Progress:
    """Counts the parts of a calculation that are done, by the steps that begin and by `now` (seconds) in between.

    The search for an option is bounded by time, so that time says how much of a step is done.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now, self._step, self._since = now, 0, now()

    def reached(self, step: int) -> int:
        """Return the parts that are done; `step` is the one under way."""
        moment = self._now()
        if step != self._step:
            self._step, self._since = step, moment
        return step * PARTS + min(PARTS - 1, int(moment - self._since))


class OptionsState(StrEnum):
    """The state of a calculation of options."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class OptionEffect(StrEnum):
    """The effect of an option on an officer, beside the present plan."""

    LOST = "lost"
    WORSE = "worse"
    GAINED = "gained"
    BETTER = "better"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class GroupRate(_Part):
    """A country or service: how many applications look for a place, and how many have one."""

    code: str
    applications: int
    matched: int


class OptionMove(_Part):
    """An application that has another place than in the present plan, or one more or less."""

    application_id: UUID
    effect: OptionEffect
    before: UUID | None
    after: UUID | None


class RefusalTrial(_Part):
    """The outcome of draws in which `percent` of the matched (`refused` of them) refuse.

    `mean_left` and `worst_left` are the filled places after reserves have moved up, `mean_called` and `most_called`
    those reserves; the means are in tenths. `most_at_a_place` is the most reserves that one place needs in any draw.
    """

    percent: int
    draws: int
    refused: int
    mean_left: int
    worst_left: int
    mean_called: int
    most_called: int
    most_at_a_place: int


class CohortOptionResult(_Part):
    """One option with its measures and pairs.

    No matching with at most `allowed` blocking pairs (null: any number) has a sum above `bound` (null: not sought).
    `least_ppm` is the match rate that every country reaches which can. `digests` are those of the problems of each
    kind, and `floors` the least numbers by country that an option for equal chances sets.
    """

    option: CohortOption
    total: int
    bound: int | None
    allowed: int | None
    matched: int
    first_wishes: int
    blocking: int
    least_ppm: int | None
    countries: tuple[GroupRate, ...]
    services: tuple[GroupRate, ...]
    refusals: tuple[RefusalTrial, ...]
    moved: tuple[OptionMove, ...]
    pairs: dict[UUID, UUID]
    digests: dict[ApplicationKind, str]
    floors: dict[ApplicationKind, dict[str, int]]

    @property
    def gap_ppm(self) -> int | None:
        """By how much the highest sum that is allowed may exceed this one, in parts per million of it."""
        if self.bound is None or not self.bound:
            return None
        return -(-1_000_000 * max(0, self.bound - self.total) // self.bound)


class ChosenOption(_Part):
    """One option of a calculation, to be committed."""

    options_id: UUID
    option: CohortOption


class OptionsOutcome(_Part):
    """The options of a cohort: how many look for a place, the places, and the options from stable to highest sum."""

    day: str
    applications: int
    places: int
    options: tuple[CohortOptionResult, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """An option of one kind of application."""

    posed: Problem
    option: Option

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return self.option.result.pairs


def compute(facts: Facts, step: Step = lambda _: None, *, seconds: float = SECONDS) -> OptionsOutcome:
    """Return the options of a call's next cohort; `step` is called as each begins."""
    present = {UUID(pair.candidate_id): UUID(pair.seat_id) for each in solve(facts).values() for pair in each.pairs}
    posed, finders = _posed(facts), dict[str, Options]()
    found: dict[CohortOption, dict[ApplicationKind, _Found]] = {}
    for number, kind in enumerate((*_ENDS, *(kind for kind in ORDER if kind not in _ENDS))):
        step(number)
        of_kinds = each_kind(posed, partial(_find, finders, kind, seconds))
        if all(each.option.kind is not kind for each in of_kinds.values()):
            continue
        # One that is the same as an end is that end, with all that is known of it.
        if all(_pairs(of_kinds) != _pairs(other) for other in found.values()):
            found[kind] = of_kinds
    results = []
    kept = [kind for kind in ORDER if kind in found]
    for number, kind in enumerate(kept):
        step(len(ORDER) + number)
        results.append(_result(kind, found[kind], present))
    first = [each.posed for each in found[kept[0]].values()] if kept else []
    return OptionsOutcome(
        day=facts.day.isoformat(),
        applications=sum(len(problem.candidates) for problem in first),
        places=sum(seat.capacity for problem in first for seat in problem.seats if seat.available),
        options=tuple(results),
    )


def size_of(facts: Facts) -> tuple[int, int]:
    """Return how many applications look for a place, and how many places there are."""
    fixed = fixed_pairs(facts)
    problems = [problem_of(_posed(facts), kind, fixed) for kind in KINDS if kind in facts.terms.kinds]
    return (
        sum(len(problem.candidates) for problem in problems),
        sum(seat.capacity for problem in problems for seat in problem.seats if seat.available),
    )


def results_of(facts: Facts, option: CohortOptionResult) -> dict[ApplicationKind, Result]:
    """Return the results of an option that was found before. Raises `NotPossible` if the facts give another problem."""

    def restored(kind: ApplicationKind, problem: Problem) -> Result:
        if option.digests.get(kind) != digest(problem):
            raise NotPossible("", "")
        mine = {candidate.id for candidate in problem.candidates}
        matching = {str(name): str(seat) for name, seat in option.pairs.items() if str(name) in mine}
        return Options(problem).restored(option.option, matching, option.floors.get(kind, {}))

    return each_kind(_posed(facts), restored)


def _posed(facts: Facts) -> Facts:
    """Return the facts with the weights of the highest sum, so that all options count the same points.

    A first participation that the call puts first then counts so much for every option; hosts order as before.
    """
    return replace(facts, terms=facts.terms.model_copy(update={"objective": Objective.MOST_GOOD}))


def _find(
    finders: dict[str, Options], kind: CohortOption, seconds: float, _: ApplicationKind, problem: Problem
) -> _Found:
    options = finders.setdefault(digest(problem), Options(problem, seconds))
    instead = CohortOption.HIGHEST_SUM if kind is CohortOption.EVEN else CohortOption.STABLE
    option = options.option(kind)
    if option is None:
        other, highest = options.option(instead), options.option(CohortOption.HIGHEST_SUM)
        assert other is not None
        assert highest is not None
        option = replace(other, bound=highest.bound)
    return _Found(problem, option)


def _pairs(of_kinds: Mapping[ApplicationKind, _Found]) -> dict[UUID, UUID]:
    return {UUID(pair.candidate_id): UUID(pair.seat_id) for each in of_kinds.values() for pair in each.pairs}


def _result(
    kind: CohortOption, of_kinds: Mapping[ApplicationKind, _Found], present: Mapping[UUID, UUID]
) -> CohortOptionResult:
    options = [each.option for each in of_kinds.values()]
    allowed = [option.allowed for option in options if option.allowed is not None]
    # Each kind's bound holds for its own limit: together they might share the blocking pairs out in another way.
    shared = bool(allowed) and len(options) > 1
    bounds = [None if shared else option.bound for option in options]
    rates = [option.least_ppm for option in options if option.least_ppm is not None]
    return CohortOptionResult(
        option=kind,
        total=sum(option.total for option in options),
        bound=None if None in bounds else sum(bound or 0 for bound in bounds),
        allowed=sum(allowed) if allowed else None,
        matched=sum(len(option.result.pairs) for option in options),
        first_wishes=sum(option.first_wishes for option in options),
        blocking=sum(option.blocking for option in options),
        least_ppm=min(rates) if rates else None,
        countries=_rates([option.countries for option in options]),
        services=_rates([option.services for option in options]),
        refusals=_refused([option.result for option in options]),
        moved=tuple(moved for option in options for moved in _moved(option.result, present)),
        pairs=_pairs(of_kinds),
        digests={application_kind: digest(each.posed) for application_kind, each in of_kinds.items()},
        floors={
            application_kind: dict(each.option.result.problem.rules.floors)
            for application_kind, each in of_kinds.items()
        },
    )


def _rates(groups: Sequence[Sequence[object]]) -> tuple[GroupRate, ...]:
    people, matched = Counter[str](), Counter[str]()
    for group in (each for some in groups for each in some):
        rate = GroupRate.model_validate(group, from_attributes=True)
        people[rate.code] += rate.applications
        matched[rate.code] += rate.matched
    return tuple(GroupRate(code=code, applications=people[code], matched=matched[code]) for code in sorted(people))


def _refused(results: Sequence[Result]) -> tuple[RefusalTrial, ...]:
    """Return the trials of all kinds together; the worst of each kind are taken to come together."""
    trials = [refusals(result) for result in results if result.pairs]
    return tuple(
        RefusalTrial(
            percent=same[0].percent,
            draws=same[0].draws,
            refused=sum(each.refused for each in same),
            mean_left=sum(each.mean_left for each in same),
            worst_left=sum(each.worst_left for each in same),
            mean_called=sum(each.mean_called for each in same),
            most_called=sum(each.most_called for each in same),
            most_at_a_place=max(each.most_at_a_place for each in same),
        )
        for same in zip(*trials, strict=True)
    )


def _moved(result: Result, present: Mapping[UUID, UUID]) -> list[OptionMove]:
    """Return whose place differs from the present plan: losers first, then winners, each by id."""
    market, found = Market(result.problem), list[OptionMove]()
    for number, candidate in enumerate(market.candidates):
        application_id = UUID(candidate.id)
        before, after = present.get(application_id), result.matching.get(candidate.id)
        if before == (None if after is None else UUID(after)):
            continue
        seats = [market.seats[seat].id for seat in market.row(number).seats]
        if after is None:
            effect = OptionEffect.LOST
        elif before is None:
            effect = OptionEffect.GAINED
        else:
            better = str(before) in seats and seats.index(after) > seats.index(str(before))
            effect = OptionEffect.WORSE if better else OptionEffect.BETTER
        found.append(
            OptionMove(
                application_id=application_id, effect=effect, before=before, after=UUID(after) if after else None
            )
        )
    order = list(OptionEffect)
    return sorted(found, key=lambda moved: (order.index(moved.effect), moved.application_id))
