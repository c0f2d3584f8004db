"""The stable matching: stable, best for every candidate, and independent of the order of arrival."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.market.market import Market, Row
from services.matching.engine.problem.problem import Problem
from services.matching.engine.stable.deferred_acceptance import Admissions, admissions, stable
from shared.contracts.codes import Objective
from tests.unit.matching.engine.oracle import all_matchings, blocking, keys_of
from tests.unit.matching.engine.worlds import market_of, problems


def _matching(assigned: list[int]) -> dict[int, int]:
    return {candidate: seat for candidate, seat in enumerate(assigned) if seat >= 0}


@given(problems(people=14, seats=6, objective=Objective.STABLE, quotas=False))
@settings(max_examples=100, deadline=None)
def test_no_pair_blocks(problem: Problem) -> None:
    """There is no blocking pair under the seats' choice with its shares."""
    market = Market(problem)
    assigned, out = stable(market)
    assert not out
    assert not blocking(market, _matching(assigned))


@given(problems(people=5, seats=3, objective=Objective.STABLE, quotas=False))
@settings(max_examples=80, deadline=None)
def test_every_candidate_gets_the_best_stable_seat(problem: Problem) -> None:
    """Of all stable matchings this one gives each candidate the most wanted seat."""
    market = Market(problem)
    assigned, _ = stable(market)
    everywhere = [matching for matching in all_matchings(market) if not blocking(market, matching)]
    assert _matching(assigned) in everywhere
    for candidate, row in enumerate(keys_of(market)):
        order = [*row, -1]
        best = min(order.index(matching.get(candidate, -1)) for matching in everywhere)
        assert order[best] == assigned[candidate]


@given(problems(people=10, seats=5, objective=Objective.STABLE, quotas=False), st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_candidates_may_enter_in_any_order(problem: Problem, seed: int) -> None:
    """Deferred acceptance ends the same in any order of proposals (McVitie & Wilson, 1971), shares included."""
    market = Market(problem)
    order = list(range(len(market.candidates)))
    random.Random(seed).shuffle(order)
    state = Admissions(market)
    state.enter(order)
    assert state.assignment() == admissions(market).assignment()


@given(problems(people=10, seats=5, objective=Objective.STABLE, quotas=False), st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_a_false_wish_list_never_helps(problem: Problem, seed: int) -> None:
    """A candidate who states another order, or leaves seats out, gets no seat that he or she wants more."""
    market, dice = Market(problem), random.Random(seed)
    if not market.candidates:
        return
    liar = dice.randrange(len(market.candidates))
    row = market.rows[liar]
    order = [*row.seats, -1]
    honest = admissions(market).assignment()[liar]
    stated = dice.sample(range(len(row.seats)), dice.randint(0, len(row.seats)))
    state = Admissions(market).copy({liar: Row([row.seats[at] for at in stated], [row.keys[at] for at in stated])})
    state.enter(range(len(market.candidates)))
    assert order.index(state.assignment()[liar]) >= order.index(honest)


@given(problems(people=12, seats=5, objective=Objective.STABLE))
@settings(max_examples=80, deadline=None)
def test_ceilings_hold_and_the_rest_is_stable(problem: Problem) -> None:
    """No country sends more than its ceiling, and nobody who stayed in the pool blocks with a seat."""
    market = Market(problem)
    assigned, out = stable(market)
    for country, most in enumerate(market.quota):
        placed = sum(seat >= 0 and market.country[candidate] == country for candidate, seat in enumerate(assigned))
        assert most is None or placed <= max(0, most)
    assert all(assigned[candidate] < 0 for candidate in out)
    assert all(candidate in out for candidate, _ in blocking(market, _matching(assigned)))


EXAMPLES: dict[str, tuple[dict[str, str], dict[str, tuple[str, ...]], dict[str, str]]] = {
    "Gale & Shapley 1962, example 1: three couples, the men's first choices are stable": (
        {"m1": "ABC", "m2": "BCA", "m3": "CAB"},
        {"A": ("m2", "m3", "m1"), "B": ("m3", "m1", "m2"), "C": ("m1", "m2", "m3")},
        {"m1": "A", "m2": "B", "m3": "C"},
    ),
    "Gale & Shapley 1962, example 2: four couples, only one stable set, in which nobody gets a first choice": (
        {"m1": "ABCD", "m2": "ADCB", "m3": "BACD", "m4": "DBCA"},
        {
            "A": ("m4", "m3", "m1", "m2"),
            "B": ("m2", "m4", "m1", "m3"),
            "C": ("m4", "m1", "m2", "m3"),
            "D": ("m3", "m2", "m1", "m4"),
        },
        {"m1": "C", "m2": "D", "m3": "A", "m4": "B"},
    ),
    "Roth 1982, retold in Abdulkadiroğlu & Sönmez 2003, example 1: three students, stability costs efficiency": (
        {"i1": "bac", "i2": "abc", "i3": "abc"},
        {"a": ("i1", "i3", "i2"), "b": ("i2", "i1", "i3"), "c": ("i2", "i1", "i3")},
        {"i1": "a", "i2": "b", "i3": "c"},
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_published_examples(name: str) -> None:
    """The answer is the one that the paper prints."""
    wishes, orders, answer = EXAMPLES[name]
    market = market_of(wishes, orders)
    assigned, _ = stable(market)
    assert {candidate.id: market.seats[assigned[at]].id for at, candidate in enumerate(market.candidates)} == answer
    stable_ones = [
        matching
        for matching in all_matchings(market)
        if len(matching) == len(wishes) and not blocking(market, matching)
    ]
    assert len(stable_ones) == (3 if "example 1: three couples" in name else 1)
