"""The stored rounds of a run answer questions as a new run would."""

import random
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.explain.rounds import Rounds
from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import Problem
from services.matching.engine.solution import solve
from shared.contracts.codes import Objective
from tests.unit.matching.engine.worlds import HOMES, candidate, make_problem


def bounded(dice: random.Random) -> Problem:
    """Return far more people than places, mostly of countries with a ceiling, some with a floor."""
    problem = make_problem(dice, dice.randint(4, 24), dice.randint(1, 6), tight=0.05, objective=Objective.STABLE)
    limits = {home: dice.randint(0, 6) for home in dice.sample(HOMES, dice.randint(1, 3))}
    floors = {dice.choice(HOMES): dice.randint(1, 2)} if dice.random() < 0.3 else {}
    return replace(problem, rules=replace(problem.rules, ceilings=limits, floors=floors))


def _one_change(dice: random.Random, market: Market, rounds: Rounds) -> tuple[Sequence[int] | None, Sequence[int]]:
    """Return the answer of the rounds about a change, and that of a new run."""
    number = dice.randrange(len(market.candidates))
    own = market.candidates[number]
    kind = dice.choice(("row", "row", "places", "quota"))
    if kind == "row":
        changed = replace(candidate(dice, own.id, len(market.seats), 0.05), country=own.country, group_size=1)
        seat = rounds.with_row(number, market.row_of(changed))
        return None if seat is None else [seat], [solve(market.with_candidate(changed)).assigned[number]]
    if kind == "quota" and own.country in market.problem.rules.ceilings:
        ceilings = {**market.problem.rules.ceilings}
        ceilings[own.country] += 1
        problem = replace(market.problem, rules=replace(market.problem.rules, ceilings=ceilings))
        return rounds.with_quota(number), solve(Market(problem)).assigned
    at, more = dice.randrange(len(market.seats)), dice.randint(1, 3)
    wider = market.with_places(at, more)
    fresh = solve(wider).assigned
    if market.free[at] == 0 or market.used[at]:
        return None, fresh
    return rounds.with_places(at, more, wider.free[at], wider.shares[at]), fresh


@given(st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_one_change_leads_to_the_result_of_a_new_run(seed: int) -> None:
    """Another row, more places or one more of a country: the seats of a new run, or no answer."""
    dice = random.Random(seed)
    market = Market(bounded(dice))
    if market.candidates:
        rounds = Rounds(market)
        for _ in range(6):
            known, fresh = _one_change(dice, market, rounds)
            assert known is None or list(known) == list(fresh)


def test_most_changes_need_no_new_run() -> None:
    """Without floors only a full seat, or a country that may send nobody, needs a new run."""
    dice = random.Random(7)
    tried = answered = 0
    for _ in range(40):
        problem = bounded(dice)
        market = Market(replace(problem, fixed=(), rules=replace(problem.rules, floors={})))
        rounds = Rounds(market)
        for _ in range(6):
            tried += 1
            answered += _one_change(dice, market, rounds)[0] is not None
    assert answered > 0.8 * tried
