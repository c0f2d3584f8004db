"""Groups: one seat in the same weeks or none, and the price of going first."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.explain.receipt import Why
from services.matching.engine.explain.repairs import Counterfactual, applied
from services.matching.engine.groups import placement
from services.matching.engine.groups.layout import Layout, lay_out
from services.matching.engine.groups.repairs import applied_to_group
from services.matching.engine.groups.units import Unit, common_weeks
from services.matching.engine.interventions.manual import NotPossible, possible_seats, with_pairs, with_singles
from services.matching.engine.layers import run_layers
from services.matching.engine.market.market import Market
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Candidate, Fixed, Problem, Seat, SeatKind
from shared.contracts.codes import ApplicationKind, Change, HardRule, LanguageLevel, Objective, RankGroup
from tests.unit.matching.engine.oracle import broken, same_kind
from tests.unit.matching.engine.worlds import FIRST_WEEK, make_problem, shuffled


def with_groups(problem: Problem, dice: random.Random) -> Problem:
    """Return the problem with some of its officers in groups of two to four."""
    visitors = [candidate for candidate in problem.candidates if candidate.kind is ApplicationKind.STUDY_VISIT]
    dice.shuffle(visitors)
    grouped: dict[str, Candidate] = {}
    number = 0
    while visitors and dice.random() < 0.8:
        size = min(dice.randint(2, 4), len(visitors))
        for _ in range(size):
            visitor = visitors.pop()
            grouped[visitor.id] = replace(visitor, group_id=f"g{number}", group_size=size)
        number += 1
    return replace(problem, candidates=tuple(grouped.get(candidate.id, candidate) for candidate in problem.candidates))


def worlds(people: int = 10, seats: int = 5, objective: Objective | None = None) -> st.SearchStrategy[Problem]:
    """Return problems with groups, singles, ceilings and fixed pairs."""

    def make(seed: int, n: int, m: int, tight: float, aim: Objective) -> Problem:
        dice = random.Random(seed)
        return with_groups(make_problem(dice, n, m, tight=tight, objective=objective or aim), dice)

    return st.builds(
        make,
        st.integers(0, 2**32),
        st.integers(2, people),
        st.integers(1, seats),
        st.sampled_from((0.0, 0.1, 0.3)),
        st.sampled_from(tuple(Objective)),
    )


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_all_of_a_group_at_one_seat_or_none(problem: Problem) -> None:
    """Members share a seat that each may take, with common weeks and room; else none has one."""
    result = run_layers(problem)
    taken = Counter([*result.matching.values(), *(pair.seat_id for pair in problem.fixed)])
    seats = {seat.id: seat for seat in problem.seats}
    assert all(taken[given_seat] <= seats[given_seat].capacity for given_seat in result.matching.values())
    assert _shares(problem)(result.matching.items())
    for group in {candidate.group_id for candidate in problem.candidates if candidate.group_id}:
        members = [candidate for candidate in problem.candidates if candidate.group_id == group]
        if len(members) < 2:
            continue
        found = {result.matching.get(member.id) for member in members}
        assert len(found) == 1
        (seat_id,) = found
        if seat_id is not None:
            seat = seats[seat_id]
            assert not any(broken(problem, member, seat) for member in members)
            assert len(members) <= seat.group_size
            weeks = common_weeks(members, seat)
            assert weeks is None or len(weeks) >= problem.rules.common_weeks


@given(worlds(objective=Objective.STABLE))
@settings(max_examples=80, deadline=None)
def test_those_alone_are_matched_as_beside_fixed_pairs(problem: Problem) -> None:
    """The singles' layer is exactly a run of the singles beside the groups, within the ceilings of the whole."""
    layout, result = lay_out(problem), run_layers(problem)
    alone = run(layout.rest).matching
    assert {
        candidate_id: seat for candidate_id, seat in result.matching.items() if candidate_id not in layout.seats
    } == alone
    country = {candidate.id: candidate.country for candidate in problem.candidates}
    sent = Counter(
        [*(country[candidate_id] for candidate_id in result.matching), *(pair.country for pair in problem.fixed)]
    )
    before = Counter(pair.country for pair in problem.fixed)
    assert all(sent[country] <= max(most, before[country]) for country, most in problem.rules.ceilings.items())


