"""A coordinator's choices before a cohort: the engine's rerun, and its price, against a matching made by hand."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.cohorts.model import Choice, ChoiceKind, price_of, rerun
from services.matching.engine.interventions.manual import with_pairs
from services.matching.engine.layers import Layered
from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import Fixed, Problem
from services.matching.options.model import compute
from services.matching.options.views import finding
from services.matching.provisional.model.problem import Facts, Place, fixed_pairs, problem, solve
from shared.contracts import _examples as ex
from shared.contracts.applications import ApplicationProfile
from shared.contracts.calls import CallTerms
from shared.contracts.codes import ApplicationKind, CohortOption, Reason
from shared.contracts.offers import OfferTerms
from shared.i18n import gettext
from shared.time import clock
from tests.unit.matching.engine.oracle import broken, choose, keys_of, points

VISIT = ApplicationKind.STUDY_VISIT
DAY = clock.today()


def _id(number: int) -> UUID:
    return UUID(int=number + 1)


def _facts(dice: random.Random, people: int, places: int) -> Facts:
    span = {"start": str(DAY + timedelta(weeks=9)), "end": str(DAY + timedelta(weeks=30))}
    terms = ex.CALL_TERMS | {
        "kinds": ["study_visit"],
        "quotas": [],
        "needs": [],
        "weights": [],
        "visit_periods": [span],
    }
    return Facts(
        call_id=UUID(ex.CALL),
        terms=CallTerms.model_validate(terms),
        day=DAY,
        cohort=0,
        candidates={
            _id(number): ApplicationProfile.model_validate(
                ex.PROFILE
                | {
                    "reference": f"MD-2026-{number:04}",
                    "country": dice.choice(("MD", "GE", "AM")),
                    "organisation_id": str(_id(1000 + number)),
                    "topics": dice.sample(("online_crime", "criminal_networks"), dice.choice((1, 2))),
                    "preferred_countries": dice.sample(("FR", "PL", "EE"), 1),
                    "periods": [span],
                    "blackouts": [],
                }
            )
            for number in range(people)
        },
        places={
            _id(100 + number): Place(
                _id(100 + number),
                OfferTerms.model_validate(
                    ex.OFFER_TERMS
                    | {
                        "reference": f"FR-P-2026-{number:04}",
                        "country": dice.choice(("FR", "PL")),
                        "organisation_id": str(_id(2000 + number)),
                        "topics": dice.sample(("online_crime", "criminal_networks"), dice.choice((1, 2))),
                        "places": dice.choice((1, 2)),
                        "periods": [span | {"places_per_week": 2}],
                        "group_size": 1,
                        "deadline": None,
                    }
                ),
            )
            for number in range(places)
        },
    )


def _matched_by_hand(posed: Problem) -> dict[str, str]:
    """Return the stable matching by proposals one after the other, with the oracle's choice of each seat."""
    market = Market(posed)
    keys = keys_of(market)
    wishes = [list(row) for row in keys]
    at: dict[int, list[int]] = {seat: [] for seat in range(len(market.seats))}
    free = [candidate for candidate, row in enumerate(wishes) if row]
    while free:
        candidate = free.pop()
        seat = wishes[candidate].pop(0)
        applicants = [*at[seat], candidate]
        taken = choose(market, seat, [(keys[each][seat], each) for each in applicants])
        at[seat] = sorted(taken)
        free += [each for each in applicants if each not in taken and wishes[each]]
    return {market.candidates[each].id: market.seats[seat].id for seat, all_ in at.items() for each in all_}


def _sum(posed: Problem, matching: dict[str, str]) -> int:
    """Return the sum of points of a matching by the oracle."""
    people = {candidate.id: candidate for candidate in posed.candidates}
    seats = {seat.id: seat for seat in posed.seats}
    weights = posed.rules.weights
    return sum(
        1
        + sum(
            earned * (weights[name].applicant + weights[name].host) for name, earned in found.items() if name in weights
        )
        for candidate_id, seat_id in matching.items()
        if (found := points(posed, people[candidate_id], seats[seat_id]))
    )


