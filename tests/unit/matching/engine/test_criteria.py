"""A criterion and a hard rule that are declared once act alike in the plain, the swept and the live engine."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from services.matching.engine.live.matching import LiveMatching
from services.matching.engine.market import market as market_module
from services.matching.engine.market.market import COMPILED, Market
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Candidate, Problem, Seat, Weight
from services.matching.engine.rules import criteria, properties
from services.matching.engine.rules.criteria import Measure, Requirement, Term
from services.matching.engine.rules.pairing import Pairing
from services.matching.engine.rules.properties import Property, Vocabulary
from services.matching.engine.rules.scores import TIE_BITS
from shared.contracts.codes import Code, Criterion, HardRule, Objective
from tests.unit.matching.engine.oracle import broken, level, points, same_kind
from tests.unit.matching.engine.random_events import event, world
from tests.unit.matching.engine.worlds import EVERY_WEIGHT, make_problem, problems


class Extra(Code):
    """Codes of criteria and rules that only these tests use."""

    ELBOW_ROOM = "elbow_room", "Elbow room"
    NEIGHBOURS = "neighbours", "Neighbours"
    TOPICS_COUNTED = "topics_counted", "Topics in common"
    ODD_OR_EVEN = "odd_or_even", "Both odd or both even"
    NOT_OVERQUALIFIED = "not_overqualified", "Not overqualified"


_CODES: Any = tuple(Extra)  # the engine's types know the codes of the contracts only
ELBOW_ROOM, NEIGHBOURS, TOPICS_COUNTED, ODD_OR_EVEN, NOT_OVERQUALIFIED = _CODES
HEAVY = {ELBOW_ROOM: Weight(7, 2), NEIGHBOURS: Weight(3, 9), TOPICS_COUNTED: Weight(2, 1)}


def number(identity: str) -> int:
    """Return the number in an id."""
    return int(identity[1:])


NUMBER = Property(lambda candidate, _: number(candidate.id) % 4, np.int8)
SEAT_NUMBER = Property(lambda seat, _: number(seat.id) % 4, np.int8)
PLACES = Vocabulary(
    lambda candidate, _: (candidate.country, candidate.organisation_id), lambda seat, _: (seat.country, "o1")
)
MEASURES = (
    Measure(
        ELBOW_ROOM,
        (
            Term(
                lambda _, size, largest: 45 * (largest - size),
                (properties.GROUP,),
                (properties.LARGEST_GROUP,),
                capped=True,
            ),
        ),
    ),
    Measure(NEIGHBOURS, (Term(lambda _: 60, over=PLACES), Term(lambda _, first: first * 20, (properties.FIRST_TIME,)))),
    Measure(
        TOPICS_COUNTED,
        (
            Term(
                lambda _, wish, offers: (wish > 0) * offers, (properties.WISH,), (properties.OFFERS,), properties.TOPICS
            ),
        ),
        up_to=2,
    ),
)
REQUIREMENTS = (
    Requirement(ODD_OR_EVEN, (Term(lambda _, own, theirs: own % 2 == theirs % 2, (NUMBER,), (SEAT_NUMBER,)),)),
    Requirement(
        NOT_OVERQUALIFIED,
        bars=(
            Term(
                lambda _, own, required: own - required > 3,
                (properties.SPEAKS,),
                (properties.ASKS,),
                properties.LANGUAGES,
            ),
        ),
    ),
)


def more_points(problem: Problem, candidate: Candidate, seat: Seat) -> dict[Criterion, int]:
    """Return the points of the extra criteria, in plain Python."""
    near = {candidate.country, candidate.organisation_id} & {seat.country, "o1"}
    return {
        ELBOW_ROOM: max(0, min(100, 45 * (seat.group_size - candidate.group_size))),
        NEIGHBOURS: max(60 if near else 0, 20 * candidate.first_time),
        TOPICS_COUNTED: 50 * min(2, len(seat.topics & set(candidate.topics))),
    }


def more_broken(problem: Problem, candidate: Candidate, seat: Seat) -> list[HardRule]:
    """Return the extra rules that a pair breaks, in plain Python."""
    above = [
        level(candidate.languages.get(tongue)) - max(level(required), level(problem.rules.language_minimum))
        for tongue, required in seat.languages.items()
        if tongue in candidate.languages
    ]
    odd = number(candidate.id) % 2 != number(seat.id) % 2
    return [ODD_OR_EVEN] * odd + [NOT_OVERQUALIFIED] * (max(above, default=0) > 3)


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare the extra criteria and rules, and nothing else; sweep the smallest market."""
    monkeypatch.setattr(criteria, "CRITERIA", (*criteria.CRITERIA, *MEASURES))
    monkeypatch.setattr(criteria, "REQUIREMENTS", (*criteria.REQUIREMENTS, *REQUIREMENTS))
    monkeypatch.setattr(market_module, "SWEPT_FROM", 0)


def heavy(problem: Problem) -> Problem:
    """Return the problem with weights for the extra criteria."""
    return replace(problem, rules=replace(problem.rules, weights={**EVERY_WEIGHT, **HEAVY}))


def plain(problem: Problem) -> Market:
    """Return a market with all its pairs, by numpy."""
    market = Market(problem)
    market.pairs = market.all_pairs()
    return market


