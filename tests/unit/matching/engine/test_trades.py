"""One shortest path gives the result of a whole run of a changed market, under the highest sum."""

import random
from dataclasses import replace

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from services.matching.engine.explain.counterfactual import Counterfactual, Search, _Trial, _trials
from services.matching.engine.explain.trades import Trades
from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import Problem
from services.matching.engine.solution import solve
from services.matching.engine.stable.deferred_acceptance import UNMATCHED
from shared.contracts.codes import Change, Objective
from tests.unit.matching.engine.random_events import world


def _beyond(change: Counterfactual) -> bool:
    """Return whether a single change is of a kind not tried by size: at any seat, or more expertise."""
    if change.change is Change.MORE_EXPERTISE:
        return change.count is not None
    return change.change in {Change.RANK_GROUP, Change.SMALLER_GROUP, Change.MORE_PLACES, Change.PLACES_IN_WEEK}


def _world(seed: int, *, crowded: bool) -> Problem:
    problem = world(random.Random(seed), crowded=crowded)
    return replace(problem, rules=replace(problem.rules, objective=Objective.MOST_GOOD, share=100))


@given(seed=st.integers(0, 2**32), crowded=st.booleans())
@settings(max_examples=25, deadline=None)
def test_each_change_leads_where_a_run_leads(seed: int, *, crowded: bool) -> None:
    """For candidates without a seat, each change gives the seat, or none, of the changed run."""
    market = Market(_world(seed, crowded=crowded))
    solution = solve(market)
    trades = Trades.of(market, solution)
    assume(trades is not None)
    assert trades is not None
    for candidate, seat in enumerate(solution.assigned):
        if seat != UNMATCHED:
            continue
        for size in (1, 2):
            for trial in _trials(market, candidate, size):
                if trial.candidate is not None:
                    predicted = trades.with_row(candidate, market.row_of(trial.candidate))
                    assert predicted == solve(market.with_candidate(trial.candidate)).assigned[candidate]
                elif trial.seat is not None and trial.market is not None:
                    by_path = trades.with_places(candidate, trial.seat, size)
                    if market.free[trial.seat] == 0 or market.used[trial.seat]:
                        assert by_path is None
                    else:
                        assert by_path == solve(trial.market()).assigned[candidate]


@example(seed=6, crowded=False)  # an area of expertise that only the officer gains by: no seat orders anybody otherwise
@given(seed=st.integers(0, 2**32), crowded=st.booleans())
@settings(max_examples=5, deadline=None)
def test_no_smallest_change_is_left_out(seed: int, *, crowded: bool) -> None:
    """Running every change, from the smallest size on, finds those that the search finds."""
    market = Market(_world(seed, crowded=crowded))
    solution = solve(market)
    search = Search(market, solution)
    for candidate, seat in enumerate(solution.assigned):
        if seat != UNMATCHED:
            continue
        enough: list[Change] = []
        for size in (1, 2, 3):
            enough = enough or [
                trial.change for trial in _trials(market, candidate, size) if _seat_under(market, candidate, trial) >= 0
            ]
        smallest, _ = search.smallest(candidate, 10_000)
        # Where no single change is enough, the smallest is a set, or a larger change.
        assert not enough or [each.change for each in smallest] == enough
        assert all(each.beside or each.steps > 3 or _beyond(each) for each in smallest if not enough)


def _seat_under(market: Market, candidate: int, trial: _Trial) -> int:
    if trial.candidate is not None:
        return solve(market.with_candidate(trial.candidate)).assigned[candidate]
    assert trial.market is not None
    return solve(trial.market()).assigned[candidate]


def test_receipts_come_from_runs_if_quotas_or_shares_bind() -> None:
    """With ceilings, floors or binding shares the receipts come from runs."""
    problem = _world(5, crowded=True)
    ceiling = replace(problem, rules=replace(problem.rules, ceilings={"AM": 1}))
    floor = replace(problem, rules=replace(problem.rules, floors={"AM": 1}))
    seats = tuple(replace(seat, capacity=5, share_exempt=False) for seat in problem.seats)
    shared = replace(problem, seats=seats, fixed=(), rules=replace(problem.rules, share=20))
    for bound in (ceiling, floor, shared):
        market = Market(bound)
        assert Trades.of(market, solve(market)) is None
    market = Market(problem)
    solution = solve(market)
    assert Trades.of(market, solution) is not None
    assert Search(market, solution)._trades is not None
