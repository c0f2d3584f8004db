"""Every candidate without a seat hears of a smallest set of changes, which a run proves."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.explain.receipt import Receipt, Why
from services.matching.engine.explain.repairs import Counterfactual, applied, opening
from services.matching.engine.explain.rounds import Rounds
from services.matching.engine.layers import run_layers
from services.matching.engine.market.market import Market
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Candidate, Exclusion, Fixed, Problem, Rules, Seat, SeatKind, Skill
from services.matching.engine.solution import solve
from shared.contracts.codes import (
    ApplicationKind,
    Change,
    Code,
    HardRule,
    LanguageLevel,
    Objective,
    RankGroup,
    WishMissed,
)
from tests.benchmarks.matching.instances import placements
from tests.unit.matching.engine.test_rounds import bounded
from tests.unit.matching.engine.worlds import DAY, FIRST_WEEK, candidate, make_problem, problems

_BEYOND_CHANGE = (
    HardRule.PARTNER_ACTIVE,
    HardRule.CROSS_BORDER,
    HardRule.SAME_AGENCY,
    HardRule.CONFLICT_OF_INTEREST,
    HardRule.EXCLUDED_PAIR,
    HardRule.NOT_AVAILABLE,
    HardRule.PRE_MATCHED,
    HardRule.DECLINED_BEFORE,
)


def _led_to(problem: Problem, candidate_id: str, change: Counterfactual) -> str | None:
    """Return the seat of a new run with all changes of a set."""
    return run_layers(applied(problem, candidate_id, change)).matching.get(candidate_id)


def _less(change: Counterfactual) -> list[Counterfactual]:
    """Return a set without one of its parts, and with one place or one of a quota less."""
    fewer = [[*change.parts[:at], *change.parts[at + 1 :]] for at in range(len(change.parts))]
    for at, part in enumerate(change.parts):
        if part.change in {Change.MORE_PLACES, Change.QUOTA} and (part.count or 1) > 1:
            smaller = replace(part, count=(part.count or 1) - 1)
            fewer.append([*change.parts[:at], smaller, *change.parts[at + 1 :]])
    return [replace(parts[0], beside=tuple(parts[1:])) for parts in fewer if parts]


def _openable(problem: Problem, receipt: Receipt) -> bool:
    """Return whether a seat is out of reach only by rules that can be mended."""
    market = Market(problem)
    own = market.candidates[market.place[receipt.candidate_id]]
    for number, seat in enumerate(market.seats):
        if (seat.kind is SeatKind.MENTOR) is not (own.kind is ApplicationKind.MENTEE):
            continue
        broken = market.rules.broken(own, number)
        if not set(broken) & set(_BEYOND_CHANGE) and opening(problem.rules, own, number, seat, broken) is not None:
            return True
    return False


@given(problems(people=9, seats=4))
@settings(max_examples=60, deadline=None)
def test_every_candidate_without_a_seat_has_a_set_that_a_run_proves(problem: Problem) -> None:
    """Unless a fact that nobody changes rules out every seat, a set is named; a run with it gives the seat it names."""
    for receipt in run(problem).receipts():
        assert bool(receipt.changes) == (receipt.seat_id is None and _openable(problem, receipt))
        for change in receipt.changes:
            assert _led_to(problem, receipt.candidate_id, change) == change.seat_id


@given(problems(people=9, seats=4))
@settings(max_examples=40, deadline=None)
def test_no_part_of_a_set_is_enough(problem: Problem) -> None:
    """A set without one of its changes, or with one place or one of a quota less, leaves the candidate out."""
    for receipt in run(problem).receipts():
        for change in receipt.changes:
            for less in _less(change):
                assert _led_to(problem, receipt.candidate_id, less) is None


@pytest.mark.parametrize("ceiling", [None, 3])
def test_a_crowded_call_explains_every_non_match(ceiling: int | None) -> None:
    """Of 60 officers for few places all without one hear of a set, under ceilings too, also where k is large."""
    problem = placements(60, 12, quotas=False, seed=4)
    seats = tuple(replace(seat, capacity=2) for seat in problem.seats)
    ceilings = {} if ceiling is None else {person.country: ceiling for person in problem.candidates}
    problem = replace(problem, seats=seats, rules=replace(problem.rules, ceilings=ceilings))
    result, largest = run(problem), 0
    assert len(result.unmatched) > 20
    for place, candidate_id in enumerate(result.unmatched):
        changes = result.receipt(candidate_id, effort=24).changes
        assert changes, candidate_id
        largest = max(largest, *(part.count or 0 for change in changes for part in change.parts))
        if place % 4 == 0:
            assert _led_to(problem, candidate_id, changes[0]) == changes[0].seat_id
    assert largest > 3


def _officer(identity: str, **more: object) -> Candidate:
    base = Candidate(
        id=identity,
        kind=ApplicationKind.STUDY_VISIT,
        country="GE",
        organisation_id="o",
        rank_group=RankGroup.OPERATIONAL,
        languages={"ka": LanguageLevel.NS},
        topics=("online_crime",),
        weeks=frozenset({FIRST_WEEK}),
    )
    return replace(base, **more)  # type: ignore[arg-type]  # fields of the class


def _place(identity: str, **more: object) -> Seat:
    base = Seat(
        id=identity,
        kind=SeatKind.PLACEMENT,
        country="DE",
        organisation_id="h",
        capacity=1,
        languages={"en": LanguageLevel.B1},
        topics=frozenset({"online_crime"}),
        weeks={FIRST_WEEK: 1},
    )
    return replace(base, **more)  # type: ignore[arg-type]  # fields of the class


def _call(people: list[Candidate], seats: list[Seat], **rules: object) -> Problem:
    made = Rules(**({"share": 100} | rules))  # type: ignore[arg-type]  # fields of the class
    return Problem(call_id="c", day=DAY, seed="s", candidates=tuple(people), seats=tuple(seats), rules=made)


_NEXT, _LATER = (FIRST_WEEK + timedelta(weeks=weeks) for weeks in (1, 2))
_OTHER, _PLACES = Change.OTHER_WEEKS, Change.PLACES_IN_WEEK


@pytest.mark.parametrize(
    ("own", "offered", "needed", "read"),
    [
        ([FIRST_WEEK], {FIRST_WEEK: 0}, 1, [(_PLACES, FIRST_WEEK, 1)]),
        ([FIRST_WEEK, _NEXT], {FIRST_WEEK: 1}, 2, [(_PLACES, _NEXT, 1)]),
        ([_NEXT, _LATER], {FIRST_WEEK: 1}, 2, [(_OTHER, FIRST_WEEK, 1), (_PLACES, _NEXT, 1)]),
        ([FIRST_WEEK], {FIRST_WEEK: 1, _LATER: 0}, 2, [(_OTHER, _LATER, 2), (_PLACES, _LATER, 1)]),
    ],
    ids=["no place in it", "not offered", "one other, one not offered", "neither stated nor with a place"],
)
def test_a_placement_with_too_few_weeks_gets_a_place_in_another(
    own: list[date], offered: dict[date, int], needed: int, read: list[tuple[Change, date, int]]
) -> None:
    """A place in a further week is named, and is enough, if no week of the placement is left to state."""
    problem = _call(
        [_officer("a", weeks=frozenset(own))],
        [_place("s", languages={"ka": LanguageLevel.B1}, weeks=offered)],
        common_weeks=needed,
    )
    (change,) = run_layers(problem).receipt("a").changes
    assert [(part.change, part.week, part.count) for part in change.parts] == read
    assert _led_to(problem, "a", change) == "s"
    assert [_led_to(problem, "a", less) for less in _less(change)] == [None] * len(_less(change))


def _parts(problem: Problem, candidate_id: str) -> list[tuple[Change, object]]:
    changes = run_layers(problem).receipt(candidate_id).changes
    assert changes
    assert _led_to(problem, candidate_id, changes[0]) == changes[0].seat_id
    return [
        (part.change, part.to_level or part.week or part.topic or part.area or part.count) for part in changes[0].parts
    ]


def test_a_language_that_is_not_stated_is_named() -> None:
    """An officer who states no language of the place reads which one, at the level that is asked for."""
    problem = _call([_officer("c")], [_place("s", languages={"en": LanguageLevel.B2})])
    (change,) = run(problem).receipt("c").changes
    assert (change.language, change.from_level, change.to_level) == ("en", None, LanguageLevel.B2)
    assert change.beside == ()


def test_several_kinds_of_change_stand_together() -> None:
    """A set names language, week and topic if all are missing, and places too if others come first."""
    later = FIRST_WEEK + timedelta(weeks=5)
    seat = _place("s", weeks={later: 1}, topics=frozenset({"drug_trafficking"}))
    assert _parts(_call([_officer("c")], [seat]), "c") == [
        (Change.MORE_TOPICS, "drug_trafficking"),
        (Change.LANGUAGE_LEVEL, LanguageLevel.B1),
        (Change.OTHER_WEEKS, later),
    ]
    better = {"languages": {"en": LanguageLevel.C2}, "topics": ("drug_trafficking",), "weeks": frozenset({later})}
    crowd = [_officer(f"a{number}", country="AM", **better) for number in range(3)]
    assert _parts(_call([_officer("c"), *crowd], [seat]), "c")[-1] == (Change.MORE_PLACES, 3)


def test_a_rank_and_a_level_of_expertise_and_a_quota_are_named() -> None:
    """A rank group that the host does not take, a level in an area, and as much more quota as is needed are named."""
    speaks = {"languages": {"en": LanguageLevel.B1}}
    ranked = _place("s", excluded_ranks=frozenset({RankGroup.OPERATIONAL}))
    assert _parts(_call([_officer("c", **speaks)], [ranked]), "c") == [(Change.RANK_GROUP, None)]
    expert = _place("s", expertise={"analysis": Skill(3)}, minimum_level=3)
    assert _parts(_call([_officer("c", **speaks)], [expert]), "c") == [(Change.MORE_EXPERTISE, "analysis")]
    people = [_officer(f"c{number}", languages={"en": LanguageLevel.C2}) for number in range(7)]
    problem = _call(people, [_place("s", capacity=9, weeks={FIRST_WEEK: 9})], ceilings={"GE": 1})
    found = {tuple(_parts(problem, candidate_id)) for candidate_id in run(problem).unmatched}
    assert found == {((Change.QUOTA, more),) for more in range(1, 7)}
    none_left = replace(problem, fixed=(Fixed(candidate_id="f", seat_id="s", country="GE"),))
    assert {tuple(_parts(none_left, person.id)) for person in people} == {
        ((Change.QUOTA, more),) for more in range(1, 8)
    }


def test_places_beside_groups_hold_with_the_groups() -> None:
    """If a group takes the places that are added first, as many are named as leave one for the officer."""
    speaks = {"languages": {"en": LanguageLevel.B1}}
    group = [_officer(f"g{number}", group_id="g", group_size=2, **speaks) for number in range(2)]
    first = _officer("d", languages={"en": LanguageLevel.C2})
    seat = _place("s", weeks={FIRST_WEEK: 9}, share_exempt=True)
    problem = _call([*group, first, _officer("c", languages={"en": LanguageLevel.C2, "fr": LanguageLevel.C2})], [seat])
    (out,) = set(run_layers(problem).unmatched) - {"g0", "g1"}
    assert _parts(problem, out) == [(Change.MORE_PLACES, 3)]


@given(problems(people=9, seats=4), st.integers(0, 1))
@settings(max_examples=60, deadline=None)
def test_every_match_says_why_it_is_not_the_first_wish(problem: Problem, floor: int) -> None:
    """The cause that a receipt gives holds for those who have the place that is wanted more."""
    problem = replace(problem, rules=replace(problem.rules, floors={"GE": floor} if floor else {}))
    result, market = run(problem), Market(problem)
    people = {person.id: person for person in problem.candidates}
    for receipt in result.receipts(effort=0):
        if receipt.match is None or receipt.match.rank == 1:
            assert receipt.missed is None
            continue
        assert receipt.missed is not None
        assert receipt.missed.seat_id == receipt.options[0].seat_id
        at = market.seat_place[receipt.missed.seat_id]

        def key(candidate_id: str, at: int = at) -> int:
            row = market.row(market.place[candidate_id])
            return row.keys[row.seats.index(at)]

        inside = [other for other, seat in result.matching.items() if seat == receipt.missed.seat_id]
        own, country = key(receipt.candidate_id), people[receipt.candidate_id].country
        same = [other for other in inside if people[other].country == country]
        fixed = sum(pair.seat_id == receipt.missed.seat_id and pair.country == country for pair in problem.fixed)
        outranked = len(inside) == market.free[at] and all(key(other) > own for other in inside)
        by_share = len(same) + fixed >= market.shares[at] and all(key(other) > own for other in same)
        if receipt.missed.why is WishMissed.OUTRANKED:
            assert outranked
        elif receipt.missed.why is WishMissed.SHARE_OF_OFFER:
            assert by_share
        elif receipt.missed.why is WishMissed.FLOOR:
            assert any(result.receipt(other, effort=0).floor_first for other in inside)
        else:
            assert problem.rules.objective is Objective.MOST_GOOD
            assert not outranked
            assert not by_share


class Extra(Code):
    """A rule that the contracts do not know."""

    LIKES_CHESS = "likes_chess", "Likes chess"


def test_a_rule_that_is_not_known_has_no_mend() -> None:
    """A rule outside the contracts is neither mended nor a reason to fail."""
    chess: HardRule = Extra.LIKES_CHESS  # type: ignore[assignment]  # a rule of a later version
    seat, officer = _place("s"), _officer("c")
    assert opening(Rules(), officer, 0, seat, [chess]) is None
    assert opening(Rules(), officer, 0, seat, [HardRule.TOPIC, chess]) is None
    found = opening(Rules(), officer, 0, seat, [HardRule.COMMON_LANGUAGE, HardRule.CAPACITY])
    assert found is not None
    assert found.full
    assert [part.change for part in found.parts] == [Change.LANGUAGE_LEVEL]


@given(st.integers(0, 2**32), st.sampled_from(tuple(Objective)))
@settings(max_examples=30, deadline=None)
def test_an_exclusion_in_confidence_reads_like_a_pause(seed: int, objective: Objective) -> None:
    """The receipts of officers who are kept from a host in confidence are those of a host who has paused."""
    problem = make_problem(random.Random(seed), 7, 4, tight=0.2, objective=objective, fixed=False)
    people = tuple(replace(person, country="MD") for person in problem.candidates)
    seats = tuple(replace(seat, organisation_id=f"host {at}") for at, seat in enumerate(problem.seats))
    problem = replace(problem, candidates=people, seats=seats)
    away = Exclusion(first="MD", second="host 0", confidential=True)
    apart = replace(problem, rules=replace(problem.rules, exclusions=(*problem.rules.exclusions, away)))
    paused = replace(
        problem, seats=tuple(replace(seat, available=seat.available and seat.id != "s0") for seat in seats)
    )
    for hidden, open_ in zip(run(apart).receipts(), run(paused).receipts(), strict=True):
        assert hidden == open_
        assert "s0" not in {part.seat_id for change in hidden.changes for part in change.parts}
        assert Change.AVAILABILITY not in {part.change for change in hidden.changes for part in change.parts}


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_rounds_answer_several_changes_at_once(seed: int) -> None:
    """Another row, more places and a higher ceiling together lead to the seats of a new run, or to no answer."""
    dice = random.Random(seed)
    market = Market(replace(bounded(dice), fixed=()))
    if not market.candidates:
        return
    rounds = Rounds(market)
    for _ in range(4):
        number = dice.randrange(len(market.candidates))
        own = market.candidates[number]
        changed = replace(candidate(dice, own.id, len(market.seats), 0.05), country=own.country, group_size=1)
        at, more = dice.randrange(len(market.seats)), dice.randint(0, 4)
        higher = dice.randint(0, 3) if market.problem.rules.ceilings.get(own.country) else 0
        if market.free[at] == 0:
            more = 0
        with_row = dice.random() < 0.5
        found = rounds.under(number, market.row_of(changed) if with_row else None, (at, more) if more else None, higher)
        ceilings = dict(market.problem.rules.ceilings)
        if higher:
            ceilings[own.country] += higher
        seats = [
            replace(seat, capacity=seat.capacity + more * (place == at)) for place, seat in enumerate(market.seats)
        ]
        people = [changed if with_row and other.id == own.id else other for other in market.candidates]
        rules = replace(market.problem.rules, ceilings=ceilings)
        fresh = solve(
            Market(replace(market.problem, candidates=tuple(people), seats=tuple(seats), rules=rules))
        ).assigned
        assert found is None or found[number] == fresh[number]
        assert found is None or with_row or found == list(fresh)


def test_without_effort_nothing_is_named() -> None:
    """A receipt that nobody asks to search names no change, and says why there is no seat all the same."""
    receipt = run(_call([_officer("c")], [_place("s")])).receipt("c", effort=0)
    assert (receipt.changes, receipt.why) == ((), Why.NO_FEASIBLE_SEAT)
