"""A swept market gives the same as one with all its pairs in memory."""

import random
from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine.explain.chains import Chains
from services.matching.engine.explain.prices import blocking_pairs, total_of
from services.matching.engine.market import market as market_module
from services.matching.engine.market.market import Market, Row
from services.matching.engine.matching import Result
from services.matching.engine.problem.problem import WEIGHTS, Problem, Weight
from services.matching.engine.solution import Solution, solve
from services.matching.engine.stable.deferred_acceptance import stable
from shared.contracts.codes import LanguageLevel, Objective
from tests.unit.matching.engine.oracle import blocking
from tests.unit.matching.engine.worlds import make_problem, problems

pytest.importorskip("numba")
# A market of more than 64 seats takes a third of a second each time.
AT_ONCE = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def all_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweep the smallest market too."""
    monkeypatch.setattr(market_module, "SWEPT_FROM", 0)


def both(problem: Problem) -> tuple[Market, Market]:
    """Return the market swept, and with all its pairs."""
    swept, whole = Market(problem), Market(problem)
    whole.pairs = whole.all_pairs()
    assert swept.sweep is not None
    assert whole.sweep is None
    return swept, whole


@pytest.mark.usefixtures("all_swept")
@given(problems(people=12, seats=70), st.sampled_from((1, 30, 2_000)))
@AT_ONCE
def test_a_sweep_finds_the_same_matching_and_receipts(problem: Problem, heavier: int) -> None:
    """Pairs, ranks, prices, ceilings and receipts are equal, whether sums take 16 bits or 32."""
    weights = {name: Weight(weight.applicant * heavier, weight.host * heavier) for name, weight in WEIGHTS.items()}
    problem = replace(problem, rules=replace(problem.rules, weights=weights))
    swept, whole = both(problem)
    solution = solve(swept)
    assert solution.assigned == solve(whole).assigned
    assert solution.beyond_quota == solve(whole).beyond_quota
    first, second = Result(swept, solution), Result(whole, solution)
    assert first.pairs == second.pairs
    assert first.ranks == second.ranks
    assert first.prices == second.prices
    assert first.feasible_pairs == second.feasible_pairs
    for mine, counted in zip(astuple(first.explained), astuple(second.explained), strict=True):
        assert np.array_equal(mine, counted)
    assert list(first.receipts(effort=4)) == list(second.receipts(effort=4))
    for name in ("starts", "seat", "key", "gain", "preference"):
        assert np.array_equal(getattr(swept.pairs, name), getattr(whole.pairs, name))
    for seat in problem.seats:
        assert first.next_in_line(seat.id) == second.next_in_line(seat.id)


@pytest.mark.usefixtures("all_swept")
@given(problems(people=10, seats=6), st.integers(0, 2**32))
@AT_ONCE
def test_a_sweep_counts_the_blocking_pairs_of_any_matching(problem: Problem, seed: int) -> None:
    """For a random matching, the sum and the blocking pairs are those of the pairs, and of the definition."""
    swept, whole = both(replace(problem, rules=replace(problem.rules, ceilings={})))
    dice = random.Random(seed)
    free, assigned = list(whole.free), list[int]()
    left = [dict(used) for used in whole.used]
    for candidate, row in enumerate(whole.rows):
        own = whole.country[candidate]
        lawful = [at for at in row.seats if free[at] and left[at].get(own, 0) < whole.shares[at]]
        seat = dice.choice([*lawful, -1])
        assigned.append(seat)
        if seat >= 0:
            free[seat] -= 1
            left[seat][own] = left[seat].get(own, 0) + 1
    assert blocking_pairs(swept, assigned) == blocking_pairs(whole, assigned)
    assert total_of(swept, assigned) == total_of(whole, assigned)
    assert blocking_pairs(swept, assigned) == len(
        blocking(whole, {candidate: seat for candidate, seat in enumerate(assigned) if seat >= 0})
    )


@pytest.mark.usefixtures("all_swept")
@given(problems(people=9, seats=4, objective=Objective.STABLE, quotas=False), st.integers(0, 2**32))
@AT_ONCE
def test_chains_of_a_sweep_agree_with_a_new_run(problem: Problem, seed: int) -> None:
    """With another row or more places a candidate gets a seat exactly when a run from scratch says so."""
    dice, (market, _) = random.Random(seed), both(problem)
    assigned, _ = stable(market)
    chains = Chains(market, assigned)
    for candidate in (candidate for candidate, seat in enumerate(assigned) if seat < 0):
        person = market.candidates[candidate]
        person = replace(person, languages=dict.fromkeys(person.languages, LanguageLevel.C2), first_time=True)
        row = market.row_of(person)
        changed = market.with_candidate(person)
        people = tuple(person if other.id == person.id else other for other in problem.candidates)
        assert stable(changed) == stable(Market(replace(problem, candidates=people)))
        brought_in = stable(changed)[0][candidate] >= 0
        assert chains.enters(candidate, Row(row.seat.tolist(), row.key.tolist())) == brought_in
        for seat in range(len(market.seats)):
            extra = dice.randint(1, 3)
            more = market.with_places(seat, extra)
            if more.rules is market.rules:
                wider = replace(market.seats[seat], capacity=market.seats[seat].capacity + extra)
                seats = tuple(wider if other.id == wider.id else other for other in problem.seats)
                fresh = Market(replace(problem, seats=seats))
                assert stable(more) == stable(fresh)
                assert blocking_pairs(more, assigned) == blocking_pairs(fresh, assigned)
                brought_in = stable(more)[0][candidate] >= 0
                assert chains.moves_up(candidate, seat, more.free[seat], more.shares[seat]) == brought_in


def test_long_wish_lists_give_the_same_matching() -> None:
    """With lists far longer than a block, and most refused, the matching is the same."""
    for seed in range(4):
        problem = make_problem(random.Random(seed), 1_500, 60, tight=0.1, objective=Objective.STABLE, fixed=False)
        swept, whole = both(problem)
        assert stable(swept) == stable(whole)
        assigned = stable(whole)[0]
        assert blocking_pairs(swept, assigned) == blocking_pairs(whole, assigned)


def test_points_beyond_a_byte_are_matched_without_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training need of 200 points, which no contract allows, is not cut: the market then stores its pairs."""
    monkeypatch.setattr(market_module, "SWEPT_FROM", 0)
    problem = make_problem(random.Random(3), 8, 6, tight=0.0)
    home, topic = problem.candidates[0].country, problem.candidates[0].topics[0]
    market = Market(replace(problem, rules=replace(problem.rules, needs={(home, topic): 200})))
    assert market.sweep is None
    assert isinstance(solve(market), Solution)


def test_without_the_compiler_the_pairs_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without numba a large market is matched by numpy."""
    problem = make_problem(random.Random(4), 900, 60, tight=0.0, objective=Objective.STABLE, fixed=False)
    assert Market(problem).sweep is not None
    swept = solve(Market(problem)).assigned
    monkeypatch.setattr(market_module, "COMPILED", False)
    market = Market(problem)
    assert market.sweep is None
    assert solve(market).assigned == swept
