"""Wishes order the seats of a candidate as the rules say, and no seat sees them."""

import random
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine.layers import run_layers
from services.matching.engine.live.matching import LiveMatching, can_follow
from services.matching.engine.market import market as market_module
from services.matching.engine.market.market import COMPILED, Market
from services.matching.engine.matching import Result, run
from services.matching.engine.optimal.shortlist import PairTable
from services.matching.engine.problem.digest import digest
from services.matching.engine.problem.document import dumps, loads
from services.matching.engine.problem.problem import Candidate, Problem, Rules, Seat, SeatKind, Weight
from services.matching.engine.solution import solve
from shared.contracts.codes import (
    MOST_WISHES,
    ApplicationKind,
    Criterion,
    LanguageLevel,
    Objective,
    RankGroup,
    Wishes,
    WishMissed,
)
from tests.unit.matching.engine.random_events import event, world
from tests.unit.matching.engine.worlds import DAY, make_problem, problems

COUNTED = (Wishes.WISHES_FIRST, Wishes.WISHES_AMONG_EQUALS)


def wishing(problem: Problem, rule: Wishes, seed: int = 0) -> Problem:
    """Return the problem with random wishes, of seats that there are not too, and a rule for them."""
    dice = random.Random(seed)
    seats = [*sorted(seat.id for seat in problem.seats)[:MOST_WISHES], "nowhere"]
    people = tuple(
        replace(candidate, wishes=tuple(dice.sample(seats, dice.randint(0, min(len(seats), MOST_WISHES)))))
        for candidate in problem.candidates
    )
    return replace(problem, candidates=people, rules=replace(problem.rules, wishes=rule))


def level(problem: Problem) -> Problem:
    """Return the problem with scores of which many are equal."""
    weights = {Criterion.TOPIC: Weight(1, 0), Criterion.LANGUAGE: Weight(0, 1)}
    return replace(problem, rules=replace(problem.rules, weights=weights))


@given(problems(people=8, seats=6), st.sampled_from(COUNTED), st.integers(0, 99))
@settings(max_examples=80, deadline=None)
def test_a_candidate_orders_seats_by_wishes_as_the_rule_says(problem: Problem, rule: Wishes, seed: int) -> None:
    """Under one rule wishes come before points, under the other they part equal points; scores and keys stay."""
    problem = level(problem) if seed % 2 else problem
    wished = Market(wishing(problem, rule, seed))
    plain = Market(replace(problem, rules=wished.problem.rules))
    for place, candidate in enumerate(wished.candidates):
        cut, before = wished.pairs.row(place), plain.pairs.row(place)
        known = {
            seat: (key, gain, preference)
            for seat, key, gain, preference in zip(*(part[before] for part in _parts(plain)), strict=True)
        }
        rows = zip(*(part[cut] for part in _parts(wished)), strict=True)
        assert {seat: rest for seat, *rest in map(tuple, rows)} == {seat: list(rest) for seat, rest in known.items()}
        by_points = plain.pairs.seat[before].tolist()
        wishes = {wished.seat_place[id_]: at for at, id_ in enumerate(candidate.wishes) if id_ in wished.seat_place}

        def wanted(seat: int, wishes: dict[int, int] = wishes, known: Any = known, first: Any = by_points) -> Any:
            wish, gain = wishes.get(seat, MOST_WISHES), -int(known[seat][1])
            return ((wish, gain) if rule is Wishes.WISHES_FIRST else (gain, wish)), first.index(seat)

        assert wished.pairs.seat[cut].tolist() == sorted(by_points, key=wanted)


def _parts(market: Market) -> tuple[Any, ...]:
    pairs = market.pairs
    return pairs.seat, pairs.key, pairs.gain, pairs.preference


