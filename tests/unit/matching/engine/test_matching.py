"""A run depends on its problem and on nothing else."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Fixed, Problem, Rules, Weight
from services.matching.engine.rules.common_ground import terms
from shared.contracts.codes import Criterion, Objective
from tests.unit.matching.engine.worlds import make_problem, problems, shuffled


@given(problems(people=12, seats=6), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_the_order_of_arrival_does_not_matter(problem: Problem, seed: int) -> None:
    """The same parts in another order give the same pairs, prices, digest and receipts."""
    first, second = run(problem), run(shuffled(problem, random.Random(seed)))
    assert first.pairs == second.pairs
    assert first.digest == second.digest
    assert first.prices == second.prices
    assert list(first.receipts(effort=5)) == list(second.receipts(effort=5))


@given(problems(people=12, seats=6), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_fixed_pairs_are_never_touched(problem: Problem, seed: int) -> None:
    """Committed pairs stay, count in all limits, and their candidates are not in the pool."""
    dice = random.Random(seed)
    before = run(replace(problem, fixed=()))
    country = {candidate.id: candidate.country for candidate in problem.candidates}
    fixed = [
        Fixed(candidate_id=pair.candidate_id, seat_id=pair.seat_id, country=country[pair.candidate_id])
        for pair in before.pairs
        if dice.random() < 0.5
    ]
    live = run(replace(problem, fixed=tuple(fixed)))
    committed = {pair.candidate_id for pair in fixed}
    assert not committed & live.matching.keys()
    for seat in problem.seats:
        countries = [country[candidate_id] for candidate_id, at in live.matching.items() if at == seat.id]
        countries += [pair.country for pair in fixed if pair.seat_id == seat.id]
        assert len(countries) <= seat.capacity
    for home, most in problem.rules.ceilings.items():
        sent = sum(country[candidate_id] == home for candidate_id in live.matching) + sum(
            pair.country == home for pair in fixed
        )
        assert sent <= most


@given(problems(people=10, seats=5))
@settings(max_examples=50, deadline=None)
def test_ranks_obtained_and_unmatched_add_up(problem: Problem) -> None:
    """Everybody in the pool is matched or not, and ranks obtained count each match once."""
    result = run(problem)
    assert sum(result.ranks.values()) == len(result.pairs)
    assert len(result.pairs) + len(result.unmatched) == len(problem.candidates)
    for pair in result.pairs:
        receipt = result.receipt(pair.candidate_id, effort=0)
        assert receipt.match is not None
        assert (receipt.match.gain, receipt.match.preference) == (pair.gain, pair.preference)


@given(problems(people=10, seats=5))
@settings(max_examples=50, deadline=None)
def test_matched_sides_have_common_ground(problem: Problem) -> None:
    """A match always has a language, enough weeks, and a topic if the seat names any."""
    people = {candidate.id: candidate for candidate in problem.candidates}
    seats = {seat.id: seat for seat in problem.seats}
    for pair in run(problem).pairs:
        candidate, seat = people[pair.candidate_id], seats[pair.seat_id]
        common = terms(candidate, seat, problem.rules)
        assert common.language in candidate.languages
        assert common.topic is not None or not seat.topics
        if candidate.weeks is not None and seat.weeks is not None:
            assert len(common.weeks) >= problem.rules.common_weeks


def test_nobody_and_nothing_is_a_problem_too() -> None:
    """An empty call gives an empty result under either objective."""
    for objective in Objective:
        empty = make_problem(random.Random(0), 0, 0, tight=0.0, objective=objective)
        result = run(empty)
        assert (result.pairs, result.unmatched, result.feasible_pairs) == ((), (), 0)
        assert (result.prices.blocking_pairs, result.prices.of_best_ppm) == (0, 1_000_000)


def test_meaningless_problems_are_refused() -> None:
    """Duplicate people, negative weights and negative places raise ValueError."""
    problem = make_problem(random.Random(0), 2, 2, tight=0.0)
    with pytest.raises(ValueError, match="stands twice"):
        replace(problem, candidates=(problem.candidates[0], problem.candidates[0]))
    with pytest.raises(ValueError, match="Weights"):
        replace(problem, rules=Rules(weights={Criterion.TOPIC: Weight(-1, 0)}))
    with pytest.raises(ValueError, match="capacity"):
        replace(problem, seats=(replace(problem.seats[0], capacity=-1),))
