"""Overrides of the matching: rules of law, and the true price."""

import random
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.matching.engine.interventions.manual import LAW, weigh
from services.matching.engine.layers import run_layers
from services.matching.engine.problem.problem import Fixed, Problem
from shared.contracts.codes import HardRule
from tests.unit.matching.engine.oracle import broken, same_kind
from tests.unit.matching.engine.worlds import problems


@given(problems(people=7, seats=4), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_the_price_is_what_happens(problem: Problem, seed: int) -> None:
    """Broken rules are those of the oracle; losers, movers and points are those of a run with the override."""
    dice = random.Random(seed)
    pairs = [
        (candidate, seat) for candidate in problem.candidates for seat in problem.seats if same_kind(candidate, seat)
    ]
    assume(pairs)
    candidate, seat = dice.choice(pairs)
    found = weigh(problem, problem, candidate.id, seat.id)
    # Of a seat without any place there is no share to be used up.
    share = set() if seat.capacity else {HardRule.SHARE_OF_OFFER}
    assert {*found.forbidden, *found.waived} - share == set(broken(problem, candidate, seat)) - share
    assert set(found.forbidden) <= LAW
    assert not set(found.waived) & LAW
    if HardRule.CAPACITY in found.forbidden:
        return
    pair = Fixed(candidate_id=candidate.id, seat_id=seat.id, country=candidate.country)
    before = run_layers(problem)
    after = run_layers(replace(problem, fixed=(*problem.fixed, pair)))
    now = {**after.matching, candidate.id: seat.id}
    assert set(found.losers) == before.matching.keys() - now.keys()
    others = (before.matching.keys() & now.keys()) - {candidate.id}
    assert set(found.movers) == {who for who in others if before.matching[who] != now[who]}
    option = found.receipt.match
    assert option is not None
    assert found.points == before.prices.total - after.prices.total - option.gain - option.preference - 1


@given(problems(people=7, seats=4))
@settings(max_examples=80, deadline=None)
def test_the_engines_own_choice_costs_nothing(problem: Problem) -> None:
    """The engine's own choice as an override sets no rule aside and makes no pair block."""
    for candidate_id, seat_id in run_layers(problem).matching.items():
        found = weigh(problem, problem, candidate_id, seat_id)
        assert (found.forbidden, found.waived) == ((), ())
        if not (problem.rules.ceilings or problem.rules.floors):
            assert (found.blocking, found.points) == (0, 0) or problem.rules.objective == "most_good"
