"""The options of a cohort: what is found between stable and the highest sum, its proof and its measures."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.explain.prices import blocking_pairs, total_of
from services.matching.engine.interventions.manual import NotPossible
from services.matching.engine.layers import run_layers
from services.matching.engine.market.market import Market
from services.matching.engine.options.flows import found_between, measured
from services.matching.engine.options.options import Options
from services.matching.engine.options.program import BoundedProgram
from services.matching.engine.options.refusals import refusals
from services.matching.engine.solution import solve
from services.matching.engine.stable.deferred_acceptance import UNMATCHED
from shared.contracts.codes import CohortOption, Objective
from tests.unit.matching.engine import oracle
from tests.unit.matching.engine.worlds import make_problem, problems

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.matching.engine.options.options import Option
    from services.matching.engine.problem.problem import Problem

SMALL = settings(max_examples=20, deadline=None)


def _crowded(seed: int) -> Problem:
    """Return a problem with many wishes for few places, so that the two ends differ."""
    return make_problem(random.Random(seed), 40, 9, tight=0.0, quotas=False, fixed=False)


def _seats(market: Market, matching: dict[int, int]) -> list[int]:
    return [matching.get(candidate, UNMATCHED) for candidate in range(len(market.candidates))]


@SMALL
@given(problems(6, 3, objective=Objective.STABLE), st.integers(0, 3))
def test_a_program_finds_the_highest_sum_with_so_few_blocking_pairs(problem: Problem, more: int) -> None:
    """With shares, ceilings and fixed pairs it has the best sum of all lawful matchings with few enough."""
    market = Market(problem)
    start = solve(market).assigned
    limit = blocking_pairs(market, start) + more
    if not len(market.pairs.seat):
        return
    assigned, bound = BoundedProgram(market, market_least(market)).solve(limit, start, 10)
    best = max(
        total_of(market, seats)
        for matching in oracle.all_matchings(market)
        if blocking_pairs(market, seats := _seats(market, matching)) <= limit
    )
    assert blocking_pairs(market, assigned) <= limit
    assert oracle.lawful(market, {candidate: seat for candidate, seat in enumerate(assigned) if seat >= 0})
    assert total_of(market, assigned) == best == bound


def market_least(market: Market) -> NDArray[np.int64]:
    """Return that no country must send anybody."""
    return np.zeros(len(market.countries), np.int64)


@SMALL
@given(problems(7, 4))
def test_every_option_is_lawful_and_measured_as_by_hand(problem: Problem) -> None:
    """Sum, filled places, first wishes, blocking pairs and rates by country equal a count in plain Python."""
    options = Options(problem)
    for kind in CohortOption:
        option = options.option(kind)
        if option is None:
            continue
        market = Market(option.result.problem)
        matching = {
            market.place[candidate]: market.seat_place[seat] for candidate, seat in option.result.matching.items()
        }
        assert oracle.lawful(market, matching)
        points = 0
        for candidate, seat in matching.items():
            earned = oracle.points(problem, market.candidates[candidate], market.seats[seat])
            weights = problem.rules.weights
            points += 1 + sum(
                value * (weights[criterion].applicant + weights[criterion].host)
                for criterion, value in earned.items()
                if criterion in weights
            )
        assert option.total == points
        rows = oracle.keys_of(market)
        assert option.first_wishes == sum(next(iter(rows[candidate])) == seat for candidate, seat in matching.items())
        if not problem.rules.ceilings:
            assert option.blocking == len(oracle.blocking(market, matching))
        homes = Counter(candidate.country for candidate in market.candidates)
        placed = Counter(market.candidates[candidate].country for candidate in matching)
        assert {group.code: (group.applications, group.matched) for group in option.countries} == {
            code: (count, placed[code]) for code, count in homes.items()
        }


@pytest.mark.parametrize("seed", range(4))
def test_options_lie_between_stable_and_highest_sum(seed: int) -> None:
    """More blocking pairs allow more points; each option keeps to its limit and is below its bound."""
    options = Options(_crowded(seed), seconds=1)
    found: list[Option] = [option for kind in CohortOption if (option := options.option(kind))]
    kinds = {option.kind: option for option in found}
    assert {CohortOption.STABLE, CohortOption.HIGHEST_SUM} <= kinds.keys()
    assert kinds[CohortOption.STABLE].blocking == 0
    between = [option for option in found if option.allowed is not None]
    assert between
    ends = (kinds[CohortOption.STABLE], *between, kinds[CohortOption.HIGHEST_SUM])
    for fewer, more in pairwise(ends):
        assert fewer.total <= more.total
    for option in between:
        assert option.blocking <= (option.allowed or 0)
        assert option.bound is not None
        assert option.total <= option.bound <= kinds[CohortOption.HIGHEST_SUM].total


@pytest.mark.parametrize("seed", range(3))
def test_flows_find_lawful_matchings_between(seed: int) -> None:
    """A matching that flows find is lawful, leaves no place free that somebody could take, and has the stated sum."""
    market = Market(_crowded(seed))
    stable = solve(market).assigned
    found = found_between(market, stable, market_least(market))
    assert found
    for each in found:
        matching = {candidate: seat for candidate, seat in enumerate(each.assigned) if seat != UNMATCHED}
        assert oracle.lawful(market, matching)
        assert each == measured(market, each.assigned)
        rows = oracle.keys_of(market)
        for candidate in range(len(market.candidates)):
            if candidate not in matching:
                assert not any(oracle.lawful(market, {**matching, candidate: seat}) for seat in rows[candidate])


@pytest.mark.parametrize("seed", range(4))
def test_an_option_is_rebuilt_from_its_pairs(seed: int) -> None:
    """The stored pairs give the same result again, with a receipt for everybody; others are refused."""
    problem = _crowded(seed)
    option = next(
        found for kind in (CohortOption.HALF, CohortOption.QUARTER) if (found := Options(problem, 1).option(kind))
    )
    pairs = dict(option.result.matching)
    again = Options(problem).rebuilt(pairs)
    assert dict(again.matching) == pairs
    assert again.prices == option.result.prices
    for candidate in problem.candidates:
        receipt = again.receipt(candidate.id, effort=0)
        assert receipt.seat_id == pairs.get(candidate.id)
        assert receipt.changes == ()
    first, second = sorted(pairs)[:2]
    with pytest.raises(NotPossible):
        Options(problem).rebuilt({**pairs, first: "nowhere"} | {second: pairs[first]})


@SMALL
@given(problems(6, 3, quotas=False, fixed=False))
def test_equal_chances_raise_the_lowest_rate(problem: Problem) -> None:
    """No lawful matching gives every country that rate or what it can get, with more points or a higher common rate."""
    option = Options(problem).option(CohortOption.EVEN)
    if option is None:
        return
    market = Market(problem)
    people = Counter(candidate.country for candidate in market.candidates)
    every = list(oracle.all_matchings(market))
    sent = [Counter(market.candidates[candidate].country for candidate in matching) for matching in every]
    most = {country: max(counts[country] for counts in sent) for country in people}

    def reaches(counts: Counter[str], percent: int) -> bool:
        return all(counts[country] >= min(most[country], -(-percent * people[country] // 100)) for country in people)

    percent = max(percent for percent in range(101) if any(reaches(counts, percent) for counts in sent))
    assert option.least_ppm == percent * 10_000
    best = max(
        total_of(market, _seats(market, matching))
        for matching, counts in zip(every, sent, strict=True)
        if reaches(counts, percent)
    )
    assert option.total == best


@pytest.mark.parametrize("seed", range(4))
def test_reserves_fill_the_places_of_those_who_refuse(seed: int) -> None:
    """Those left are those who stay and those who move up, never more than there were; the same draws each time."""
    result = run_layers(_crowded(seed))
    tried = refusals(result, draws=20)
    assert tried == refusals(result, draws=20)
    for trial, percent in zip(tried, (10, 20), strict=True):
        matched = len(result.matching)
        assert trial.refused == -(-matched * percent // 100)
        assert matched - trial.refused <= trial.worst_left <= matched
        assert 10 * trial.worst_left <= trial.mean_left <= 10 * matched
        assert trial.most_called <= trial.refused
        assert trial.mean_left == 10 * (matched - trial.refused) + trial.mean_called
        assert trial.most_at_a_place <= max(seat.capacity for seat in result.problem.seats)


@pytest.mark.parametrize("seed", range(3))
def test_nobody_moves_up_where_nobody_waits(seed: int) -> None:
    """If all have a place, or those who wait fit nowhere, what is left is those who stay."""
    problem = make_problem(random.Random(seed), 6, 12, tight=0.0, quotas=False, fixed=False)
    result = run_layers(problem)
    (trial,) = refusals(result, (20,), draws=10)
    able = [name for name in result.unmatched if result.receipt(name, effort=0).feasible]
    if not able:
        assert trial.most_called == 0
        assert trial.worst_left == len(result.matching) - trial.refused