@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 4), st.integers(0, 2))
@settings(max_examples=80, deadline=None)
def test_the_price_of_choices_is_that_of_an_independent_rerun(seed: int, people: int, places: int, holds: int) -> None:
    """Points, losers, gainers and movers are those of a matching by hand without the held back and around the pair."""
    dice = random.Random(seed)
    facts = _facts(dice, people, places)
    ids = sorted(facts.candidates)
    left_out = dice.sample(ids, min(holds, len(ids)))
    choices = {id_: Choice(kind=ChoiceKind.HOLD_BACK, reason=Reason.OTHER) for id_ in left_out}
    pinned, seat = dice.choice(ids), dice.choice(sorted(facts.places))
    if pinned not in choices:
        choices[pinned] = Choice(kind=ChoiceKind.MOVE, reason=Reason.OTHER, seat_id=seat)
    whole = problem(facts, VISIT, fixed_pairs(facts))
    candidate = next(each for each in whole.candidates if each.id == str(pinned))
    obstacles = broken(whole, candidate, next(each for each in whole.seats if each.id == str(seat)))
    found = rerun(facts, choices)
    moved = pinned not in left_out and not obstacles
    assert found.impossible == (frozenset() if moved or pinned in left_out else {pinned}), obstacles
    then = _matched_by_hand(whole)
    pair = {candidate.id: str(seat)} if moved else {}
    fixed = [Fixed(candidate_id=id_, seat_id=at, country=candidate.country) for id_, at in pair.items()]
    left = problem(facts, VISIT, fixed, only=frozenset(ids) - frozenset(left_out))
    now = _matched_by_hand(left) | pair
    assert dict(found.results[VISIT].matching) == now
    price = price_of(solve(facts), found.results)
    assert {str(id_) for id_ in price.lose} == then.keys() - now.keys()
    assert {str(id_) for id_ in price.gain} == now.keys() - then.keys()
    assert {str(id_) for id_ in price.move} == {id_ for id_ in then.keys() & now.keys() if then[id_] != now[id_]}
    assert price.points == _sum(whole, now) - _sum(whole, then)


def test_a_group_stays_together() -> None:
    """Holding back a member holds back the group, and a member cannot be given a place of its own."""
    facts = _facts(random.Random(1), 3, 2)
    first, second, third = sorted(facts.candidates)
    group = UUID(int=9)
    together = {id_: facts.candidates[id_].model_copy(update={"group_id": group}) for id_ in (first, second)}
    facts = Facts(
        call_id=facts.call_id,
        terms=facts.terms,
        day=facts.day,
        cohort=0,
        candidates=dict(facts.candidates) | together,
        places=facts.places,
    )
    left_out = rerun(facts, {first: Choice(kind=ChoiceKind.HOLD_BACK, reason=Reason.OTHER)})
    assert left_out.held_back.keys() == {first, second}
    assert left_out.results[VISIT].candidate_ids == {str(third)}
    seat = next(iter(facts.places))
    moved = rerun(facts, {first: Choice(kind=ChoiceKind.MOVE, reason=Reason.OTHER, seat_id=seat)})
    assert moved.impossible == {first}


@given(st.integers(0, 2**32), st.integers(3, 8), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_beside_a_place_given_by_hand_groups_are_explained_as_groups(seed: int, people: int, places: int) -> None:
    """The matching is the same as for all one by one; members' receipts have the group, and its price is counted."""
    dice = random.Random(seed)
    facts = _facts(dice, people, places)
    first, second, *others = sorted(facts.candidates)
    group = UUID(int=9)
    members = {id_: facts.candidates[id_].model_copy(update={"group_id": group}) for id_ in (first, second)}
    larger = {
        id_: replace(place, terms=place.terms.model_copy(update={"group_size": 2}))
        for id_, place in facts.places.items()
        if isinstance(place.terms, OfferTerms)
    }
    facts = replace(facts, candidates=dict(facts.candidates) | members, places=larger)
    pin = {others[0]: Choice(kind=ChoiceKind.MOVE, reason=Reason.OTHER, seat_id=min(facts.places))}
    found = rerun(facts, pin)
    result = found.results[VISIT]
    if found.impossible:
        return
    flat = with_pairs(result.problem, found.pins(result))
    assert (dict(result.matching), result.digest) == (dict(flat.matching), flat.digest)
    assert result.prices.total == flat.prices.total
    assert isinstance(result, Layered)
    for member in (first, second):
        together = result.receipt(str(member), effort=0).together
        assert together is not None
        assert together.size == 2
    assert str(others[0]) not in result.unmatched


@given(st.integers(0, 2**32), st.integers(2, 8), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_the_finding_of_options_is_true(seed: int, people: int, places: int) -> None:
    """Both ends are there unless they are the same, so no option has more points than the highest sum."""
    outcome = compute(_facts(random.Random(seed), people, places), seconds=1)
    by_kind = {option.option: option for option in outcome.options}
    most = max(option.total for option in outcome.options)
    ends = [by_kind[kind] for kind in (CohortOption.STABLE, CohortOption.HIGHEST_SUM) if kind in by_kind]
    assert max(option.total for option in ends) == most
    same = gettext("The stable plan also has the highest sum of points")
    assert (finding(outcome) == same) is (by_kind[CohortOption.STABLE].total == most)
    plans = [frozenset(option.pairs.items()) for option in outcome.options]
    assert len(set(plans)) == len(plans)
