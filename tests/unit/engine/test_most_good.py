"""Is the highest sum the highest, and do prices measure what they say?"""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.market import Market
from services.matching.engine.matching import run
from services.matching.engine.most_good import most_good
from services.matching.engine.prices import blocking_pairs, total_of
from services.matching.engine.problem import Problem
from services.matching.engine.stable import stable
from shared.contracts.codes import Objective
from tests.unit.engine.oracle import all_matchings, blocking, lawful
from tests.unit.engine.worlds import HOMES, problems


def _matching(assigned: list[int]) -> dict[int, int]:
    return {one: seat for one, seat in enumerate(assigned) if seat >= 0}


def _sum(market: Market, matching: dict[int, int]) -> int:
    return total_of(market, [matching.get(one, -1) for one in range(len(market.candidates))])


@given(problems(people=5, seats=3, objective=Objective.MOST_GOOD))
@settings(max_examples=200, deadline=None)
def test_no_lawful_matching_has_a_higher_sum(problem: Problem) -> None:
    """Among all lawful matchings, listed one by one, none beats the flow; capacities, shares and ceilings hold."""
    market = Market(problem)
    found = _matching(most_good(market))
    assert lawful(market, found)
    assert _sum(market, found) == max(_sum(market, one) for one in all_matchings(market))


@given(problems(people=5, seats=3, objective=Objective.MOST_GOOD), st.sampled_from(("AM", "GE")), st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_floors_come_before_points(problem: Problem, country: str, floor: int) -> None:
    """As many of a country go as its floor asks for and any lawful matching allows; what is missing is named."""
    problem = replace(problem, rules=replace(problem.rules, floors={country: floor}))
    market = Market(problem)
    fixed = sum(pair.country == country for pair in problem.fixed)

    def reached(matching: dict[int, int]) -> int:
        sent = Counter(market.countries[market.country[one]] for one in matching)
        return min(floor, fixed + sent[country])

    possible = list(all_matchings(market))
    best = max(reached(one) for one in possible)
    found = _matching(most_good(market))
    assert reached(found) == best
    assert _sum(market, found) == max(_sum(market, one) for one in possible if reached(one) == best)
    missing = floor - reached(found)
    assert run(problem).unmet_floors == ({country: missing} if missing else {})


@given(problems(people=10, seats=5, quotas=False), st.booleans())
@settings(max_examples=200, deadline=None)
def test_blocking_pairs_are_counted_by_the_definition(problem: Problem, good: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    """The price of a matching in blocking pairs is what the definition gives when each pair is tried."""
    market = Market(problem)
    assigned = most_good(market) if good else stable(market)[0]
    assert blocking_pairs(market, assigned) == len(blocking(market, _matching(assigned)))
    alone = [-1] * len(market.candidates)
    assert blocking_pairs(market, alone) == len(blocking(market, {}))


@given(problems(people=10, seats=5))
@settings(max_examples=150, deadline=None)
def test_nobody_beyond_a_ceiling_blocks(problem: Problem) -> None:
    """Somebody without a seat whose country has reached its ceiling blocks nothing; all others are counted."""
    market = Market(replace(problem, fixed=(), rules=replace(problem.rules, ceilings=dict.fromkeys(HOMES, 1))))
    assigned, _ = stable(market)
    matching = _matching(assigned)
    sent = Counter(market.country[one] for one in matching)
    full = {country for country, most in enumerate(market.quota) if most is not None and sent[country] >= most}
    counted = [one for one, _ in blocking(market, matching) if one in matching or market.country[one] not in full]
    assert blocking_pairs(market, assigned) == len(counted)


@given(problems(people=8, seats=4))
@settings(max_examples=100, deadline=None)
def test_both_prices_of_a_run(problem: Problem) -> None:
    """A stable run has no blocking pair and at most the best sum; a run for the sum has all of it."""
    result = run(problem)
    prices = result.prices
    assert 0 <= prices.total <= prices.best
    assert prices.total == sum(pair.gain + pair.preference + 1 for pair in result.pairs)
    if problem.rules.objective is Objective.MOST_GOOD:
        assert prices.of_best_ppm == 1_000_000
    elif not problem.rules.ceilings:
        assert prices.blocking_pairs == 0
