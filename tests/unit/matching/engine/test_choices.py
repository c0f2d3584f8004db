"""Orders of hosts and mentors rank their candidates as the rules say, and "not suitable" is a pair that cannot be."""

import random
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine.layers import run_layers
from services.matching.engine.live.matching import LiveMatching
from services.matching.engine.market import market as market_module
from services.matching.engine.market.market import COMPILED, Market
from services.matching.engine.matching import Result, run
from services.matching.engine.optimal.shortlist import PairTable
from services.matching.engine.problem.digest import digest
from services.matching.engine.problem.document import dumps, loads
from services.matching.engine.problem.problem import (
    SEATS_FOR,
    WIDEST_CHOICE,
    Problem,
    Rules,
    Seat,
    Weight,
)
from services.matching.engine.rules.criteria import place_of
from services.matching.engine.rules.scores import TIE_BITS
from services.matching.engine.solution import solve
from shared.contracts.codes import MOST_WISHES, Criterion, HardRule, LanguageLevel, Objective, Wishes
from tests.unit.matching.engine import oracle
from tests.unit.matching.engine.random_events import event, world
from tests.unit.matching.engine.worlds import make_problem, problems

COUNTED = (Wishes.WISHES_FIRST, Wishes.WISHES_AMONG_EQUALS)
A1, NOT_AVAILABLE = LanguageLevel.A1, HardRule.NOT_AVAILABLE
SEEKS = {seat: kind for kind, seat in SEATS_FOR.items()}
_NAMED = 1 << 62


def choosing(problem: Problem, rule: Wishes, seed: int = 0, *, refusing: bool = False) -> Problem:
    """Return the problem with random orders of its seats, of people who are not there too, and a rule for them."""
    dice = random.Random(seed)
    people = [*sorted(candidate.id for candidate in problem.candidates), "nobody"]

    def some(most: int) -> list[str]:
        return dice.sample(people, dice.randint(0, min(len(people), most)))

    seats = tuple(
        replace(seat, wishes=tuple(some(MOST_WISHES)), unsuitable=frozenset(some(2) if refusing else ()))
        for seat in problem.seats
    )
    return replace(problem, seats=seats, rules=replace(problem.rules, wishes=rule))


def level(problem: Problem) -> Problem:
    """Return the problem with scores of which many are equal."""
    weights = {Criterion.TOPIC: Weight(1, 0), Criterion.LANGUAGE: Weight(0, 1)}
    return replace(problem, rules=replace(problem.rules, weights=weights))