@given(worlds(), st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_order_of_arrival_means_nothing(problem: Problem, seed: int) -> None:
    """The same groups in another order get the same layout."""
    other = shuffled(problem, random.Random(seed))
    assert run_layers(problem).matching == run_layers(other).matching
    assert lay_out(problem).blocking == lay_out(other).blocking


def _shares(problem: Problem) -> Callable[[Iterable[tuple[str, str]]], bool]:
    """Return the question whether placed pairs keep each country within its share of a seat, beside fixed pairs."""
    country = {candidate.id: candidate.country for candidate in problem.candidates}
    fixed = Counter((pair.seat_id, pair.country) for pair in problem.fixed)
    most = {
        seat.id: seat.capacity
        if seat.kind is SeatKind.MENTOR or seat.share_exempt
        else problem.rules.most_of_one_country(seat.capacity)
        for seat in problem.seats
    }

    def within(placed: Iterable[tuple[str, str]]) -> bool:
        new = Counter((seat_id, country[candidate_id]) for candidate_id, seat_id in placed)
        return all(fixed[place] + count <= most[place[0]] for place, count in new.items())

    return within


def _ways(problem: Problem, layout: Layout) -> list[dict[str, str | None]]:
    """Yield every lawful way to place the units."""
    names = {at: seat for seat, at in layout.numbers.items()}
    seats = {seat.id: seat for seat in problem.seats}
    fixed = Counter(pair.seat_id for pair in problem.fixed)
    before = Counter(pair.country for pair in problem.fixed)
    within, found = _shares(problem), []
    for choice in product(*[[None, *(names[at] for at in unit.wishes)] for unit in layout.units]):
        taken, sent = Counter(fixed), Counter(before)
        for unit, seat in zip(layout.units, choice, strict=True):
            if seat is not None:
                taken[seat] += unit.size
                sent.update(unit.sent)
        placed = [
            (member.id, seat)
            for unit, seat in zip(layout.units, choice, strict=True)
            if seat is not None
            for member in unit.members
        ]
        fits = within(placed) and all(taken[seat] <= seats[seat].capacity for _, seat in placed)
        if fits and all(
            sent[country] <= max(most, before[country]) for country, most in problem.rules.ceilings.items()
        ):
            found.append({unit.group_id: seat for unit, seat in zip(layout.units, choice, strict=True)})
    return found


def _blocking(problem: Problem, layout: Layout, way: dict[str, str | None]) -> int:
    """Return pairs of unit and seat that block a way."""
    seats = {seat.id: seat for seat in problem.seats}
    fixed = Counter(pair.seat_id for pair in problem.fixed)
    sent = Counter(pair.country for pair in problem.fixed)
    within = _shares(problem)
    for unit in layout.units:
        if way[unit.group_id] is not None:
            sent.update(unit.sent)

    def takes(seat: str, unit: Unit) -> bool:
        at = layout.numbers[seat]
        better = [
            other
            for other in layout.units
            if way[other.group_id] == seat and other.wishes[at].valued > unit.wishes[at].valued
        ]
        places = fixed[seat] + sum(other.size for other in (*better, unit))
        placed = [(member.id, seat) for other in (*better, unit) for member in other.members]
        return places <= seats[seat].capacity and within(placed)

    count = 0
    for unit in layout.units:
        own = way[unit.group_id]
        if own is None and any(
            sent[country] + unit.sent[country] > problem.rules.ceilings.get(country, 10**6) for country in unit.sent
        ):
            continue
        for at in unit.wishes:
            seat = next(name for name, number in layout.numbers.items() if number == at)
            if seat == own:
                break
            count += takes(seat, unit)
    return count


@given(worlds(people=9, seats=4, objective=Objective.STABLE), st.booleans())
@settings(max_examples=80, deadline=None)
def test_few_groups_block_as_little_as_can_be(problem: Problem, propose: bool) -> None:  # noqa: FBT001 - hypothesis fills it by place
    """The layout has the fewest blocking pairs of all ways; proposals count those that they leave."""
    problem = replace(
        problem, fixed=tuple(pair for pair in problem.fixed if pair.country not in problem.rules.ceilings)
    )
    with pytest.MonkeyPatch.context() as patch:
        if propose:
            patch.setattr(placement, "_EXACT_WAYS", 0)
        layout = lay_out(problem)
    if not layout.units or any(seat.pre_matched for seat in problem.seats):
        return
    if any(candidate.pre_matched for candidate in problem.candidates):
        return
    ours: dict[str, str | None] = {unit.group_id: layout.seats[unit.members[0].id] for unit in layout.units}
    ways = _ways(problem, layout)
    assert ours in ways
    assert layout.blocking == _blocking(problem, layout, ours)
    least = min(_blocking(problem, layout, way) for way in ways)
    assert least <= layout.blocking if propose else least == layout.blocking


def _seat(identity: str, capacity: int, **values: Any) -> Seat:
    weeks = {FIRST_WEEK: 5, FIRST_WEEK + timedelta(weeks=1): 5}
    return Seat(
        id=identity,
        kind=SeatKind.PLACEMENT,
        country="DE",
        organisation_id=f"host-{identity}",
        capacity=capacity,
        weeks=weeks,
        languages={"en": LanguageLevel.A1},
        **{"share_exempt": True, **values},
    )


def _officer(identity: str, group: str | None = None, **values: Any) -> Candidate:
    plain: dict[str, Any] = {
        "country": "MD",
        "weeks": frozenset({FIRST_WEEK, FIRST_WEEK + timedelta(weeks=1)}),
        "group_id": group,
        "group_size": 2 if group else 1,
        "languages": {"en": LanguageLevel.B2},
    }
    return Candidate(
        id=identity,
        kind=ApplicationKind.STUDY_VISIT,
        organisation_id="home",
        rank_group=RankGroup.OPERATIONAL,
        **plain | values,
    )


def _call(candidates: list[Candidate], seats: list[Seat], fixed: tuple[Fixed, ...] = ()) -> Problem:
    day = FIRST_WEEK - timedelta(weeks=10)
    return Problem(call_id="c", day=day, seed="s", candidates=tuple(candidates), seats=tuple(seats), fixed=fixed)


def test_a_group_without_a_common_week_gets_no_place() -> None:
    """Members with time but no common week get no place, and the receipt says that no seat takes the whole group."""
    later = frozenset({FIRST_WEEK + timedelta(weeks=1)})
    pair = [_officer("a", "g", weeks=frozenset({FIRST_WEEK})), _officer("b", "g", weeks=later)]
    result = run_layers(_call(pair, [_seat("s", 4)]))
    assert result.matching == {}
    receipt = result.receipt("a")
    assert receipt.why is Why.GROUP_TOO_LARGE
    assert receipt.together is not None
    assert (receipt.together.size, receipt.together.feasible, receipt.feasible) == (2, 0, 1)


def test_a_group_obeys_the_share_of_its_country() -> None:
    """Two officers of one country get no place of which their country may take one; an exempt placement takes them."""
    pair = [_officer("a", "g"), _officer("b", "g")]
    problem = _call(pair, [_seat("s", 2, share_exempt=False)])
    assert run_layers(problem).matching == {}
    receipt = run_layers(problem).receipt("a")
    assert receipt.why is Why.GROUP_TOO_LARGE
    assert receipt.together is not None
    assert receipt.together.feasible == 0
    assert run_layers(_call(pair, [_seat("s", 2)])).matching == {"a": "s", "b": "s"}


def test_two_groups_share_a_place_only_within_the_share() -> None:
    """Of two groups of one country the second is turned away where both together are beyond the share."""
    people = [_officer(f"{group}{number}", group) for group in ("g", "h") for number in range(2)]
    result = run_layers(_call(people, [_seat("s", 5, share_exempt=False)]))
    assert sorted(result.matching.values()) == ["s", "s"]
    (placed,) = {candidate[0] for candidate in result.matching}
    assert {candidate[0] for candidate in result.unmatched} == {"g", "h"} - {placed}


def test_a_group_that_lacks_one_place_gets_that_change() -> None:
    """For two officers and one place the smallest change is one more place, and with it both are placed."""
    problem = _call([_officer("a", "g"), _officer("b", "g")], [_seat("s", 1)])
    receipt = run_layers(problem).receipt("b")
    (change,) = receipt.changes
    assert (change.change, change.at_seat_id, change.count, change.seat_id) == (Change.MORE_PLACES, "s", 1, "s")
    wider = replace(problem, seats=(_seat("s", 2),))
    assert run_layers(wider).matching == {"a": "s", "b": "s"}


def test_a_pre_matched_single_comes_before_a_group() -> None:
    """A place agreed with one candidate is not given to a group."""
    pair = [_officer("a", "g"), _officer("b", "g")]
    named = _officer("c", None, pre_matched="s")
    result = run_layers(_call([*pair, named], [_seat("s", 2), _seat("t", 2)]))
    assert result.matching == {"a": "t", "b": "t", "c": "s"}


def test_a_companion_follows_the_one_who_is_fixed() -> None:
    """A member whose companion is fixed goes there or nowhere; one who declined that place goes alone."""
    fixed = (Fixed(candidate_id="a", seat_id="t", country="MD", group_id="g"),)
    result = run_layers(_call([_officer("b", "g")], [_seat("s", 2), _seat("t", 2)], fixed=fixed))
    assert result.matching == {"b": "t"}
    full = run_layers(_call([_officer("b", "g")], [_seat("s", 2), _seat("t", 1)], fixed=fixed))
    assert full.matching == {}
    declined = _officer("b", "g", barred=frozenset({"t"}))
    assert run_layers(_call([declined], [_seat("s", 2), _seat("t", 2)], fixed=fixed)).matching == {"b": "s"}


def test_the_price_of_placing_groups_first_is_reported() -> None:
    """A single whom the seat values above the group is counted in the price."""
    basic: dict[str, Any] = {"languages": {"en": LanguageLevel.A2}}
    pair = [_officer("a", "g", **basic), _officer("b", "g", **basic)]
    single = _officer("c", languages={"en": LanguageLevel.C1})
    result = run_layers(_call([*pair, single], [_seat("s", 2)]))
    assert result.matching == {"a": "s", "b": "s"}
    price = result.groups_price
    assert price is not None
    assert (price.placed, price.unplaced, price.blocking, price.envied) == (1, 0, 0, 1)
    assert result.receipt("c").why is Why.NO_FEASIBLE_SEAT
    assert result.next_in_line("s") == ("c",)
    assert result.prices.blocking_pairs == 0


@given(worlds(people=8, seats=4))
@settings(max_examples=50, deadline=None)
def test_the_receipt_of_a_group_is_true(problem: Problem) -> None:
    """Receipts of members add up, sums are those of the pairs, and each reported change places the applicant."""
    result, layout = run_layers(problem), lay_out(problem)
    pairs = result.pairs
    assert result.prices.total == sum(pair.gain + pair.preference + 1 for pair in pairs)
    assert sum(result.ranks.values()) == len(pairs)
    for receipt in result.receipts(effort=6):
        seat_id = result.matching.get(receipt.candidate_id)
        assert receipt.seat_id == seat_id
        assert (receipt.why is Why.MATCHED) == (seat_id is not None)
        for change in receipt.changes:
            unit = layout.unit_of(receipt.candidate_id)
            if unit is None:
                changed = applied(problem, receipt.candidate_id, change)
            else:
                changed = applied_to_group(problem, unit.members, change)
            assert run_layers(changed).matching.get(receipt.candidate_id) == change.seat_id


@settings(max_examples=40, deadline=None)
@given(problem=worlds())
def test_a_group_is_put_by_hand_only_where_it_can_come_together(problem: Problem) -> None:
    """A group may have by hand just the seats that take all of it in one week; then all have it, and others fit."""
    taken = {pair.candidate_id for pair in problem.fixed}
    groups: dict[str, list[Candidate]] = {}
    for candidate in sorted(problem.candidates, key=lambda candidate: candidate.id):
        if candidate.group_id is not None and candidate.id not in taken:
            groups.setdefault(candidate.group_id, []).append(candidate)
    group = next((members for members in groups.values() if len(members) > 1), None)
    if group is None or any(pair.group_id == group[0].group_id for pair in problem.fixed):
        return
    seats = {seat.id: seat for seat in problem.seats}
    possible = possible_seats(problem, group[0].id)
    assert all(possible_seats(problem, member.id) == possible for member in group)
    for seat_id, seat in seats.items():
        pairs = dict.fromkeys((member.id for member in group), seat_id)
        if seat_id not in possible:
            with pytest.raises(NotPossible):
                with_singles(problem, pairs)
            continue
        weeks = common_weeks(group, seat)
        assert weeks is None or len(weeks) >= max(1, problem.rules.common_weeks)
        assert len(group) <= seat.group_size
        result = with_singles(problem, pairs)
        assert pairs.items() <= result.matching.items()
        used = Counter(result.matching.values()) + Counter(pair.seat_id for pair in problem.fixed)
        assert all(used[name] <= each.capacity for name, each in seats.items() if name in result.matching.values())
        assert with_pairs(problem, pairs).matching == result.matching
        with pytest.raises(NotPossible):
            with_singles(problem, {group[0].id: seat_id})


def test_many_groups_are_placed_by_proposing() -> None:
    """For forty groups, too many to try all ways, seats are filled and only misfits block."""
    dice = random.Random(5)
    people = [
        _officer(f"{number}-{member}", f"g{number:02}", country=dice.choice(("AM", "GE", "MD")), group_size=size)
        for number in range(40)
        for size in (dice.randint(2, 4),)
        for member in range(size)
    ]
    seats = [_seat(f"s{number}", 5) for number in range(12)]
    layout = lay_out(_call(people, seats))
    taken = Counter(seat for seat in layout.seats.values() if seat)
    assert all(count <= 5 for count in taken.values())
    assert sum(taken.values()) >= 12 * 4
    assert Market(layout.rest).free == [5 - taken[f"s{number}"] for number in sorted(range(12), key=lambda n: f"s{n}")]


_FACTS = frozenset(
    {
        HardRule.PARTNER_ACTIVE,
        HardRule.CROSS_BORDER,
        HardRule.SAME_AGENCY,
        HardRule.CONFLICT_OF_INTEREST,
        HardRule.EXCLUDED_PAIR,
        HardRule.NOT_AVAILABLE,
        HardRule.PRE_MATCHED,
        HardRule.DECLINED_BEFORE,
    }
)
"""The rules that nobody changes for one match."""


def _could_open(problem: Problem, members: list[Candidate], seat: Seat) -> bool:
    """Return whether changes could let a group in at a seat: no fact forbids it, and its weeks and languages do."""
    facts = any(_FACTS & set(broken(problem, member, seat)) or not same_kind(member, seat) for member in members)
    spoken = [seat.languages[each] for each in seat.languages if seat.languages[each] is not LanguageLevel.NS]
    minimum = any(member.language_minimum is not None for member in members)
    return (
        not facts
        and (seat.weeks is None or len(seat.weeks) >= problem.rules.common_weeks)
        and bool(spoken)
        and not minimum
    )


@given(worlds(people=8, seats=4))
@settings(max_examples=60, deadline=None)
def test_changes_of_a_group_hold_and_none_is_missing(problem: Problem) -> None:
    """Each set gives the whole group the named place in a new run, and a group that could be let in has a set."""
    result = run_layers(problem)
    layout = lay_out(problem)
    for unit in layout.units:
        if layout.seats[unit.members[0].id] is not None:
            continue
        members = list(unit.members)
        receipts = [result.receipt(member.id) for member in members]
        assert all(receipt.changes == receipts[0].changes for receipt in receipts)
        for change in receipts[0].changes:
            again = run_layers(applied_to_group(problem, members, change)).matching
            assert {again.get(member.id) for member in members} == {change.seat_id}
        follows = any(pair.group_id == unit.group_id for pair in problem.fixed)
        if not receipts[0].changes and not follows:
            assert not any(_could_open(problem, members, seat) for seat in problem.seats)


def test_a_group_reads_the_fewest_changes_for_all_its_members() -> None:
    """Members who lack a language, a week or places read one set, which is not enough with one place or level less."""
    weeks = frozenset({FIRST_WEEK})
    pair = [
        _officer("a", "g", languages={"en": LanguageLevel.A1}),
        _officer("b", "g", languages={"en": LanguageLevel.B2}, weeks=weeks),
    ]
    seat = replace(
        _seat("s", 1),
        languages={"en": LanguageLevel.B1},
        weeks={FIRST_WEEK + timedelta(weeks=1): 4},
    )
    problem = _call(pair, [seat])
    (change,) = run_layers(problem).receipt("b").changes
    assert [(part.change, part.to_level, part.week, part.count) for part in change.parts] == [
        (Change.LANGUAGE_LEVEL, LanguageLevel.B1, None, None),
        (Change.OTHER_WEEKS, None, FIRST_WEEK + timedelta(weeks=1), 1),
        (Change.MORE_PLACES, None, None, 1),
    ]
    assert run_layers(applied_to_group(problem, pair, change)).matching == {"a": "s", "b": "s"}
    for missing in change.parts:
        rest = [part for part in change.parts if part != missing]
        less = replace(rest[0], beside=tuple(rest[1:]))
        assert run_layers(applied_to_group(problem, pair, less)).matching == {}


def _less(change: Counterfactual) -> list[Counterfactual]:
    """Return a set without one of its parts, and with one less of each number."""
    fewer = [[*change.parts[:at], *change.parts[at + 1 :]] for at in range(len(change.parts))]
    fewer += [
        [*change.parts[:at], replace(part, count=part.count - 1), *change.parts[at + 1 :]]
        for at, part in enumerate(change.parts)
        if part.count is not None and part.count > 1
    ]
    return [replace(parts[0], beside=tuple(parts[1:])) for parts in fewer if parts]


def _proven(problem: Problem, group: list[Candidate]) -> list[tuple[Change, int | None]]:
    """Return the only set of a group; a new run with it places all members, and with less of it nobody."""
    (change,) = run_layers(problem).receipt(group[0].id).changes
    again = run_layers(applied_to_group(problem, group, change)).matching
    assert {again.get(member.id) for member in group} == {change.seat_id}
    for less in _less(change):
        assert not {member.id for member in group} & run_layers(applied_to_group(problem, group, less)).matching.keys()
    return [(part.change, part.count) for part in change.parts]


def test_a_group_reads_that_a_placement_would_take_larger_groups() -> None:
    """Three officers for places in pairs read "groups of 3", with the places that are missing besides."""
    group = [_officer(name, "g", group_size=3) for name in "abc"]
    assert _proven(_call(group, [replace(_seat("s", 4), group_size=2)]), group) == [(Change.LARGER_GROUP, 3)]
    tight = _call(group, [replace(_seat("s", 2), group_size=2)])
    assert _proven(tight, group) == [(Change.LARGER_GROUP, 3), (Change.MORE_PLACES, 1)]


def test_a_placement_for_singles_offers_its_places_to_a_group() -> None:
    """A placement that took only singles may be filled by one country once it takes a group."""
    group = [_officer(name, "g", group_size=3) for name in "abc"]
    seat = replace(_seat("s", 3), group_size=1, share_exempt=False)
    problem = _call(group, [seat])
    assert _proven(problem, group) == [(Change.LARGER_GROUP, 3)]
    (change,) = run_layers(problem).receipt("a").changes
    assert applied_to_group(problem, group, change).seats == (replace(seat, group_size=3, share_exempt=True),)


def test_a_week_with_too_few_places_for_a_group_is_named() -> None:
    """Three officers for a placement with one guest a week read two more places in the week that they can all come."""
    weeks = frozenset({FIRST_WEEK})
    group = [_officer(name, "g", group_size=3, weeks=weeks) for name in "abc"]
    later = FIRST_WEEK + timedelta(weeks=2)
    seat = replace(_seat("s", 5), weeks={FIRST_WEEK: 1, later: 1})
    assert _proven(_call(group, [seat]), group) == [(Change.PLACES_IN_WEEK, 2)]


def test_a_placement_with_fewer_weeks_than_the_call_asks_for_gets_one_more() -> None:
    """Two officers read places for both in a week that they have stated and the placement does not offer yet."""
    later = FIRST_WEEK + timedelta(weeks=1)
    group = [_officer(name, "g", weeks=frozenset({FIRST_WEEK, later})) for name in "ab"]
    called = _call(group, [replace(_seat("s", 2), weeks={FIRST_WEEK: 2})])
    problem = replace(called, rules=replace(called.rules, common_weeks=2))
    assert _proven(problem, group) == [(Change.PLACES_IN_WEEK, 2)]
    assert run_layers(problem).receipt("a").changes[0].week == later


def test_a_member_who_goes_alone_reads_of_larger_groups() -> None:
    """A member who declined the place of the companions reads that another placement would take larger groups."""
    fixed = (Fixed(candidate_id="a", seat_id="t", country="MD", group_id="g"),)
    alone = _officer("b", "g", group_size=2, barred=frozenset({"t"}))
    problem = _call([alone], [replace(_seat("s", 2), group_size=1), _seat("t", 2)], fixed=fixed)
    (change,) = run_layers(problem).receipt("b").changes
    assert (change.change, change.count, change.at_seat_id) == (Change.LARGER_GROUP, 2, "s")
    assert run_layers(applied(problem, "b", change)).matching == {"b": "s"}
