"""Exchange rings: possible, and of the highest sum."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.interventions import manual
from services.matching.engine.interventions.rings import Leg, Ring, Rings, rings
from services.matching.engine.layers import run_layers
from services.matching.engine.market.market import Market
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Candidate, Rules, Seat, SeatKind
from shared.contracts.codes import ApplicationKind, LanguageLevel, Objective, RankGroup
from tests.unit.matching.engine.worlds import make_problem, shuffled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.matching.engine.problem.problem import Problem

AGENCIES = (("am", "AM"), ("ge", "GE"), ("fr", "FR"), ("de", "DE"), ("eu", "EU"))


def world(seed: int, people: int = 7, seats: int = 4) -> Problem:
    """Return officers and placements of the same few agencies."""
    dice = random.Random(seed)
    problem = make_problem(dice, people, seats, tight=dice.choice((0.0, 0.1)))

    def put() -> Any:
        agency, country = dice.choice(AGENCIES[: dice.choice((3, 5))])
        return {"organisation_id": agency, "country": country}

    return replace(
        problem,
        candidates=tuple(
            replace(candidate, kind=ApplicationKind.STUDY_VISIT, group_size=1, **put())
            for candidate in problem.candidates
        ),
        seats=tuple(replace(seat, kind=SeatKind.PLACEMENT, **put()) for seat in problem.seats),
    )


worlds = st.integers(0, 2**32).map(world)
crowded = st.integers(0, 2**32).map(lambda seed: world(seed, 12, 4))


def _all_rings(market: Market, waiting: set[str]) -> Iterator[tuple[Leg, ...]]:
    """Yield every tandem and ring by plain search over pairs."""
    legs = [
        Leg(
            candidate.id,
            seat.id,
            candidate.organisation_id,
            seat.organisation_id,
            int(pairs.gain[at]),
            int(pairs.preference[at]),
        )
        for candidate in market.candidates
        if candidate.id in waiting
        for pairs in [market.pairs]
        for at in range(*pairs.row(market.place[candidate.id]).indices(len(pairs.seat)))
        for seat in [market.seats[int(pairs.seat[at])]]
    ]
    for first in legs:
        for second in legs:
            if second.agency != first.host_agency:
                continue
            if second.host_agency == first.agency and first.agency < second.agency:
                yield first, second
            for third in legs:
                if third.agency != second.host_agency or third.host_agency != first.agency:
                    continue
                if len({first.agency, second.agency, third.agency}) == 3 and first.agency == min(
                    first.agency, second.agency, third.agency
                ):
                    yield first, second, third


def _possible(market: Market, legs: Sequence[Leg]) -> bool:
    """Return whether nobody travels twice, within places, shares and ceilings."""
    country = {candidate.id: market.country[at] for at, candidate in enumerate(market.candidates)}
    people = Counter(leg.candidate_id for leg in legs)
    seats = Counter(market.seat_place[leg.seat_id] for leg in legs)
    shares = Counter((market.seat_place[leg.seat_id], country[leg.candidate_id]) for leg in legs)
    sent = Counter(country[leg.candidate_id] for leg in legs)
    return (
        max(people.values(), default=0) <= 1
        and all(count <= market.free[seat] for seat, count in seats.items())
        and all(count + market.used[seat].get(of, 0) <= market.shares[seat] for (seat, of), count in shares.items())
        and all((most := market.quota[of]) is None or count <= max(0, most) for of, count in sent.items())
    )


def _best(market: Market, found: list[tuple[Leg, ...]], at: int = 0, legs: tuple[Leg, ...] = ()) -> int:
    """Return the highest sum of any set of rings that is possible together."""
    best = sum(leg.weight for leg in legs)
    for number in range(at, len(found)):
        together = legs + found[number]
        if _possible(market, together):
            best = max(best, _best(market, found, number + 1, together))
    return best


def _legs(found: Rings) -> list[Leg]:
    return [leg for ring in found.rings for leg in ring.legs]


@settings(max_examples=60, deadline=None)
@given(worlds)
def test_the_optimum_is_that_of_brute_force(problem: Problem) -> None:
    """The sum is the highest of any set of tandems and rings, and each ring is closed and possible."""
    market = Market(problem)
    waiting = {candidate.id for candidate in market.candidates}
    found = rings(market, waiting)
    every = list(_all_rings(market, waiting))
    for ring in found.rings:
        steps = [(leg.agency, leg.host_agency) for leg in ring.legs]
        assert [host for _, host in steps] == [home for home, _ in (*steps[1:], steps[0])]
        assert len({home for home, _ in steps}) == len(steps)
        assert ring.legs in every
    assert _possible(market, _legs(found))
    if len(every) <= 40:
        assert found.total == found.bound == _best(market, every)


@settings(max_examples=50, deadline=None)
@given(worlds)
def test_the_greedy_result_is_possible_and_within_its_bound(problem: Problem) -> None:
    """The greedy result is possible and never above the optimum, and the bound is never below the optimum."""
    market = Market(problem)
    waiting = {candidate.id for candidate in market.candidates}
    exact, fast = rings(market, waiting), rings(market, waiting, exact_columns=0)
    assert _possible(market, _legs(fast))
    assert fast.total <= exact.total <= fast.bound
    assert bool(fast.rings) == bool(exact.rings)


@settings(max_examples=30, deadline=None)
@given(worlds, st.randoms(use_true_random=False))
def test_the_order_of_the_parts_does_not_matter(problem: Problem, dice: random.Random) -> None:
    """The same problem gives the same rings."""
    waiting = {candidate.id for candidate in problem.candidates}
    assert rings(Market(problem), waiting) == rings(Market(shuffled(problem, dice)), waiting)


def test_three_who_have_no_mutual_partner_still_travel() -> None:
    """If no two can exchange but each wants what the next offers, all three can."""
    offers = {"am": "online_crime", "fr": "drug_trafficking", "ge": "environmental_crime"}
    wishes = {"am": "drug_trafficking", "fr": "environmental_crime", "ge": "online_crime"}
    plain = world(1, 3, 3)
    market = Market(
        replace(
            plain,
            fixed=(),
            rules=Rules(),
            candidates=tuple(
                Candidate(
                    id=f"{agency}-officer",
                    kind=ApplicationKind.STUDY_VISIT,
                    country=agency.upper(),
                    organisation_id=agency,
                    rank_group=RankGroup.OPERATIONAL,
                    languages={"en": LanguageLevel.B2},
                    topics=(topic,),
                )
                for agency, topic in wishes.items()
            ),
            seats=tuple(
                Seat(
                    id=f"{agency}-place",
                    kind=SeatKind.PLACEMENT,
                    country=agency.upper(),
                    organisation_id=agency,
                    capacity=1,
                    languages={"en": LanguageLevel.B1},
                    topics=frozenset({topic}),
                )
                for agency, topic in offers.items()
            ),
        )
    )
    found = rings(market, {"am-officer", "fr-officer", "ge-officer"})
    (ring,) = found.rings
    assert [(leg.candidate_id, leg.seat_id) for leg in ring.legs] == [
        ("am-officer", "fr-place"),
        ("fr-officer", "ge-place"),
        ("ge-officer", "am-place"),
    ]
    assert ring.weight == found.total == found.bound > 0
    assert rings(market, {"am-officer", "ge-officer"}) == Rings((), 0)


@settings(max_examples=40, deadline=None)
@given(crowded, st.sampled_from(tuple(Objective)))
def test_a_ring_made_by_hand_stands_and_the_rest_is_matched_around_it(problem: Problem, aim: Objective) -> None:
    """The pairs are there, no other rules are broken, and the price is the difference of the two runs."""
    problem = replace(problem, rules=replace(problem.rules, objective=aim, floors={}))
    before = run(problem)
    found = rings(Market(problem), before.unmatched)
    pairs = {leg.candidate_id: leg.seat_id for ring in found.rings for leg in ring.legs}
    after = manual.with_pairs(problem, pairs)
    assert pairs.items() <= after.matching.items()
    assert after.digest == before.digest
    cost = manual.price(before, after)
    assert set(pairs) <= set(cost.gain)
    assert len(after.pairs) == len(before.pairs) + len(cost.gain) - len(cost.lose)
    assert cost.points == after.prices.total - before.prices.total
    for candidate_id, seat in pairs.items():
        assert after.receipt(candidate_id, effort=0).seat_id == seat
    if not pairs:
        assert after.matching == before.matching


@settings(max_examples=30, deadline=None)
@given(crowded)
def test_groups_stay_whole_around_pairs_made_by_hand(problem: Problem) -> None:
    """Without pairs made by hand the matching is that of any run, groups included."""
    problem = replace(
        problem,
        rules=replace(problem.rules, floors={}),
        candidates=tuple(
            replace(candidate, group_id="g", group_size=2, organisation_id="am", country="AM")
            if place < 2
            else candidate
            for place, candidate in enumerate(problem.candidates)
        ),
    )
    assert manual.with_pairs(problem, {}).matching == run_layers(problem).matching


def test_a_pair_that_may_not_be_is_refused() -> None:
    """A pair that is not feasible, or one beyond the room, is named."""
    problem, (first, second, seat) = next(
        (problem, rivals) for problem in map(world, range(1000)) if (rivals := _rivals(problem)) is not None
    )
    seats = tuple(replace(place, capacity=1) if place.id == seat else place for place in problem.seats)
    problem = replace(problem, seats=seats, fixed=())
    with pytest.raises(manual.NotPossible, match=f"{first} cannot have nothing"):
        manual.with_pairs(problem, {first: "nothing"})
    assert manual.with_pairs(problem, {second: seat}).matching[second] == seat
    with pytest.raises(manual.NotPossible) as refused:
        manual.with_pairs(problem, {first: seat, second: seat})
    assert (refused.value.candidate_id, refused.value.seat_id) == (second, seat)
    other = replace(problem, candidates=tuple(replace(candidate, topics=("none",)) for candidate in problem.candidates))
    with pytest.raises(manual.NotPossible, match=f"{first} cannot have {seat}"):
        manual.with_pairs(other, {first: seat})


def _rivals(problem: Problem) -> tuple[str, str, str] | None:
    """Return two candidates who may both have a seat that states topics; None if there is no such seat."""
    market = Market(problem)
    for seat, place in enumerate(market.seats):
        who = sorted({market.candidates[at].id for at in market.pairs.owner[market.pairs.seat == seat]})
        if place.topics and len(who) > 1:
            return who[0], who[1], place.id
    return None


def test_a_ring_says_what_it_is_worth() -> None:
    """The weight is the sum of both scores and one for each pair, as in every run."""
    leg = Leg("a", "p", "am", "fr", gain=4, preference=5)
    assert Ring((leg, leg)).weight == 2 * (4 + 5 + 1)