@given(problems(people=8, seats=6), st.sampled_from(COUNTED), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_a_seat_orders_candidates_by_its_wishes_as_the_rule_says(problem: Problem, rule: Wishes, seed: int) -> None:
    """Those in order stand first in that order, or part equal points; the rest follows by points; points stay."""
    problem = level(problem) if seed % 2 else problem
    plain, chosen = Market(problem), Market(choosing(problem, rule, seed))
    assert np.array_equal(plain.pairs.seat, chosen.pairs.seat)
    assert np.array_equal(plain.pairs.gain, chosen.pairs.gain)
    assert np.array_equal(plain.pairs.preference, chosen.pairs.preference)
    for at, seat in enumerate(chosen.seats):
        before, after = plain.column(at), chosen.column(at)
        assert np.array_equal(before.owner, after.owner)
        points = {owner: key >> TIE_BITS for owner, key in zip(before.owner.tolist(), before.key.tolist(), strict=True)}
        by_points = before.owner[np.argsort(-before.key)].tolist()
        named = {owner: key >= _NAMED for owner, key in zip(before.owner.tolist(), before.key.tolist(), strict=True)}
        wishes = {chosen.place[id_]: number for number, id_ in enumerate(seat.wishes) if id_ in chosen.place}

        def order(
            owner: int,
            points: dict[int, int] = points,
            wishes: dict[int, int] = wishes,
            first: list[int] = by_points,
            named: dict[int, bool] = named,
        ) -> Any:
            wish = wishes.get(owner, MOST_WISHES)
            own = (wish, -points[owner]) if rule is Wishes.WISHES_FIRST else (-points[owner], wish)
            return not named[owner], own, first.index(owner)

        assert after.owner[np.argsort(-after.key)].tolist() == sorted(by_points, key=order)


@given(problems(), st.sampled_from(tuple(Wishes)), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_matching_is_stable_in_the_orders_of_both_sides(problem: Problem, rule: Wishes, seed: int) -> None:
    """No pair blocks by both orders, nobody gets a seat that found them not suitable, and the best for candidates."""
    problem = choosing(replace(problem, rules=replace(problem.rules, ceilings={})), rule, seed, refusing=True)
    if problem.rules.objective is Objective.MOST_GOOD:
        problem = replace(problem, rules=replace(problem.rules, objective=Objective.STABLE))
    market = Market(problem)
    for officer in market.candidates:
        for place in market.seats:
            broken = market.rules.broken(officer, market.seat_place[place.id])
            assert (NOT_AVAILABLE in broken) == (NOT_AVAILABLE in oracle.broken(problem, officer, place))
    assigned = solve(market).assigned
    matching = {candidate: seat for candidate, seat in enumerate(assigned) if seat >= 0}
    assert oracle.blocking(market, matching) == []
    rows = oracle.keys_of(market)
    for other in oracle.all_matchings(market) if len(market.candidates) <= 4 else ():
        if not oracle.blocking(market, other):
            for candidate, row in enumerate(rows):
                order = [*row, None]
                assert order.index(matching.get(candidate)) <= order.index(other.get(candidate))


@given(problems(), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_orders_of_seats_change_nothing_where_points_alone_count(problem: Problem, seed: int) -> None:
    """Under the rule of points the matching is that without orders; so it is for the highest sum under each rule."""
    assert run(choosing(problem, Wishes.SCORES, seed)).matching == run(problem).matching
    highest = replace(problem, rules=replace(problem.rules, objective=Objective.MOST_GOOD))
    for rule in COUNTED:
        found = run(choosing(highest, rule, seed))
        assert (found.matching, found.prices.total) == (run(highest).matching, run(highest).prices.total)


@pytest.mark.skipif(not COMPILED, reason="a sweep needs numba")
@given(problems(people=12, seats=70), st.sampled_from(COUNTED), st.sampled_from((1, 30, 300)))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_sweep_counts_orders_of_seats_as_the_plain_engine(
    monkeypatch: pytest.MonkeyPatch, problem: Problem, rule: Wishes, heavier: int
) -> None:
    """Pairs, matching, prices, receipts in columns and weights of the highest sum are equal."""
    monkeypatch.setattr(market_module, "SWEPT_FROM", 0)
    weights = {name: Weight(was.applicant * heavier, was.host * heavier) for name, was in problem.rules.weights.items()}
    problem = replace(problem, rules=replace(problem.rules, weights=weights))
    problem = choosing(problem, rule, heavier, refusing=True)
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
    for at in range(0, len(swept.seats), 20):
        assert np.array_equal(swept.column(at).key, whole.column(at).key)
    tables = [PairTable(market) for market in (swept, whole)]
    assert sum(tables[0].weight(slice(None)).tolist()) == sum(tables[1].weight(slice(None)).tolist())


@pytest.mark.parametrize("rule", COUNTED)
def test_orders_of_seats_are_followed_event_by_event(rule: Wishes) -> None:
    """After each event, a change of an order too, the live matching and its scores equal a run from scratch."""
    for seed in range(3):
        dice = random.Random(seed)
        live = LiveMatching(choosing(world(dice, crowded=True), rule, seed, refusing=True))
        for at in range(12):
            happening = event(dice, live.problem, live.matching, at)
            if happening is not None:
                happening[1](live)
            other = dice.choice(choosing(live.problem, rule, at, refusing=True).seats)
            live.alter(other)
            found = run(live.problem)
            assert live.matching == found.matching
            pairs = [live.pair_of(candidate_id) for candidate_id in sorted(live.pool)]
            assert tuple(pair for pair in pairs if pair is not None) == found.pairs


def test_weights_of_hosts_that_leave_no_room_are_counted_alone() -> None:
    """Beside weights that are too great the orders of seats count nothing, and the matching is that of points."""
    problem = make_problem(random.Random(4), 12, 6, tight=0.0, quotas=False)
    for rule in COUNTED:
        heavy = replace(problem.rules, weights={Criterion.EXPERTISE: Weight(1, 4000)}, wishes=rule)
        light = replace(problem.rules, weights={Criterion.EXPERTISE: Weight(1, 3900)}, wishes=rule)
        assert (heavy.choices_count, light.choices_count) == (False, True)
        assert light.widest_choice < WIDEST_CHOICE
        plain = replace(problem, rules=heavy)
        assert run(choosing(plain, rule)).matching == run(plain).matching


def test_orders_of_seats_are_written_and_hashed() -> None:
    """A document keeps order and refusals, and each changes the digest; without both it is that of earlier runs."""
    before = make_problem(random.Random(2), 3, 3, tight=0.0)
    seat, *rest = before.seats
    others = [
        before,
        *(
            replace(before, seats=(replace(seat, wishes=wishes, unsuitable=frozenset(refused)), *rest))
            for wishes, refused in ((("c0", "c1"), ()), (("c1", "c0"), ()), (("c1", "c0"), ("c2",)), ((), ("c2",)))
        ),
    ]
    assert len({digest(each) for each in others}) == len(others)
    assert [digest(loads(dumps(each))) for each in others] == [digest(each) for each in others]
    assert b"wishes" not in dumps(before)
    assert b"unsuitable" not in dumps(before)
    for wishes in (("c0", "c0"), tuple(f"w{number}" for number in range(MOST_WISHES + 1))):
        with pytest.raises(ValueError, match="Wishes of s0"):
            replace(before, seats=(replace(seat, wishes=wishes),))


def test_an_unsuitable_candidate_reads_not_available_and_no_change_is_named() -> None:
    """The funnel counts it as a seat that is not available, and no smallest change would open it."""
    problem = make_problem(random.Random(3), 1, 1, tight=0.0, quotas=False, fixed=False)
    (candidate,), (seat,) = problem.candidates, problem.seats
    open_to_all = Seat(
        id=seat.id, kind=seat.kind, country="DE", organisation_id="host", capacity=1, languages={"en": A1}
    )
    candidate = replace(candidate, kind=SEEKS[seat.kind], country="AM")
    open_ = replace(problem, candidates=(candidate,), seats=(open_to_all,), rules=Rules())
    assert run(open_).matching == {candidate.id: seat.id}
    refused = replace(open_, seats=(replace(open_to_all, unsuitable=frozenset({candidate.id})),))
    paused = replace(open_, seats=(replace(open_to_all, available=False),))
    receipt = run(refused).receipt(candidate.id)
    assert receipt == run(paused).receipt(candidate.id)
    assert receipt.changes == ()
    steps = {step.rule: step.removed for step in receipt.funnel if step.removed}
    assert steps == {HardRule.NOT_AVAILABLE: 1}
    assert len(receipt.funnel) == place_of(HardRule.SHARE_OF_OFFER) + 1


def test_an_order_of_members_of_a_group_changes_nothing() -> None:
    """Groups are placed by points, so the order of a seat counts for those alone; "not suitable" keeps all out."""
    problem = make_problem(random.Random(5), 4, 3, tight=0.0, quotas=False, fixed=False)
    members = tuple(replace(person, group_id="g", group_size=2, country="AM") for person in problem.candidates[:2])
    seats = tuple(replace(seat, group_size=2, capacity=4) for seat in problem.seats)
    grouped = replace(problem, candidates=(*members, *problem.candidates[2:]), seats=seats)
    named = tuple(replace(seat, wishes=tuple(member.id for member in members)) for seat in seats)
    for rule in COUNTED:
        before = replace(grouped, rules=replace(grouped.rules, wishes=rule))
        assert run_layers(replace(before, seats=named)).matching == run_layers(before).matching
    barred = tuple(replace(seat, unsuitable=frozenset({members[0].id})) for seat in seats)
    assert not {member.id for member in members} & run_layers(replace(grouped, seats=barred)).matching.keys()
