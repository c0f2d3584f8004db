"""Find the smallest change that would have matched a candidate without a seat.

Changes are tried from the smallest up, and each reported one has been run through the engine; those of one size are
tried together, and the first size at which any holds ends the search. An exclusion stays in force in every run, so that
a confidential one never shows by what would be enough.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from typing import Any

from services.matching.engine.explain.chains import Chains
from services.matching.engine.explain.rounds import Rounds
from services.matching.engine.explain.trades import Trades
from services.matching.engine.market.market import Market, Pairs, Row
from services.matching.engine.optimal.certificate import left_with
from services.matching.engine.problem.problem import Candidate, Skill
from services.matching.engine.problem.weeks import WEEK
from services.matching.engine.rules.criteria import place_of
from services.matching.engine.solution import Solution, solve
from services.matching.engine.stable.deferred_acceptance import UNMATCHED
from shared.contracts.codes import Change, HardRule, LanguageLevel, Objective

_SIZES = (1, 2, 3)
_SEATS_TRIED = 4
_KEPT = 2_000_000
"""So many seats of candidates are kept of runs that others may ask for too: 16 MB."""
_LEVELS = tuple(LanguageLevel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """A change that would have matched, and the seat that the candidate would then have got.

    The fields depend on the kind of change: a language with its levels; how many more places at `at_seat_id` or of the
    country's quota; a topic; an area; one more possible week (its Monday), `count` weeks from the nearest of the
    candidate's own.
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
    """A change to be tried, of the candidate or of the market, and the fields to report if it holds."""

    change: Change
    details: Mapping[str, Any]
    candidate: Candidate | None = None
    seat: int | None = None
    market: Callable[[], Market] | None = None


