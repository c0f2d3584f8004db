"""The live matching after each event equals a run from scratch."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.matching.engine.incremental.book import NOWHERE, Book
from services.matching.engine.incremental.rotations import climb
from services.matching.engine.live import follower as live_follower
from services.matching.engine.live.follower import Follower, Ran
from services.matching.engine.live.matching import LiveMatching
from services.matching.engine.market.market import Market
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Fixed, Problem, SeatKind
from services.matching.engine.rules.pairing import Line, Pairing
from services.matching.engine.rules.scores import TIE_BITS
from shared.contracts.codes import Objective
from tests.unit.matching.engine.random_events import after, event, world
from tests.unit.matching.engine.worlds import DAY, HOMES, candidate, make_problem, problems


@given(problems(people=9, seats=6, quotas=False, fixed=False), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_one_alone_is_scored_as_in_a_whole_run(problem: Problem, dice: random.Random) -> None:
    """One candidate or one seat judged alone has the pairs, orders and keys of a run."""
    problem = replace(problem, seats=tuple(replace(seat, capacity=max(1, seat.capacity)) for seat in problem.seats))
    market, pairing = Market(problem), Pairing(problem)
    people, seats = list(problem.candidates), list(problem.seats)
    dice.shuffle(people)
    dice.shuffle(seats)
    seat_slots = {seat.id: pairing.seats.add(seat) for seat in seats}
    slots = {person.id: pairing.candidates.add(person) for person in people}
    columns = {seat.id: pairing.column(seat, seat_slots[seat.id]) for seat in seats}
    for place, applicant in enumerate(market.candidates):
        row, cut = pairing.row(applicant, slots[applicant.id]), market.pairs.row(place)
        wanted = [market.seats[at].id for at in market.pairs.seat[cut]]
        feasible = [seat for seat, slot in seat_slots.items() if row.own[slot]]
        assert sorted(feasible, key=lambda seat: -row.own[seat_slots[seat]]) == wanted
        assert [row.key[seat_slots[seat]] for seat in wanted] == market.pairs.key[cut].tolist()
        assert [row.own[seat_slots[seat]] - 1 >> TIE_BITS for seat in wanted] == market.pairs.gain[cut].tolist()
        for seat, slot in seat_slots.items():
            assert columns[seat].own[slots[applicant.id]] == row.own[slot]
            assert not row.own[slot] or columns[seat].key[slots[applicant.id]] == row.key[slot]


@given(seed=st.integers(0, 2**32), crowded=st.booleans())
@example(seed=37, crowded=True)
@settings(max_examples=60, deadline=None)
def test_every_event_gives_what_a_run_from_scratch_gives(seed: int, *, crowded: bool) -> None:
    """Through random events the matching equals a run, and all moves are reported."""
    dice = random.Random(seed)
    live = LiveMatching(world(dice, crowded=crowded))
    before = live.matching
    assert before == run(live.problem).matching
    for number in range(12):
        happening = event(dice, live.problem, before, number)
        if happening is None:
            continue
        name, happen = happening
        changes = happen(live)
        now = live.matching
        assert now == run(live.problem).matching, name
        moved = {
            candidate_id
            for candidate_id in before.keys() | now.keys()
            if before.get(candidate_id) != now.get(candidate_id)
        }
        assert [(move.candidate_id, move.before, move.after) for move in changes] == [
            (candidate_id, before.get(candidate_id), now.get(candidate_id)) for candidate_id in sorted(moved)
        ]
        before = now


def test_crowded_worlds_need_rotations() -> None:
    """The random events above open rotations: vacancy chains alone would not be enough."""
    turned = 0
    for seed in range(60):
        dice = random.Random(seed)
        live = LiveMatching(world(dice, crowded=True))
        for number in range(12):
            happening = event(dice, live.problem, live.matching, number)
            if happening is not None:
                happening[1](live)
        turned += live.rotations
    assert turned > 3


def test_a_candidate_who_leaves_without_a_seat_lets_two_others_change() -> None:
    """Irving & Leather's smallest rotation: when the candidate between two others leaves, both gain."""
    wants = {0: (1, 0), 1: (0, 1), 2: (1,)}
    takes = {0: (0, 1), 1: (1, 2, 0)}
    book = Book(3, 2, 1)
    for seat in takes:
        book.set_terms(seat, 1, 1, {}, bound=False)
    for candidate_id, seats in wants.items():
        own, key = np.zeros(2, np.int64), np.zeros(2, np.int64)
        for seat in seats:
            own[seat], key[seat] = 2 - seats.index(seat), 3 - takes[seat].index(candidate_id)
        book.set_row(candidate_id, 0, Line(own << TIE_BITS, key << TIE_BITS))
    book.enter([0, 1, 2])
    assert book.at.tolist() == [0, 1, NOWHERE]
    assert book.remove(2) == NOWHERE
    assert climb(book, ()) == 1
    assert book.at.tolist() == [1, 0, NOWHERE]


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_a_matching_that_is_known_can_be_taken_up(seed: int) -> None:
    """Started from a run's result, later events end the same as if all had entered."""
    dice = random.Random(seed)
    problem = world(dice, crowded=True)
    first, second = LiveMatching(problem), LiveMatching(problem, run(problem).matching)
    for number in range(6):
        happening = event(dice, first.problem, first.matching, number)
        if happening is not None:
            assert happening[1](first) == happening[1](second)


