"""The live matching of the highest sum equals a run from scratch after each event, with prices that prove it."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.incremental.best import Best
from services.matching.engine.kernels.exchange import GONE, NOWHERE, Exchange, tie_of
from services.matching.engine.kernels.tie_break_prices import settle
from services.matching.engine.live.follower import Follower, Ran
from services.matching.engine.live.matching import LiveMatching, can_follow
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Problem, SeatKind
from shared.contracts.codes import Objective
from tests.unit.matching.engine.random_events import after, event, world
from tests.unit.matching.engine.worlds import candidate


def _world(dice: random.Random, *, crowded: bool) -> Problem:
    """Return a pool with the highest sum as objective, in which no share of a country can bind."""
    problem = world(dice, crowded=crowded)
    return replace(problem, rules=replace(problem.rules, objective=Objective.MOST_GOOD, share=100))


def _followed(problem: Problem, known: int) -> LiveMatching:
    """Return the problem followed from nothing, from the prices of a run, or from its matching too."""
    ran = run(problem)
    return LiveMatching(problem, ran.matching if known > 1 else None, ran.seat_prices if known else None)


def _state(live: LiveMatching) -> Exchange:
    assert isinstance(live._book, Best)
    return live._book.state


def _proves(state: Exchange) -> bool:
    """Check that prices prove the matching: no pair is worth more than it costs, a matched one just as much."""
    here = [number for number in range(len(state.at)) if state.at[number] != GONE]
    for number in here:
        left = int(state.left_a[number]), int(state.left_b[number])
        own = int(state.at[number])
        assert left >= (0, 0)
        assert own != NOWHERE or left == (0, 0)
        for seat in np.flatnonzero(state.worth[number]).tolist():
            cost = int(state.price_a[seat]) + left[0], int(state.price_b[seat]) + left[1]
            worth = int(state.worth[number, seat]), int(tie_of(state.word[number], state.seat_word[seat]))
            assert cost >= worth
            assert seat != own or cost == worth
    for seat in range(len(state.free)):
        price = int(state.price_a[seat]), int(state.price_b[seat])
        assert price >= (0, 0)
        assert state.size[seat] <= state.free[seat]
        assert state.size[seat] == state.free[seat] or price == (0, 0)
    return True


@given(seed=st.integers(0, 2**32), crowded=st.booleans(), known=st.integers(0, 2))
@settings(max_examples=30, deadline=None)
def test_every_event_gives_what_a_run_from_scratch_gives(seed: int, *, crowded: bool, known: int) -> None:
    """Through random events the matching equals a run, is proven, and all moves are reported."""
    dice = random.Random(seed)
    live = _followed(_world(dice, crowded=crowded), known)
    before = live.matching
    assert before == run(live.problem).matching
    for number in range(12):
        happening = event(dice, live.problem, before, number)
        if happening is None:
            continue
        name, happen = happening
        changes = happen(live)
        now, ran = live.matching, run(live.problem)
        assert now == ran.matching, name
        assert tuple(live.pair_of(candidate_id) for candidate_id in sorted(now)) == ran.pairs
        assert _proves(_state(live))
        moved = {
            candidate_id
            for candidate_id in before.keys() | now.keys()
            if before.get(candidate_id) != now.get(candidate_id)
        }
        assert [(move.candidate_id, move.before, move.after) for move in changes] == [
            (candidate_id, before.get(candidate_id), now.get(candidate_id)) for candidate_id in sorted(moved)
        ]
        before = now


@given(seed=st.integers(0, 2**32), crowded=st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_points_of_a_run_settle_the_rest(seed: int, *, crowded: bool) -> None:
    """Matching and prices of a run give the whole proof at once; a worse matching gives none."""
    problem = _world(random.Random(seed), crowded=crowded)
    live, ran = _followed(problem, 0), run(problem)
    state = _state(live)
    best = state.at.copy()
    state.price_a[:] = 0
    for seat_id, points in ran.seat_prices.items():
        state.price_a[live._pairing.seats.place[seat_id]] = points
    for wrong in (False, True):
        state.at[state.at != GONE] = NOWHERE
        state.size[:] = 0
        wanted = best.copy()
        if wrong and not ran.matching:
            return
        if wrong:
            wanted[np.flatnonzero(wanted >= 0)[0]] = NOWHERE
        assert settle(state, wanted) is not wrong
        assert wrong or _proves(state)


def test_arrays_grow_for_more_people_and_seats() -> None:
    """The matching is still that of a run after arrays have grown for more people and seats."""
    dice = random.Random(4)
    problem = _world(dice, crowded=True)
    live = _followed(problem, 2)
    room = len(_state(live).at), len(_state(live).free)
    for number in range(60):
        live.arrive(replace(candidate(dice, f"m{number}", 3, 0.0), country="AM", weeks=None))
        terms = replace(problem.seats[0], id=f"w{number}", capacity=1 + number % 7)
        if number % 2:
            live.open(terms)
    assert len(_state(live).at) > room[0]
    assert len(_state(live).free) > room[1]
    assert live.matching == run(live.problem).matching
    assert _proves(_state(live))


def test_a_placement_with_a_share_is_not_followed() -> None:
    """A placement with a share needs a run each time, and cannot be opened in a followed matching."""
    problem = _world(random.Random(1), crowded=True)
    rules = replace(problem.rules, share=40)
    free = tuple(replace(seat, share_exempt=True) for seat in problem.seats)
    shared = replace(free[0], id="shared", kind=SeatKind.PLACEMENT, capacity=5, share_exempt=False)
    problem = replace(problem, rules=rules, seats=free)
    assert can_follow(problem)
    assert not can_follow(replace(problem, seats=(*free, shared)))
    with pytest.raises(ValueError, match="share"):
        LiveMatching(problem).open(shared)


def test_a_follower_goes_on_until_a_quota_binds_or_prices_run_away() -> None:
    """Changes are followed; a binding ceiling needs a run, and so does a price beyond its bounds."""
    dice = random.Random(11)
    problem = _world(dice, crowded=True)
    follower = Follower(run)
    follower.follow(problem)
    for _ in range(8):
        problem = after(problem, dice, 1)
        assert follower.follow(problem).pairs == run(problem).pairs
    assert follower.events >= 4
    assert follower.runs == 1
    sent = {candidate.country: 0 for candidate in problem.candidates}
    assert run(problem).matching
    tight = replace(problem, rules=replace(problem.rules, ceilings=sent))
    assert isinstance(follower.follow(tight), Ran)
    follower.follow(problem)
    follower.begin()
    assert follower._live is not None
    slot = follower._live._pairing.candidates.place[problem.candidates[-1].id]
    _state(follower._live).left_b[slot] = 1 << 61
    fewer = replace(problem, candidates=problem.candidates[1:])
    with pytest.raises(OverflowError):
        follower.follow(fewer)
    assert follower.follow(fewer).pairs == run(fewer).pairs