@given(problems(), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_wishes_change_nothing_where_points_alone_count(problem: Problem, seed: int) -> None:
    """Under the rule of points the matching is that without wishes; so it is for the highest sum under each rule."""
    assert run(wishing(problem, Wishes.SCORES, seed)).matching == run(problem).matching
    highest = replace(problem, rules=replace(problem.rules, objective=Objective.MOST_GOOD))
    for rule in COUNTED:
        found = run(wishing(highest, rule, seed))
        assert (found.matching, found.prices.total) == (run(highest).matching, run(highest).prices.total)


@pytest.mark.skipif(not COMPILED, reason="a sweep needs numba")
@given(problems(people=12, seats=70), st.sampled_from(COUNTED), st.sampled_from((1, 30, 500)))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_sweep_counts_wishes_as_the_plain_engine(
    monkeypatch: pytest.MonkeyPatch, problem: Problem, rule: Wishes, heavier: int
) -> None:
    """Pairs, matching, prices, receipts in columns and weights of the highest sum are equal."""
    monkeypatch.setattr(market_module, "SWEPT_FROM", 0)
    weights = {name: Weight(was.applicant * heavier, was.host * heavier) for name, was in problem.rules.weights.items()}
    problem = wishing(replace(problem, rules=replace(problem.rules, weights=weights)), rule)
    swept, whole = Market(problem), Market(problem)
    whole.pairs = whole.all_pairs()
    assert swept.sweep is not None
    for name in ("starts", "seat", "key", "gain", "preference"):
        assert np.array_equal(getattr(swept.pairs, name), getattr(whole.pairs, name))
    solution = solve(swept)
    assert solution.assigned == solve(whole).assigned
    first, second = Result(swept, solution), Result(whole, solution)
    assert (first.pairs, first.ranks, first.prices) == (second.pairs, second.ranks, second.prices)
    for mine, counted in zip(astuple(first.explained), astuple(second.explained), strict=True):
        assert np.array_equal(mine, counted)
    tables = PairTable(swept), PairTable(whole)
    worth = [
        {
            (candidate, seat): weight
            for candidate, seat, weight in zip(
                table.owner(np.arange(table.count)), table.seat(slice(None)), table.weight(slice(None)), strict=True
            )
        }
        for table in tables
    ]
    assert worth[0] == worth[1]


@pytest.mark.parametrize("rule", COUNTED)
def test_wishes_are_followed_event_by_event(rule: Wishes) -> None:
    """After each event, a change of wishes too, the live matching and its scores equal a run from scratch."""
    for seed in range(3):
        dice = random.Random(seed)
        live = LiveMatching(wishing(world(dice, crowded=True), rule, seed))
        for at in range(12):
            happening = event(dice, live.problem, live.matching, at)
            if happening is not None:
                happening[1](live)
            other = dice.choice(wishing(live.problem, rule, at).candidates)
            if other.id in live.pool:
                live.change(other)
            found = run(live.problem)
            assert live.matching == found.matching
            pairs = [live.pair_of(candidate_id) for candidate_id in sorted(live.pool)]
            assert tuple(pair for pair in pairs if pair is not None) == found.pairs


def test_an_order_that_is_too_wide_to_follow_is_run() -> None:
    """Weights at the most that a call allows are matched with wishes, but not followed event by event."""
    problem = wishing(make_problem(random.Random(4), 12, 6, tight=0.0, quotas=False), Wishes.WISHES_FIRST)
    heavy = replace(problem, rules=replace(problem.rules, weights=dict.fromkeys(Criterion, Weight(1000, 1000))))
    assert can_follow(problem)
    assert not can_follow(heavy)
    assert run(heavy).matching


def test_wishes_that_cannot_be_counted_are_refused() -> None:
    """Too many wishes, one twice, and weights too great to stand beside wishes are no problem."""
    problem = make_problem(random.Random(1), 1, 3, tight=0.0)
    for wishes in (("s0", "s0"), tuple(f"w{number}" for number in range(MOST_WISHES + 1))):
        with pytest.raises(ValueError, match="Wishes of c0"):
            replace(problem, candidates=(replace(problem.candidates[0], wishes=wishes),))
    rules = replace(problem.rules, wishes=Wishes.WISHES_FIRST, weights={Criterion.TOPIC: Weight(40_000, 0)})
    with pytest.raises(ValueError, match="too great"):
        replace(problem, rules=rules)


def test_the_order_and_the_rule_are_written_and_hashed() -> None:
    """A document keeps order and rule, and either changes the digest; without both it is that of earlier runs."""
    before = make_problem(random.Random(2), 3, 3, tight=0.0)
    problem = wishing(before, Wishes.WISHES_FIRST)
    ordered = replace(problem.candidates[0], wishes=("s0", "s1"))
    others = [
        before,
        replace(problem, candidates=(ordered,)),
        replace(problem, candidates=(replace(ordered, wishes=("s1", "s0")),)),
        replace(problem, candidates=(ordered,), rules=replace(problem.rules, wishes=Wishes.WISHES_AMONG_EQUALS)),
    ]
    assert len({digest(each) for each in others}) == len(others)
    assert [digest(loads(dumps(each))) for each in others] == [digest(each) for each in others]
    assert b"wishes" not in dumps(before)


def _officer(identity: str, *wishes: str) -> Candidate:
    return Candidate(
        id=identity,
        kind=ApplicationKind.STUDY_VISIT,
        country="AM",
        organisation_id="home",
        rank_group=RankGroup.OPERATIONAL,
        languages={"en": LanguageLevel.B2},
        topics=("online_crime",),
        wishes=wishes,
    )


def _place(identity: str, topic: str = "online_crime") -> Seat:
    return Seat(
        id=identity,
        kind=SeatKind.PLACEMENT,
        country="FR",
        organisation_id="host",
        capacity=1,
        languages={"en": LanguageLevel.B1},
        topics=frozenset({topic}),
    )


def test_a_receipt_says_why_a_match_is_not_the_first_wish() -> None:
    """A taken wish went to others whom the host puts first; one that a rule leaves out is named as unsuitable."""
    problem = Problem(
        call_id="call",
        day=DAY,
        seed="seed",
        candidates=(_officer("x", "a", "b"), _officer("y", "a", "b")),
        seats=(_place("a"), _place("b"), _place("c", "drug_trafficking")),
        rules=Rules(share=100, wishes=Wishes.WISHES_FIRST),
    )
    found = run(problem)
    assert set(found.matching.values()) == {"a", "b"}
    missed = found.receipt(next(officer for officer, seat in found.matching.items() if seat == "b")).missed
    assert missed is not None
    assert (missed.seat_id, missed.why) == ("a", WishMissed.OUTRANKED)
    alone = replace(problem, candidates=(_officer("z", "c"),))
    missed = run(alone).receipt("z").missed
    assert missed is not None
    assert (missed.seat_id, missed.why) == ("c", WishMissed.UNSUITABLE)
    scores = replace(alone, rules=replace(alone.rules, wishes=Wishes.SCORES))
    assert run(scores).receipt("z").missed is None


def test_a_receipt_names_the_first_wish_even_if_the_match_has_more_points() -> None:
    """Among equal points the first wish loses to a seat with more points, and the receipt says so."""
    officer = replace(_officer("x", "b", "a"), topics=("online_crime", "drug_trafficking"))
    problem = Problem(
        call_id="call",
        day=DAY,
        seed="seed",
        candidates=(officer,),
        seats=(_place("a"), _place("b", "drug_trafficking")),
        rules=Rules(share=100, wishes=Wishes.WISHES_AMONG_EQUALS),
    )
    receipt = run(problem).receipt("x")
    assert receipt.match is not None
    assert receipt.missed is not None
    assert (receipt.match.seat_id, receipt.match.rank) == ("a", 1)
    assert (receipt.missed.seat_id, receipt.missed.why) == ("b", WishMissed.POINTS)
    first = replace(problem, rules=replace(problem.rules, wishes=Wishes.WISHES_FIRST))
    assert run(first).receipt("x").missed is None


def test_a_receipt_names_the_first_wish_before_a_later_one_that_was_taken() -> None:
    """With the first wish left out by a rule and the second given to another, a receipt names the first."""
    problem = Problem(
        call_id="call",
        day=DAY,
        seed="seed",
        candidates=(_officer("x", "c", "a", "b"), _officer("y", "c", "a", "b")),
        seats=(_place("a"), _place("b"), _place("c", "drug_trafficking")),
        rules=Rules(share=100, wishes=Wishes.WISHES_FIRST),
    )
    found = run(problem)
    for officer, rank in zip(sorted(found.matching, key=found.matching.__getitem__), (1, 2), strict=True):
        receipt = found.receipt(officer)
        assert receipt.match is not None
        assert receipt.missed is not None
        assert receipt.match.rank == rank
        assert (receipt.missed.seat_id, receipt.missed.why) == ("c", WishMissed.UNSUITABLE)


@pytest.mark.parametrize("rule", COUNTED)
def test_wishes_of_a_group_change_nothing(rule: Wishes) -> None:
    """Members of a group are placed by points, so their receipts are those without wishes."""
    members = tuple(
        replace(_officer(name, "b"), topics=("online_crime", "drug_trafficking"), group_id="g", group_size=2)
        for name in ("x", "y")
    )
    seats = tuple(
        replace(_place(name, topic), capacity=2, group_size=2)
        for name, topic in (("a", "online_crime"), ("b", "drug_trafficking"))
    )
    problem = Problem(
        call_id="call",
        day=DAY,
        seed="seed",
        candidates=members,
        seats=seats,
        rules=Rules(share=100, wishes=rule),
    )
    without = replace(problem, candidates=tuple(replace(member, wishes=()) for member in members))
    assert run_layers(problem).matching == {"x": "a", "y": "a"}
    assert list(run_layers(problem).receipts()) == list(run_layers(without).receipts())