@pytest.mark.usefixtures("declared")
@given(problems(people=8, seats=5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_declared_criteria_act_in_the_plain_engine(problem: Problem) -> None:
    """Feasible pairs, funnel, sums and broken rules equal the declaration in plain Python."""
    problem = heavy(problem)
    market, weights = plain(problem), problem.rules.weights
    for place, candidate in enumerate(market.candidates):
        verdicts = {
            at: [*broken(problem, candidate, seat), *more_broken(problem, candidate, seat)]
            for at, seat in enumerate(market.seats)
            if same_kind(candidate, seat)
        }
        assert sorted(market.row(place).seats) == [at for at, rules in verdicts.items() if not rules]
        for at, seat in enumerate(market.seats):
            broke = [rule for rule in market.rules.broken(candidate, at) if rule in {ODD_OR_EVEN, NOT_OVERQUALIFIED}]
            assert broke == more_broken(problem, candidate, seat)
        steps = {step.rule: step.removed for step in market.feasible[place].funnel()}
        for rule in (ODD_OR_EVEN, NOT_OVERQUALIFIED):
            assert steps[rule] == sum(rules[:1] == [rule] for rules in verdicts.values())
        alone = market.row_of(candidate)
        cut = market.pairs.row(place)
        assert alone.key.tolist() == market.pairs.key[cut].tolist()
        for at, gain, preference in zip(alone.seat.tolist(), alone.gain, alone.preference, strict=True):
            seat = market.seats[at]
            earned = {**points(problem, candidate, seat), **more_points(problem, candidate, seat)}
            assert gain == sum(weights[name].applicant * got for name, got in earned.items())
            assert preference == sum(weights[name].host * got for name, got in earned.items())


@pytest.mark.skipif(not COMPILED, reason="a sweep needs numba")
@pytest.mark.usefixtures("declared")
@given(problems(people=8, seats=70))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_declared_criteria_act_in_the_swept_engine(problem: Problem) -> None:
    """A sweep has the pairs, the order and the funnel of the plain engine."""
    problem = heavy(problem)
    swept, whole = Market(problem), plain(problem)
    assert swept.sweep is not None
    for name in ("starts", "seat", "key", "gain", "preference"):
        assert np.array_equal(getattr(swept.pairs, name), getattr(whole.pairs, name))
    assert np.array_equal(swept.sweep.funnel, whole.left[1])


@pytest.mark.usefixtures("declared")
@given(problems(people=8, seats=6, quotas=False, fixed=False))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_declared_criteria_act_in_the_live_engine(problem: Problem) -> None:
    """One candidate against all seats, and one seat against all candidates, equal the plain engine."""
    problem = replace(
        heavy(problem), seats=tuple(replace(seat, capacity=max(1, seat.capacity)) for seat in problem.seats)
    )
    market, pairing = plain(problem), Pairing(problem)
    slots = {seat.id: pairing.seats.add(seat) for seat in problem.seats}
    people = {candidate.id: pairing.candidates.add(candidate) for candidate in problem.candidates}
    columns = {seat.id: pairing.column(seat, slots[seat.id]) for seat in problem.seats}
    for place, candidate in enumerate(market.candidates):
        row, cut = pairing.row(candidate, people[candidate.id]), market.pairs.row(place)
        wanted = [slots[market.seats[at].id] for at in market.pairs.seat[cut]]
        assert sorted(np.flatnonzero(row.own).tolist(), key=lambda slot: -row.own[slot]) == wanted
        assert row.key[wanted].tolist() == market.pairs.key[cut].tolist()
        assert (row.own[wanted] - 1 >> TIE_BITS).tolist() == market.pairs.gain[cut].tolist()
        for seat, slot in slots.items():
            assert columns[seat].own[people[candidate.id]] == row.own[slot]
            assert not row.own[slot] or columns[seat].key[people[candidate.id]] == row.key[slot]


@pytest.mark.usefixtures("declared")
def test_declared_criteria_are_followed_event_by_event() -> None:
    """After each event the matching equals a run from scratch, with the extra criteria and rules in both."""
    dice = random.Random(8)
    live = LiveMatching(heavy(world(dice, crowded=True)))
    for at in range(20):
        happening = event(dice, live.problem, live.matching, at)
        if happening is not None:
            happening[1](live)
            assert live.matching == run(live.problem).matching


@pytest.mark.usefixtures("declared")
def test_declared_criteria_change_the_matching_and_the_receipt() -> None:
    """Extra rules take seats away, extra criteria have points in the receipt, and the result changes."""
    problem = make_problem(random.Random(5), 12, 8, tight=0.1, objective=Objective.STABLE, fixed=False)
    result = run(heavy(problem))
    receipts = [result.receipt(candidate.id) for candidate in problem.candidates]
    removed = {step.rule: 0 for step in receipts[0].funnel}
    for receipt in receipts:
        for step in receipt.funnel:
            removed[step.rule] += step.removed
    assert removed[ODD_OR_EVEN] > 0
    assert removed[NOT_OVERQUALIFIED] > 0
    earned = {
        part.criterion for receipt in receipts for option in receipt.options for part in option.earned if part.points
    }
    assert earned >= {ELBOW_ROOM, NEIGHBOURS, TOPICS_COUNTED}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(criteria, "CRITERIA", criteria.CRITERIA[: -len(MEASURES)])
        patch.setattr(criteria, "REQUIREMENTS", criteria.REQUIREMENTS[: -len(REQUIREMENTS)])
        assert run(problem).matching != result.matching
