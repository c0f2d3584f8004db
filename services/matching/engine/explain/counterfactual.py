"""Find the smallest changes that would have matched a candidate without a seat.

First single changes are tried from the smallest up, and each reported one has been run through the engine; those of one
size are tried together, and the first size at which any holds ends the search. Where none holds, sets of changes are
built that open one seat and make room there (`repairs.py`): the fewest changes first, then the fewest steps. An
exclusion stays in force in every run, so that a confidential one never shows by what would be enough.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from services.matching.engine.explain.chains import Chains
from services.matching.engine.explain.repairs import Counterfactual, Opening, applied, opening
from services.matching.engine.explain.rounds import Rounds
from services.matching.engine.explain.trades import Trades
from services.matching.engine.market.market import Market, Pairs, Row
from services.matching.engine.optimal.certificate import left_with
from services.matching.engine.problem.problem import Candidate, Skill
from services.matching.engine.problem.weeks import WEEK
from services.matching.engine.rules.criteria import place_of
from services.matching.engine.rules.properties import order_of
from services.matching.engine.solution import Solution, solve
from services.matching.engine.stable.deferred_acceptance import UNMATCHED
from shared.contracts.codes import Change, HardRule, LanguageLevel, Objective

__all__ = ["Counterfactual", "Search"]

_SIZES = (1, 2, 3)
_SEATS_TRIED = 4
_MOST_PARTS = 8
_MOST_OPTIONS = 24
"""So many ways to open a seat are tried with the same number of changes, those of fewest steps first."""
_ALTERNATIVES = 3
THOROUGH = {Objective.STABLE: 500_000, Objective.MOST_GOOD: 100_000}
"""Candidates times seats up to which every change is tried; in larger markets the effort bounds the search."""
_KEPT = 2_000_000
"""So many seats of candidates are kept of runs that others may ask for too: 16 MB."""
_LEVELS = tuple(LanguageLevel)


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
        self._chained = self._chained and not rules.floors and not rules.exchanges
        self._thorough = len(market.candidates) * len(market.seats) <= THOROUGH[rules.objective]
        self._in_rounds = Rounds.fit(market) or (
            self._thorough and rules.objective is Objective.STABLE and not rules.exchanges
        )
        self._solutions: OrderedDict[tuple[int, int], Solution] = OrderedDict()
        self._wider: OrderedDict[tuple[int | None, int, int | None, int], Sequence[int]] = OrderedDict()
        self._runs = 0
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

        At most `effort` runs are made for single changes; in a market that is not large, what a run can be spared for
        does not count. Without effort nothing is tried.
        """
        market, tried = self._market, 0
        if not effort:
            return (), 0
        for size in _SIZES:
            found: list[Counterfactual] = []
            for trial in _trials(market, candidate, size):
                if tried >= effort:
                    return tuple(found) or self._sets(candidate), tried
                if trial.seat is not None and len([each for each in found if each.at_seat_id]) >= _SEATS_TRIED:
                    continue
                row = None if trial.candidate is None else market.row_of(trial.candidate)
                if row is not None and self._same_row(candidate, row):
                    continue
                before = self._runs
                seat = self._run(candidate, trial, row)
                tried += self._runs - before if self._thorough else 1
                if seat is not None:
                    found.append(Counterfactual(change=trial.change, seat_id=market.seats[seat].id, **trial.details))
            if found:
                return tuple(found), tried
        return self._sets(candidate), tried

    def _sets(self, candidate: int) -> tuple[Counterfactual, ...]:
        """Return the sets of fewest changes, and of these of fewest steps, that open a seat and make room there."""
        openings = self._openings(candidate) if self._thorough else []
        for count in range(1, _MOST_PARTS + 1):
            if found := self._sets_of(candidate, openings, count):
                return found
        return ()

    def _openings(self, candidate: int) -> list[Opening]:
        """Return what would open each seat that can be opened to the candidate."""
        market, own = self._market, self._market.candidates[candidate]
        passing, kind = market.rules.passing(own), market.feasible[candidate].after[0]
        found = []
        for number, seat in enumerate(market.seats):
            if kind >> number & 1:
                broken = [rule for rule, bits in passing.items() if not bits >> number & 1]
                opened = opening(market.problem.rules, own, number, seat, broken)
                if opened is not None:
                    found.append(opened)
        return sorted(found, key=lambda opened: (opened.steps, opened.seat))

    def _sets_of(self, candidate: int, openings: Sequence[Opening], count: int) -> tuple[Counterfactual, ...]:
        """Return the sets of so many changes with the fewest steps; empty if none holds."""
        options: dict[object, tuple[int, Opening, bool, bool]] = {}
        bounded = self._market.candidates[candidate].country in self._market.problem.rules.ceilings
        for opened in openings:
            rest = count - len(opened.parts)
            for places, quota in ((False, False), (True, False), (False, True), (True, True)):
                lacks = (opened.full and not places) or (opened.at_quota and not quota) or (quota and not bounded)
                if rest == places + quota and not lacks:
                    key = (tuple(replace(part, seat_id="") for part in opened.parts), quota, places and opened.seat)
                    options.setdefault(key, (opened.steps + places + quota, opened, places, quota))
        found: list[Counterfactual] = []
        least, tried = None, 0
        for bound, opened, places, quota in sorted(options.values(), key=lambda option: option[0]):
            if (least is not None and bound > least) or tried >= _MOST_OPTIONS or len(found) >= _ALTERNATIVES:
                break
            tried += bool(opened.parts)
            change = self._completed(candidate, opened, None if least is None else least, places=places, quota=quota)
            if change is not None:
                if least is not None and change.steps < least:
                    found.clear()
                least = change.steps
                found.append(change)
        return tuple(found)

    def _completed(
        self, candidate: int, opened: Opening, most_steps: int | None, *, places: bool, quota: bool
    ) -> Counterfactual | None:
        """Return an opening with the fewest more places and the least higher quota with which it holds.

        None if it does not hold, or needs more steps in all than given.
        """
        market = self._market
        # Nobody is barred by so many places, or so high a quota: a candidate without a seat has another reason.
        people = len(market.candidates) + len(market.problem.fixed)
        all_places = -(-100 * people // max(1, market.problem.rules.share)) if places else 0
        all_quota = people if quota else 0
        if self._seat_with(candidate, opened, all_places, all_quota) is None:
            return None
        if most_steps is not None and (places or quota):
            left = most_steps - opened.steps - (places and quota)
            all_places, all_quota = min(all_places, left), min(all_quota, left)
            if left <= 0 or self._seat_with(candidate, opened, all_places, all_quota) is None:
                return None
        more = _least(lambda count: self._seat_with(candidate, opened, count, all_quota) is not None, all_places)
        higher = _least(lambda count: self._seat_with(candidate, opened, more, count) is not None, all_quota)
        seat = self._seat_with(candidate, opened, more, higher)
        change = None if seat is None else _as_set(market, opened, seat, more, higher)
        return None if change is None or (most_steps is not None and change.steps > most_steps) else change

    def _seat_with(self, candidate: int, opened: Opening, places: int, quota: int) -> int | None:
        """Return the seat that the candidate gets with an opening, more places there and a higher quota, if any."""
        market = self._market
        if not opened.parts:
            key = (opened.seat if places else None, places, market.country[candidate] if quota else None, quota)
            if key not in self._wider:
                self._wider[key] = self._all_with(candidate, opened, places, quota)
                if len(self._wider) > self._kept:
                    self._wider.popitem(last=False)
            seat = self._wider[key][candidate]
        else:
            row = market.row_of(opened.candidate)
            if not places and not quota and opened.other_seat is None:
                trial = _Trial(change=opened.parts[0].change, details={}, candidate=opened.candidate)
                return None if not len(row.seat) else self._run(candidate, trial, row)
            seat = self._all_with(candidate, opened, places, quota, row)[candidate]
        return None if seat == UNMATCHED else seat

    def _all_with(
        self, candidate: int, opened: Opening, places: int, quota: int, row: Pairs | None = None
    ) -> Sequence[int]:
        """Return everybody's seat; only the candidate's counts where another row is given."""
        market, seat = self._market, opened.seat
        barred = places and (market.free[seat] == 0 or market.used[seat])
        most = market.quota[market.country[candidate]]
        if (
            self._in_rounds
            and not barred
            and opened.other_seat is None
            and not (quota and most is not None and most <= 0)
        ):
            wider = (seat, places) if places else None
            found = self._rounds.under(candidate, row, wider, quota)
            if found is not None:
                return found
        self._runs += 1
        change = _as_set(market, opened, seat, places, quota)
        problem = applied(market.problem, market.candidates[candidate].id, change) if change else market.problem
        return solve(Market(problem)).assigned

    def _same_row(self, candidate: int, row: Pairs) -> bool:
        """Return whether a changed row leaves feasible seats and ranks as they are, or leaves no seat at all."""
        market = self._market
        own = market.row(candidate)
        if not len(row.seat):
            return True
        if own.seats != row.seat.tolist() or own.keys != row.key.tolist():
            return False
        if market.problem.rules.objective is Objective.STABLE and not market.problem.rules.exchanges:
            return True
        # The highest sum counts the gain too, which a seat's own order leaves out, and exchanges see which are equal.
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
            self._runs += 1
            return solve(market.with_candidate(trial.candidate)).seat_of(candidate)
        assert trial.market is not None
        # Of a seat or a country, whoever asks: what was run once is kept for those who ask next.
        place = trial.seat if trial.seat is not None else -1 - market.country[candidate]
        key = (place, trial.details["count"])
        if key not in self._solutions:
            changed = trial.market()
            if self._chained and trial.seat is not None and changed.rules is market.rules:
                seat = trial.seat
                if not self._chains.moves_up(candidate, seat, changed.free[seat], changed.shares[seat]):
                    return None
            self._runs += 1
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
            assigned = self._rounds.with_quota(candidate, trial.details["count"])
        elif market.free[seat] == 0 or market.used[seat]:
            return None  # others may ask a seat that was full, and what fixed pairs have used counts otherwise
        else:
            assigned = self._rounds.more_places(seat, trial.details["count"])
        return None if assigned is None else assigned[candidate]


def _trials(market: Market, candidate: int, size: int) -> Iterator[_Trial]:
    """Return all changes of one size, in a fixed order."""
    applicant = market.candidates[candidate]
    yield from _language(market, applicant, size)
    yield from _weeks(market, applicant, size)
    yield from _places(market, candidate, size)
    if size == 1:
        yield from _topics(market, applicant)
    yield from _quota(market, applicant, size)
    if size == 2:
        yield from _expertise(market, applicant)


def _language(market: Market, candidate: Candidate, size: int) -> Iterator[_Trial]:
    """Yield each language that a seat works in, some levels up, or new at a level; to be native is not a change."""
    for language in sorted({language for seat in market.seats for language in seat.languages}):
        level = candidate.languages.get(language)
        reached = order_of(level) + size
        if reached >= LanguageLevel.NS.order:
            continue
        better = _LEVELS[reached - 1]
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
    """Yield more places at the seats that only lack a free place, in the candidate's own order, feasible ones first.

    In a market that is not large these are all such seats, in a large one the first of them.
    """
    seats = market.row(candidate).seats
    full = market.feasible[candidate].after[place_of(HardRule.CAPACITY)]
    rest = [at for at in range(len(market.seats)) if full >> at & 1 and at not in set(seats)]
    few = len(market.candidates) * len(market.seats) <= THOROUGH[Objective.STABLE]
    most = None if few and market.problem.rules.objective is Objective.STABLE else _SEATS_TRIED
    for seat in (*seats, *rest)[:most]:
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


def _quota(market: Market, candidate: Candidate, size: int) -> Iterator[_Trial]:
    """Yield a higher ceiling of the country."""
    most = market.problem.rules.ceilings.get(candidate.country)
    if most is None:
        return
    rules = replace(market.problem.rules, ceilings={**market.problem.rules.ceilings, candidate.country: most + size})
    problem = replace(market.problem, rules=rules)
    yield _Trial(
        change=Change.QUOTA, details={"country": candidate.country, "count": size}, market=partial(Market, problem)
    )


def _least(holds: Callable[[int], bool], most: int) -> int:
    """Return the least number that holds where one less does not; `most` is known to hold, and 0 is not enough."""
    low, high = 0, most
    step = 1
    while low + step < high:
        if holds(low + step):
            high = low + step
            break
        low, step = low + step, step * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _as_set(market: Market, opened: Opening, seat: int, places: int, quota: int) -> Counterfactual | None:
    """Return the changes of an opening, more places and a higher quota as one set; None if there is no change."""
    named = market.seats[seat].id
    parts = [replace(part, seat_id=named) for part in opened.parts]
    if places:
        at = market.seats[opened.seat].id
        parts.append(Counterfactual(change=Change.MORE_PLACES, seat_id=named, at_seat_id=at, count=places))
    if quota:
        country = opened.candidate.country
        parts.append(Counterfactual(change=Change.QUOTA, seat_id=named, country=country, count=quota))
    return replace(parts[0], beside=tuple(parts[1:])) if parts else None