def test_a_pool_that_grows_beyond_its_arrays_stays_right() -> None:
    """With many more people, seats, countries and words the arrays grow, and the result is the same."""
    dice = random.Random(3)
    live = LiveMatching(make_problem(dice, 3, 2, tight=0.1, objective=Objective.STABLE, quotas=False))
    for number in range(60):
        live.arrive(replace(candidate(dice, f"n{number}", 4, 0.1), country=f"X{number % 30}"))
        if number % 3 == 0:
            seat = dice.choice(live.problem.seats)
            live.open(replace(seat, id=f"t{number}", topics=seat.topics | {f"topic {number}"}))
    assert live.matching == run(live.problem).matching
    assert len(live.matching) > 5


@given(seed=st.integers(0, 2**32), crowded=st.booleans(), aim=st.sampled_from(tuple(Objective)), quotas=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_problem_is_followed_to_what_a_run_gives(seed: int, *, crowded: bool, aim: Objective, quotas: bool) -> None:
    """Pairs, candidates without a seat and reasons equal those of a run, with quotas or the other objective."""
    dice = random.Random(seed)
    problem = world(dice, crowded=crowded)
    limits = {home: dice.randint(0, 9) for home in dice.sample(HOMES, 2)} if quotas else {}
    # Of the highest sum only what no country's share can bind is followed.
    share = 100 if aim is Objective.MOST_GOOD else problem.rules.share
    rules = replace(problem.rules, objective=aim, share=share, ceilings=limits, floors={"UA": 1} if quotas else {})
    problem, follower = replace(problem, rules=rules), Follower(run)
    for _ in range(5):
        result = run(problem)
        outcome, scratch = follower.follow(problem), Ran(result)
        assert outcome.pairs == scratch.pairs
        assert outcome.unmatched == scratch.unmatched
        assert [outcome.reason(candidate_id) for candidate_id in outcome.unmatched] == [
            scratch.reason(candidate_id) for candidate_id in scratch.unmatched
        ]
        assert follower.followed is None or result.matching == follower.followed[1]
        problem = after(problem, dice, dice.randint(0, 6))
    assert quotas or follower.runs < 5


def test_only_what_is_different_is_followed() -> None:
    """The same problem is no event, one arrival is one; another day, or a change of everything, is a new run."""
    dice = random.Random(4)
    problem = world(dice, crowded=True)
    follower = Follower(run)
    follower.follow(problem)
    assert follower.waits
    follower.begin()
    assert not follower.waits
    follower.follow(replace(problem, candidates=tuple(replace(candidate) for candidate in problem.candidates)))
    assert (follower.runs, follower.events) == (1, 0)
    follower.follow(replace(problem, candidates=(*problem.candidates, candidate(dice, "new", 4, 0.0))))
    assert (follower.runs, follower.events) == (1, 1)
    follower.follow(replace(problem, day=DAY + timedelta(days=1)))
    assert (follower.runs, follower.events) == (2, 1)
    follower.follow(replace(problem, candidates=tuple(candidate(dice, f"x{at}", 4, 0.0) for at in range(99))))
    assert (follower.runs, follower.events) == (3, 1)


def test_a_change_does_not_wait_for_what_is_taken_up_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a state is taken up in another thread a change is matched by a run; then it is followed."""
    dice = random.Random(4)
    problem = world(dice, crowded=True)
    follower, going, goes_on = Follower(run), Event(), Event()
    follower.follow(problem)

    def taken_up(*given: Any) -> LiveMatching:
        going.set()
        assert goes_on.wait(10)
        return LiveMatching(*given)

    with monkeypatch.context() as patch, ThreadPoolExecutor(1) as aside:
        patch.setattr(live_follower, "LiveMatching", taken_up)
        begun = aside.submit(follower.begin)
        assert going.wait(10)
        later = replace(problem, candidates=(*problem.candidates, candidate(dice, "new", 4, 0.0)))
        assert follower.follow(later).pairs == run(later).pairs
        assert (follower.runs, follower.events) == (2, 0)
        goes_on.set()
        begun.result()
    assert follower.follow(later).pairs == run(later).pairs
    assert (follower.runs, follower.events) == (2, 1)


def test_impossible_events_are_refused() -> None:
    """Groups, and shares under the highest sum, are not followed; impossible events are refused."""
    problem = make_problem(random.Random(1), 4, 3, tight=0.0, objective=Objective.STABLE, quotas=False, fixed=False)
    shared = replace(problem.seats[0], kind=SeatKind.PLACEMENT, capacity=5, share_exempt=False)
    best = replace(problem, rules=replace(problem.rules, objective=Objective.MOST_GOOD), seats=(shared,))
    with pytest.raises(ValueError, match="followed"):
        LiveMatching(best)
    with pytest.raises(ValueError, match="followed"):
        LiveMatching(replace(problem, candidates=(replace(problem.candidates[0], group_id="g"),)))
    live = LiveMatching(problem)
    pair = Fixed(candidate_id="c0", seat_id="s0", country="MD")
    live.fix(pair)
    with pytest.raises(ValueError, match="c0"):
        live.fix(pair)
    with pytest.raises(ValueError, match="c0"):
        live.arrive(problem.candidates[0])
    with pytest.raises(ValueError, match="s0"):
        live.open(problem.seats[0])
    for wrong in (live.leave, live.close, live.release):
        with pytest.raises(KeyError):
            wrong("nobody")
