"""What is the smallest change that would have matched a candidate who got no seat?

Changes are tried from the smallest on, and each that is told has been run through the engine; those of one size are
tried together, and the first size at which any holds ends the search. An exclusion stays in force in every run, so
that a confidential one never shows by what would be enough.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from typing import Any

from services.matching.engine.market import Market, Row
from services.matching.engine.problem import Candidate, Skill
from services.matching.engine.solution import solve
from services.matching.engine.stable import Admissions, admissions
from services.matching.engine.weeks import WEEK
from shared.contracts.codes import Change, HardRule, LanguageLevel, Objective

_SIZES = (1, 2, 3)
_SEATS_TRIED = 4
_LEVELS = tuple(LanguageLevel)
_BEFORE_CAPACITY = list(HardRule).index(HardRule.CAPACITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """A change that would have matched, and the seat that the candidate would then have got.

    Which fields are given depends on the kind of change: a language with its levels; how many more places at
    `at_seat_id` or of the country's quota; a topic; an area; for weeks how many (`count`) the possible ones would have
    to be widened by, and the first week (its Monday) that both could then.
    """

    change: Change
    seat_id: str
    language: str | None = None
    from_level: LanguageLevel | None = None
    to_level: LanguageLevel | None = None
    count: int | None = None
    at_seat_id: str | None = None
    topic: str | None = None
    area: str | None = None
    country: str | None = None
    week: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """A change to be tried, of the candidate or of the market, and what is told of it if it holds (fields by name)."""

    change: Change
    told: Mapping[str, Any]
    candidate: Candidate | None = None
    market: Callable[[], Market] | None = None

    def found(self, market: Market, before: Candidate, seat: int) -> Counterfactual:
        """The change, with the seat that it leads to."""
        told = dict(self.told)
        if self.change is Change.OTHER_WEEKS and self.candidate is not None:
            new = (self.candidate.weeks or frozenset()) - (before.weeks or frozenset())
            told["week"] = min((week for week in new if (market.seats[seat].weeks or {}).get(week)), default=None)
        return Counterfactual(change=self.change, seat_id=market.seats[seat].id, **told)


def smallest_changes(market: Market, candidate: int, effort: int) -> tuple[tuple[Counterfactual, ...], int]:
    """The smallest changes that would have matched the candidate (number), and how many runs it took (at most `effort`)."""
    search = _Search(market, candidate)
    tried = 0
    for size in _SIZES:
        found: list[Counterfactual] = []
        for trial in _trials(market, candidate, size):
            if tried >= effort:
                return tuple(found), tried
            if trial.candidate is not None and search.same_row(trial.candidate):
                continue
            tried += 1
            if (seat := search.run(trial)) is not None:
                found.append(trial.found(market, market.candidates[candidate], seat))
        if found:
            return tuple(found), tried
    return (), tried


class _Search:
    """Runs the engine under changes for one candidate; what all runs share is computed once."""

    def __init__(self, market: Market, candidate: int) -> None:
        self._market = market
        self._candidate = candidate
        own = market.pairs.row(candidate)
        self._row = Row(market.pairs.seat[own].tolist(), market.pairs.key[own].tolist())
        rules = market.problem.rules
        self._resumable = rules.objective is Objective.STABLE and all(most is None for most in market.quota)

    @cached_property
    def _without(self) -> Admissions:
        """Deferred acceptance of everybody else: as the order of entry does not matter, each trial goes on from here."""
        return admissions(self._market, {self._candidate})

    def same_row(self, changed: Candidate) -> bool:
        """Whether the change leaves the candidate's feasible seats and standing as they are, or leaves none."""
        pairs = self._market.row_of(changed)
        seats = pairs.seat.tolist()
        return not seats or (seats == self._row.seats and pairs.key.tolist() == self._row.keys)

    def run(self, trial: _Trial) -> int | None:
        """The seat that the candidate gets under the change, if any."""
        if trial.candidate is not None and self._resumable:
            pairs = self._market.row_of(trial.candidate)
            state = self._without.copy({self._candidate: Row(pairs.seat.tolist(), pairs.key.tolist())})
            state.enter([self._candidate])
            seat = state.assignment()[self._candidate]
            return None if seat < 0 else seat
        if trial.candidate is not None:
            changed = self._market.with_candidate(trial.candidate)
        else:
            assert trial.market is not None
            changed = trial.market()
        return solve(changed).seat_of(self._candidate)