class Search:
    """Finds the smallest changes for any candidate of a solved market; common parts are computed once."""

    def __init__(self, market: Market, solution: Solution) -> None:
        self._market = market
        self._solution = solution
        rules = market.problem.rules
        # A floor may ask for somebody at any price as soon as there is a feasible seat.
        proof = None if rules.floors else solution.certificate
        self._prices = proof.prices if proof is not None and proof.valid else None
        self._chained = rules.objective is Objective.STABLE and all(most is None for most in market.quota)
        # What floors have moved is no plain stable matching any more: chains would not tell true.
        self._chained = self._chained and not rules.floors
        self._in_rounds = Rounds.fit(market)
        self._solutions: OrderedDict[tuple[int | None, int], Solution] = OrderedDict()
        self._kept = max(16, _KEPT // max(1, len(market.candidates)))

    @cached_property
    def _rounds(self) -> Rounds:
        return Rounds(self._market)

    @cached_property
    def _trades(self) -> Trades | None:
        return Trades.of(self._market, self._solution)

    @cached_property
    def _chains(self) -> Chains:
        return Chains(self._market, self._solution.assigned)

    def smallest(self, candidate: int, effort: int) -> tuple[tuple[Counterfactual, ...], int]:
        """Return the smallest changes that would have matched the candidate (number), and how many runs were made.

        At most `effort` runs are made.
        """
        market, tried = self._market, 0
        for size in _SIZES:
            found: list[Counterfactual] = []
            for trial in _trials(market, candidate, size):
                if tried >= effort:
                    return tuple(found), tried
                row = None if trial.candidate is None else market.row_of(trial.candidate)
                if row is not None and self._same_row(candidate, row):
                    continue
                tried += 1
                if (seat := self._run(candidate, trial, row)) is not None:
                    found.append(Counterfactual(change=trial.change, seat_id=market.seats[seat].id, **trial.details))
            if found:
                return tuple(found), tried
        return (), tried

    def _same_row(self, candidate: int, row: Pairs) -> bool:
        """Return whether a changed row leaves feasible seats and ranks as they are, or leaves no seat at all."""
        market = self._market
        own = market.row(candidate)
        if not len(row.seat):
            return True
        if own.seats != row.seat.tolist() or own.keys != row.key.tolist():
            return False
        if market.problem.rules.objective is Objective.STABLE:
            return True
        # The highest sum counts the gain too, which a seat's own order leaves out.
        return bool((market.row_of(market.candidates[candidate]).weight == row.weight).all())

    def _beyond_reach(self, candidate: int, row: Pairs) -> bool:
        """Return whether nothing in a changed row is worth its price: the highest sum then leaves the candidate out."""
        return self._prices is not None and left_with(self._prices, self._market.country[candidate], row) < 0

    def _run(self, candidate: int, trial: _Trial, row: Pairs | None) -> int | None:
        """Return the seat that the candidate gets under the change, if any.

        Most failures are detected without a run.
        """
        market = self._market
        if (named := self._named_seat(candidate, trial, row)) is not None:
            return None if named == UNMATCHED else named
        if trial.candidate is not None and row is not None:
            if self._chained and not self._chains.enters(candidate, Row(row.seat.tolist(), row.key.tolist())):
                return None
            if self._beyond_reach(candidate, row):
                return None
            return solve(market.with_candidate(trial.candidate)).seat_of(candidate)
        assert trial.market is not None
        # Of a seat or a country, whoever asks: what was run once is kept for those who ask next.
        key = (trial.seat, trial.details["count"] if trial.seat is not None else market.country[candidate])
        if key not in self._solutions:
            changed = trial.market()
            if self._chained and trial.seat is not None and changed.rules is market.rules:
                seat = trial.seat
                if not self._chains.moves_up(candidate, seat, changed.free[seat], changed.shares[seat]):
                    return None
            self._solutions[key] = solve(changed)
            if len(self._solutions) > self._kept:
                self._solutions.popitem(last=False)
        return self._solutions[key].seat_of(candidate)

    def _named_seat(self, candidate: int, trial: _Trial, row: Pairs | None) -> int | None:
        """Return the seat (UNMATCHED: none) that follows from prices or rounds; None if they cannot tell."""
        market, seat = self._market, trial.seat
        if self._trades is not None:
            if row is not None:
                return self._trades.with_row(candidate, row)
            return None if seat is None else self._trades.with_places(candidate, seat, trial.details["count"])
        if not self._in_rounds:
            return None
        if row is not None:
            return self._rounds.with_row(candidate, row)
        if seat is None:
            assigned = self._rounds.with_quota(candidate)
        elif market.free[seat] == 0 or market.used[seat]:
            return None  # others may ask a seat that was full, and what fixed pairs have used counts otherwise
        else:
            more = trial.details["count"]
            wider = replace(market.seats[seat], capacity=market.seats[seat].capacity + more)
            share = market.rules.share_of(wider)
            assigned = self._rounds.with_places(seat, more, market.free[seat] + more, share)
        return None if assigned is None else assigned[candidate]


def _trials(market: Market, candidate: int, size: int) -> Iterator[_Trial]:
    """Return all changes of one size, in a fixed order."""
    applicant = market.candidates[candidate]
    yield from _language(market, applicant, size)
    yield from _weeks(market, applicant, size)
    yield from _places(market, candidate, size)
    if size == 1:
        yield from _topics(market, applicant)
        yield from _quota(market, applicant)
    if size == 2:
        yield from _expertise(market, applicant)


def _language(market: Market, candidate: Candidate, size: int) -> Iterator[_Trial]:
    """Yield each known language that a seat works in, some levels up; to be native is not a change."""
    wanted = {language for seat in market.seats for language in seat.languages}
    for language, level in sorted(candidate.languages.items()):
        reached = level.order - 1 + size
        if language not in wanted or reached >= LanguageLevel.NS.order - 1:
            continue
        better = _LEVELS[reached]
        changed = replace(candidate, languages={**candidate.languages, language: better})
        details = {"language": language, "from_level": level, "to_level": better}
        yield _Trial(change=Change.LANGUAGE_LEVEL, details=details, candidate=changed)


def _weeks(market: Market, candidate: Candidate, size: int) -> Iterator[_Trial]:
    """Yield one more possible week that some seat has, so many weeks from the nearest of the candidate's own."""
    if not candidate.weeks:
        return
    offered = {week for seat in market.seats for week, places in (seat.weeks or {}).items() if places > 0}
    for week in sorted(offered - candidate.weeks):
        if min(abs(week - own) for own in candidate.weeks) == size * WEEK:
            changed = replace(candidate, weeks=candidate.weeks | {week})
            yield _Trial(change=Change.OTHER_WEEKS, details={"week": week, "count": size}, candidate=changed)


def _places(market: Market, candidate: int, size: int) -> Iterator[_Trial]:
    """Yield more places at the seats that only lack a free place, in the candidate's own order, feasible ones first."""
    seats = market.row(candidate).seats
    full = market.feasible[candidate].after[place_of(HardRule.CAPACITY)]
    rest = [at for at in range(len(market.seats)) if full >> at & 1 and at not in set(seats)]
    for seat in (*seats, *rest)[:_SEATS_TRIED]:
        yield _Trial(
            change=Change.MORE_PLACES,
            details={"at_seat_id": market.seats[seat].id, "count": size},
            seat=seat,
            market=partial(market.with_places, seat, size),
        )


def _topics(market: Market, candidate: Candidate) -> Iterator[_Trial]:
    """Yield one more topic, as the last wish."""
    offered = {topic for seat in market.seats for topic in seat.topics}
    for topic in sorted(offered - set(candidate.topics)):
        changed = replace(candidate, topics=(*candidate.topics, topic))
        yield _Trial(change=Change.MORE_TOPICS, details={"topic": topic}, candidate=changed)


def _expertise(market: Market, candidate: Candidate) -> Iterator[_Trial]:
    """Yield one more area of expertise, at the first level."""
    offered = {area for seat in market.seats for area in seat.expertise}
    for area in sorted(offered - candidate.expertise.keys()):
        changed = replace(candidate, expertise={**candidate.expertise, area: Skill(1)})
        yield _Trial(change=Change.MORE_EXPERTISE, details={"area": area}, candidate=changed)


def _quota(market: Market, candidate: Candidate) -> Iterator[_Trial]:
    """Yield one more of the country's ceiling."""
    most = market.problem.rules.ceilings.get(candidate.country)
    if most is None:
        return
    rules = replace(market.problem.rules, ceilings={**market.problem.rules.ceilings, candidate.country: most + 1})
    problem = replace(market.problem, rules=rules)
    yield _Trial(
        change=Change.QUOTA, details={"country": candidate.country, "count": 1}, market=partial(Market, problem)
    )
