"""Find the options for one cohort: solutions from the stable matching to the highest sum of points, each measured.

Between the two ends lie the highest sums with at most a tenth, a quarter and half of the blocking pairs that the
highest sum has. A small market is solved by an integer program; for a large one the best is taken that flows find. Each
has a bound that no matching with so few blocking pairs exceeds. One more option gives countries equal chances.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from services.matching.engine.explain.prices import total_of
from services.matching.engine.groups.layout import Layout, lay_out
from services.matching.engine.interventions.manual import NotPossible, check
from services.matching.engine.layers import Layered, run_layers
from services.matching.engine.market.market import Integers, Market
from services.matching.engine.matching import Result
from services.matching.engine.optimal.most_good import Best, most_good
from services.matching.engine.optimal.network import Limits
from services.matching.engine.options.flows import Candidacy, found_between, measured
from services.matching.engine.options.program import MOST_ENTRIES, BoundedProgram, entries
from services.matching.engine.problem.problem import Problem
from services.matching.engine.solution import Solution, solve
from services.matching.engine.stable.deferred_acceptance import UNMATCHED
from shared.contracts.codes import CohortOption, Objective

SECONDS = 10.0
"""The bound of the search for one option."""
MOST_PAIRS = 3_000_000
"""Above so many feasible pairs there are no options between the two ends."""

ALLOWED: Mapping[CohortOption, int] = {CohortOption.TENTH: 10, CohortOption.QUARTER: 25, CohortOption.HALF: 50}
"""The per cent of the blocking pairs of the highest sum that an option between may have."""


@dataclass(frozen=True, slots=True)
class Group:
    """A country or service: how many applications look for a place, and how many have one."""

    code: str
    applications: int
    matched: int


@dataclass(frozen=True, slots=True)
class Option:
    """One option: a matching with its measures.

    No lawful matching with at most `allowed` blocking pairs (None: any number) has more points than `bound`; None
    where that was not sought. `least_ppm` is the match rate that every country reaches which can, in parts per million.
    """

    kind: CohortOption
    result: Result
    allowed: int | None = None
    bound: int | None = None
    least_ppm: int | None = None

    @property
    def total(self) -> int:
        """The sum of points."""
        return self.result.prices.total

    @property
    def blocking(self) -> int:
        """The number of blocking pairs."""
        return self.result.prices.blocking_pairs

    @property
    def first_wishes(self) -> int:
        """The number of people with the place that they want most of those that fit them."""
        return self.result.ranks.get(1, 0)

    @property
    def proven(self) -> bool:
        """True if the sum is proven to be the highest that the option allows."""
        return self.bound is not None and self.bound <= self.total

    @property
    def countries(self) -> tuple[Group, ...]:
        """The match rate of each country, by code."""
        return self._groups({candidate.id: candidate.country for candidate in self.result.problem.candidates})

    @property
    def services(self) -> tuple[Group, ...]:
        """The match rate of each service, by code; empty where it is not stated."""
        return self._groups({candidate.id: candidate.service or "" for candidate in self.result.problem.candidates})

    def _groups(self, group: Mapping[str, str]) -> tuple[Group, ...]:
        people, matched = Counter(group.values()), Counter(group[candidate] for candidate in self.result.matching)
        return tuple(Group(code, people[code], matched[code]) for code in sorted(people))


class Options:
    """The options of one problem, computed when asked for; weights count as the problem has them."""

    def __init__(self, problem: Problem, seconds: float = SECONDS) -> None:
        self._problem = problem
        self._seconds = seconds

    def option(self, kind: CohortOption) -> Option | None:
        """Return an option; None for one between the ends where there are too many pairs or no candidates."""
        if kind is CohortOption.STABLE:
            return Option(kind, self._stable)
        if kind is CohortOption.HIGHEST_SUM:
            return Option(kind, self._highest, bound=self._highest.prices.best)
        return self._even() if kind is CohortOption.EVEN else self._between(kind)

    def restored(self, kind: CohortOption, matching: Mapping[str, str], floors: Mapping[str, int]) -> Result:
        """Return the result of an option that was found before, with its pairs and floors.

        Raises `NotPossible` if that matching is not what this problem gives.
        """
        if kind is CohortOption.STABLE:
            result = self._stable
        elif kind is CohortOption.HIGHEST_SUM:
            result = self._highest
        elif kind is CohortOption.EVEN:
            result = _with_floors(_aimed(self._problem, Objective.MOST_GOOD), floors)
        else:
            return self.rebuilt(matching)
        _check_same(result, matching)
        return result

    def rebuilt(self, matching: Mapping[str, str]) -> Result:
        """Return the result of a matching that was found before as an option between. Raises `NotPossible`."""
        market = self._market
        assigned = [UNMATCHED] * len(market.candidates)
        for candidate, seat in matching.items():
            if candidate in market.place:
                assigned[market.place[candidate]] = market.seat_place.get(seat, UNMATCHED)
        check(market, {name: seat for name, seat in matching.items() if name in market.place})
        result = self._result(assigned)
        _check_same(result, matching)
        return result

    @cached_property
    def _layout(self) -> Layout:
        return lay_out(_aimed(self._problem, Objective.STABLE))

    @cached_property
    def _market(self) -> Market:
        return Market(self._layout.rest)

    @cached_property
    def _solution(self) -> Solution:
        return solve(self._market)

    @cached_property
    def _stable(self) -> Result:
        return self._layered(Result(self._market, self._solution))

    @cached_property
    def _highest(self) -> Result:
        return run_layers(_aimed(self._problem, Objective.MOST_GOOD))

    @cached_property
    def _best(self) -> Best:
        """The highest sum of the singles."""
        return most_good(self._market)

    def _result(self, assigned: list[int]) -> Result:
        return self._layered(Result(self._market, Solution(assigned)))

    def _layered(self, rest: Result) -> Result:
        return Layered(self._layout, rest) if self._layout.units else rest

    @cached_property
    def _least(self) -> Integers:
        """The least number of each country: what its floor asks for, as far as both ends reach it."""
        market = self._market
        country = np.array(market.country, np.int64)
        sent = [
            np.bincount(country[np.array(assigned, np.int64) >= 0], minlength=len(market.countries))
            for assigned in (self._solution.assigned, self._best.assigned)
        ]
        return np.minimum(Limits(market).floors, np.minimum(*sent))

    @cached_property
    def _found(self) -> list[Candidacy]:
        market = self._market
        ends = [measured(market, self._solution.assigned), measured(market, self._best.assigned)]
        return [*ends, *found_between(market, self._solution.assigned, self._least)]

    @cached_property
    def _program(self) -> BoundedProgram | None:
        """The integer program; None where it would be too large."""
        return BoundedProgram(self._market, self._least) if entries(self._market) <= MOST_ENTRIES else None

    def _between(self, kind: CohortOption) -> Option | None:
        market = self._market
        if not len(market.candidates) or self._stable.feasible_pairs > MOST_PAIRS:
            return None
        least, most = (found.blocking for found in self._found[:2])
        limit = least + max(0, -(-(most - least) * ALLOWED[kind] // 100))
        best = max(
            (found for found in self._found if found.blocking <= limit),
            key=lambda found: (found.total, -found.blocking, found.assigned),
        )
        assigned, bound = list(best.assigned), self._best.certificate.bound
        if self._program is not None and bound > best.total:
            assigned, proven = self._program.solve(limit, best.assigned, self._seconds)
            bound = min(bound, proven)
            self._found.append(measured(market, assigned))
        result = self._result(assigned)
        others = result.prices.total - total_of(market, assigned)
        groups = self._layout.blocking
        # Another layout of groups, or another least number of a country, might allow more points.
        sought = not self._layout.units and bool(np.array_equal(self._least, Limits(market).floors))
        most = max(bound, total_of(market, assigned)) + others
        return Option(kind, result, allowed=limit + groups, bound=most if sought else None)

    def _even(self) -> Option | None:
        """Return the highest sum among the matchings in which every country reaches the highest common match rate.

        A country that cannot reach it, whatever the others get, gets what it can.
        """
        problem = _aimed(self._problem, Objective.MOST_GOOD)
        people = Counter(candidate.country for candidate in problem.candidates)
        if len(people) < 2:
            return None
        sent = Counter(pair.country for pair in problem.fixed)
        able = {
            country: _with_floors(problem, {country: sent[country] + people[country]}) for country in sorted(people)
        }
        most = {country: people[country] - result.unmet_floors.get(country, 0) for country, result in able.items()}
        low, high, found = 0, 100, None
        while low <= high:
            middle = (low + high) // 2
            floors = {
                country: sent[country] + min(most[country], -(-middle * people[country] // 100))
                for country in sorted(people)
            }
            for country, floor in problem.rules.floors.items():
                floors[country] = max(floors.get(country, 0), min(floor, sent[country] + most.get(country, 0)))
            result = _with_floors(problem, floors)
            if result.unmet_floors:
                high = middle - 1
            else:
                found, low = (middle, result), middle + 1
        if found is None:
            return None
        percent, result = found
        bound = result.prices.total if result.certificate.valid and not self._layout.units else None
        return Option(CohortOption.EVEN, result, bound=bound, least_ppm=percent * 10_000)


def _check_same(result: Result, matching: Mapping[str, str]) -> None:
    differing = sorted(result.matching.items() ^ matching.items())
    if differing:
        raise NotPossible(*differing[0])


def _with_floors(problem: Problem, floors: Mapping[str, int]) -> Result:
    return run_layers(replace(problem, rules=replace(problem.rules, floors=floors)))


def _aimed(problem: Problem, objective: Objective) -> Problem:
    return replace(problem, rules=replace(problem.rules, objective=objective))