def _trials(market: Market, candidate: int, size: int) -> Iterator[_Trial]:
    """All changes of one size, in a fixed order."""
    one = market.candidates[candidate]
    yield from _language(market, one, size)
    yield from _weeks(one, size)
    yield from _places(market, candidate, size)
    if size == 1:
        yield from _topics(market, one)
        yield from _quota(market, one)
    if size == 2:
        yield from _expertise(market, one)


def _language(market: Market, one: Candidate, size: int) -> Iterator[_Trial]:
    """A known language that a seat works in, some levels up; to be native is not a change."""
    wanted = {language for seat in market.seats for language in seat.languages}
    for language, level in sorted(one.languages.items()):
        reached = level.order - 1 + size
        if language not in wanted or reached >= LanguageLevel.NS.order - 1:
            continue
        better = _LEVELS[reached]
        changed = replace(one, languages={**one.languages, language: better})
        told = {"language": language, "from_level": level, "to_level": better}
        yield _Trial(change=Change.LANGUAGE_LEVEL, told=told, candidate=changed)


def _weeks(one: Candidate, size: int) -> Iterator[_Trial]:
    """The possible weeks, widened by some weeks before or after."""
    for sign in (-1, 1):
        if one.weeks:
            more = {week + sign * step * WEEK for week in one.weeks for step in range(1, size + 1)}
            changed = replace(one, weeks=one.weeks | more)
            yield _Trial(change=Change.OTHER_WEEKS, told={"count": size}, candidate=changed)


def _places(market: Market, candidate: int, size: int) -> Iterator[_Trial]:
    """More places at the seats that only want for a free place, in the candidate's own order, feasible ones first."""
    seats = market.pairs.seat[market.pairs.row(candidate)].tolist()
    full = market.feasible[candidate].after[_BEFORE_CAPACITY]
    rest = [at for at in range(len(market.seats)) if full >> at & 1 and at not in set(seats)]
    for seat in (*seats, *rest)[:_SEATS_TRIED]:
        yield _Trial(
            change=Change.MORE_PLACES,
            told={"at_seat_id": market.seats[seat].id, "count": size},
            market=partial(market.with_places, seat, size),
        )


def _topics(market: Market, one: Candidate) -> Iterator[_Trial]:
    """One more topic, as the last wish."""
    offered = {topic for seat in market.seats for topic in seat.topics}
    for topic in sorted(offered - set(one.topics)):
        changed = replace(one, topics=(*one.topics, topic))
        yield _Trial(change=Change.MORE_TOPICS, told={"topic": topic}, candidate=changed)


def _expertise(market: Market, one: Candidate) -> Iterator[_Trial]:
    """One more area of expertise, at the first level."""
    offered = {area for seat in market.seats for area in seat.expertise}
    for area in sorted(offered - one.expertise.keys()):
        changed = replace(one, expertise={**one.expertise, area: Skill(1)})
        yield _Trial(change=Change.MORE_EXPERTISE, told={"area": area}, candidate=changed)


def _quota(market: Market, one: Candidate) -> Iterator[_Trial]:
    """One more of the country's ceiling."""
    most = market.problem.rules.ceilings.get(one.country)
    if most is None:
        return
    rules = replace(market.problem.rules, ceilings={**market.problem.rules.ceilings, one.country: most + 1})
    problem = replace(market.problem, rules=rules)
    yield _Trial(change=Change.QUOTA, told={"country": one.country, "count": 1}, market=partial(Market, problem))
