"""Floors of countries: met if possible, with the least change, else with the reason."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.market.market import Market
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Candidate, Exclusion, Problem, Rules, Seat, SeatKind
from services.matching.engine.solution import solve
from services.matching.engine.stable.deferred_acceptance import stable
from services.matching.engine.stable.floors import met
from shared.contracts.codes import ApplicationKind, FloorCause, LanguageLevel, Objective, RankGroup
from tests.unit.matching.engine.oracle import blocking
from tests.unit.matching.engine.worlds import FIRST_WEEK, HOMES, make_problem


def worlds(people: int = 12, seats: int = 5) -> st.SearchStrategy[Problem]:
    """Return stable problems in which one or two countries have a floor, and some a ceiling."""

    def make(seed: int, n: int, m: int, tight: float) -> Problem:
        dice = random.Random(seed)
        problem = make_problem(dice, n, m, tight=tight, objective=Objective.STABLE)
        floors = {country: dice.randint(1, 4) for country in dice.sample(HOMES, dice.randint(1, 2))}
        return replace(problem, rules=replace(problem.rules, floors=floors))

    return st.builds(
        make, st.integers(0, 2**32), st.integers(0, people), st.integers(0, seats), st.sampled_from((0.0, 0.2))
    )


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_a_floor_stays_unmet_only_if_nobody_else_could_fill_it(problem: Problem) -> None:
    """A floor stays unmet only if all its people with a feasible seat and no ceiling above were put first."""
    market = Market(problem)
    solution = solve(market)
    sent = Counter(market.rules.sent)
    sent.update(market.candidates[candidate].country for candidate, seat in enumerate(solution.assigned) if seat >= 0)
    for number, candidate in enumerate(market.candidates):
        home = candidate.country
        floor = min(problem.rules.floors.get(home, 0), problem.rules.ceilings.get(home, 99))
        if solution.assigned[number] >= 0 or sent[home] >= floor:
            continue
        row = market.pairs.row(number)
        assert number in solution.floor_first | solution.beyond_quota or row.start == row.stop


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_a_floor_unsettles_only_the_seats_it_needs(problem: Problem) -> None:
    """A pair blocks only with a seat of somebody whom a floor put first."""
    market = Market(problem)
    plain, out = stable(market)
    solution = solve(market)
    sent = Counter(market.rules.sent)
    sent.update(market.candidates[candidate].country for candidate, seat in enumerate(plain) if seat >= 0)
    rows = {candidate for candidate in range(len(market.candidates)) if market.rows[candidate].seats}
    could = {
        market.candidates[candidate].country for candidate in rows if plain[candidate] < 0 and candidate not in out
    }
    if not any(sent[country] < floor and country in could for country, floor in problem.rules.floors.items()):
        assert (solution.assigned, solution.floor_first) == (plain, frozenset())
    matching = {candidate: seat for candidate, seat in enumerate(solution.assigned) if seat >= 0}
    seats = {matching[candidate] for candidate in solution.floor_first if candidate in matching}
    for candidate, seat in blocking(market, matching):
        assert seat in seats or candidate in solution.beyond_quota


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_floors_take_from_no_country_what_its_own_floor_asks(problem: Problem) -> None:
    """Meeting floors leaves no country that was at its floor below it, unless places do not suffice for both."""
    market = Market(problem)
    plain, out = stable(market)
    assigned, _, first = met(market, plain, out)
    for country, floor in problem.rules.floors.items():
        before = sum(
            seat >= 0 and market.candidates[candidate].country == country for candidate, seat in enumerate(plain)
        )
        after = sum(
            seat >= 0 and market.candidates[candidate].country == country for candidate, seat in enumerate(assigned)
        )
        lacking = floor - market.rules.sent[country]
        if before >= lacking > after:
            assert any(market.candidates[candidate].country == country for candidate in first)


def _officers(country: str, count: int, **values: Any) -> list[Candidate]:
    return [
        Candidate(
            id=f"{country}{number}",
            kind=ApplicationKind.STUDY_VISIT,
            country=country,
            organisation_id="home",
            rank_group=RankGroup.OPERATIONAL,
            **{"languages": {"en": LanguageLevel.A1}} | values,
        )
        for number in range(count)
    ]


def _seat(identity: str, capacity: int, **values: Any) -> Seat:
    return Seat(
        id=identity,
        kind=SeatKind.PLACEMENT,
        country="DE",
        organisation_id="host",
        capacity=capacity,
        languages={"en": LanguageLevel.A1},
        **values,
    )


def _problem(people: list[Candidate], seats: list[Seat], **rules: Any) -> Problem:
    day = FIRST_WEEK - timedelta(weeks=10)
    values = {"share": 100} | rules
    return Problem(call_id="c", day=day, seed="s", candidates=tuple(people), seats=tuple(seats), rules=Rules(**values))


def test_a_floor_takes_only_as_many_places_as_it_lacks() -> None:
    """A floor of one takes one of two places from a country that the host values more, not both."""
    people = [*_officers("AM", 2), *_officers("GE", 2, languages={"en": LanguageLevel.C1})]
    seats = [_seat("s", 2)]
    assert Counter(candidate_id[:2] for candidate_id in run(_problem(people, seats)).matching) == {"GE": 2}
    result = run(_problem(people, seats, floors={"AM": 1}))
    assert Counter(candidate_id[:2] for candidate_id in result.matching) == {"AM": 1, "GE": 1}
    assert result.unmet_floors == {}
    first = next(candidate_id for candidate_id in result.matching if candidate_id.startswith("AM"))
    assert result.receipt(first).floor_first
    assert not result.receipt("GE0").floor_first


def test_a_ceiling_below_the_floor_puts_nobody_first() -> None:
    """At the ceiling the floor does not change who goes."""
    people = _officers("AM", 3)
    plain = run(_problem(people, [_seat("s", 3)], ceilings={"AM": 1}))
    floor = run(_problem(people, [_seat("s", 3)], ceilings={"AM": 1}, floors={"AM": 2}))
    assert floor.matching == plain.matching
    assert not any(floor.receipt(person.id).floor_first for person in people)


def test_the_price_of_a_floor_is_reported() -> None:
    """The officer who lost the place to a floor blocks with its seat, and the run counts that."""
    people = [*_officers("AM", 1), *_officers("GE", 1, languages={"en": LanguageLevel.C1})]
    assert run(_problem(people, [_seat("s", 1)])).prices.blocking_pairs == 0
    assert run(_problem(people, [_seat("s", 1)], floors={"AM": 1})).prices.blocking_pairs == 1


def test_every_cause_is_named() -> None:
    """Causes: too few applications, no place that fits, places taken by another floor, a ceiling below the floor."""
    cases: list[tuple[list[Candidate], dict[str, Any], FloorCause]] = [
        (_officers("AM", 1), {"floors": {"AM": 2}}, FloorCause.TOO_FEW_ELIGIBLE),
        (
            _officers("AM", 2),
            {"floors": {"AM": 2}, "exclusions": (Exclusion(first="AM", second="DE"),)},
            FloorCause.NO_FEASIBLE_PLACE,
        ),
        (_officers("AM", 2), {"floors": {"AM": 2}}, FloorCause.PLACES_TAKEN),
        (_officers("AM", 2), {"floors": {"AM": 2}, "ceilings": {"AM": 1}}, FloorCause.CEILING),
    ]
    for objective in Objective:
        for people, rules, cause in cases:
            (unmet,) = run(_problem(people, [_seat("s", 1)], objective=objective, **rules)).floors
            assert (unmet.country, unmet.floor, unmet.cause) == ("AM", 2, cause)
            assert unmet.missing == 2 - unmet.placed > 0
