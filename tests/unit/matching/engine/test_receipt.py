"""Receipts: true in all they say, and silent about other people."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.explain.chains import Chains
from services.matching.engine.explain.counterfactual import Counterfactual
from services.matching.engine.explain.receipt import Why
from services.matching.engine.market.market import Market, Row
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Candidate, Exclusion, Problem, SeatKind, Skill
from services.matching.engine.problem.weeks import WEEK
from services.matching.engine.stable.deferred_acceptance import stable
from shared.contracts.codes import ApplicationKind, Change, HardRule, LanguageLevel, Objective, RankGroup
from tests.unit.matching.engine.oracle import points
from tests.unit.matching.engine.worlds import make_problem, problems


def _changed(problem: Problem, candidate_id: str, change: Counterfactual) -> Problem:
    """Return the problem with all changes that a receipt names together."""
    for part in change.parts:
        problem = _with_part(problem, candidate_id, part)
    return problem


def _with_part(problem: Problem, candidate_id: str, change: Counterfactual) -> Problem:
    candidate = next(candidate for candidate in problem.candidates if candidate.id == candidate_id)
    rules, seats = problem.rules, problem.seats
    if change.change is Change.LANGUAGE_LEVEL:
        assert change.language is not None
        assert change.to_level is not None
        assert candidate.languages.get(change.language) == change.from_level
        candidate = replace(candidate, languages={**candidate.languages, change.language: change.to_level})
    elif change.change is Change.OTHER_WEEKS:
        assert candidate.weeks is not None
        assert change.week is not None
        assert change.week not in candidate.weeks
        assert min(abs(change.week - week) for week in candidate.weeks) <= (change.count or 0) * WEEK
        candidate = replace(candidate, weeks=candidate.weeks | {change.week})
    elif change.change is Change.MORE_TOPICS:
        assert change.topic is not None
        candidate = replace(candidate, topics=(*candidate.topics, change.topic))
    elif change.change is Change.MORE_EXPERTISE:
        assert change.area is not None
        skill = replace(candidate.expertise.get(change.area, Skill(0)), level=change.count or 1)
        candidate = replace(candidate, expertise={**candidate.expertise, change.area: skill})
    elif change.change is Change.RANK_GROUP:
        taken = {candidate.rank_group}
        seats = tuple(
            replace(seat, excluded_ranks=seat.excluded_ranks - taken) if seat.id == change.at_seat_id else seat
            for seat in seats
        )
    elif change.change is Change.SMALLER_GROUP:
        candidate = replace(candidate, group_size=change.count or 1)
    elif change.change is Change.MORE_PLACES:
        more = change.count or 0
        seats = tuple(
            replace(seat, capacity=seat.capacity + more) if seat.id == change.at_seat_id else seat for seat in seats
        )
    elif change.change is Change.PLACES_IN_WEEK:
        assert change.week is not None
        (at,) = (seat for seat in seats if seat.id == change.at_seat_id)
        assert at.weeks is not None
        assert at.weeks.get(change.week, 0) == 0
        more_weeks = {**at.weeks, change.week: change.count or 0}
        seats = tuple(replace(seat, weeks=more_weeks) if seat.id == at.id else seat for seat in seats)
    elif change.change is Change.QUOTA:
        assert change.country is not None
        rules = replace(
            rules, ceilings={**rules.ceilings, change.country: rules.ceilings[change.country] + (change.count or 0)}
        )
    people = tuple(candidate if other.id == candidate_id else other for other in problem.candidates)
    return replace(problem, candidates=people, seats=seats, rules=rules)


@given(problems(people=8, seats=4))
@settings(max_examples=100, deadline=None)
def test_every_counterfactual_is_true(problem: Problem) -> None:
    """The change that a receipt names leads to the seat that it names, by a new run."""
    result = run(problem)
    for receipt in result.receipts():
        for change in receipt.changes:
            again = run(_changed(problem, receipt.candidate_id, change))
            assert again.matching.get(receipt.candidate_id) == change.seat_id


@given(problems(people=9, seats=4, objective=Objective.STABLE, quotas=False), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_chains_agree_with_a_new_run(problem: Problem, seed: int) -> None:
    """A chain from the old matching places a candidate exactly when a run from scratch does."""
    dice, market = random.Random(seed), Market(problem)
    assigned, _ = stable(market)
    chains = Chains(market, assigned)
    for candidate in (candidate for candidate, seat in enumerate(assigned) if seat < 0):
        person = market.candidates[candidate]
        better = dict.fromkeys(person.languages, LanguageLevel.C2)
        weeks = None if dice.random() < 0.5 else person.weeks
        person = replace(person, languages=better, weeks=weeks, first_time=True)
        changed, row = market.with_candidate(person), market.row_of(person)
        brought_in = stable(changed)[0][candidate] >= 0
        assert chains.enters(candidate, Row(row.seat.tolist(), row.key.tolist())) == brought_in
        for seat in range(len(market.seats)):
            more = market.with_places(seat, dice.randint(1, 3))
            if more.pairs is market.pairs:
                brought_in = stable(more)[0][candidate] >= 0
                assert chains.moves_up(candidate, seat, more.free[seat], more.shares[seat]) == brought_in


@given(problems(people=8, seats=4, quotas=False, fixed=False), st.integers(0, 7), st.integers(0, 3), st.integers(1, 2))
@settings(max_examples=60, deadline=None)
def test_a_market_changed_in_one_row_or_seat_equals_a_new_market(
    problem: Problem, place: int, seat: int, more: int
) -> None:
    """The short cuts for one changed candidate and for more places equal a new market."""
    market = Market(problem)
    if place < len(market.candidates):
        person = replace(market.candidates[place], topics=("online_crime",), weeks=None)
        fresh = Market(
            replace(
                problem,
                candidates=tuple(
                    person if candidate.id == person.id else candidate for candidate in problem.candidates
                ),
            )
        )
        short = market.with_candidate(person)
        assert short.rows == fresh.rows
        assert short.pairs.gain.tolist() == fresh.pairs.gain.tolist()
        assert short.pairs.starts.tolist() == fresh.pairs.starts.tolist()
    if seat < len(market.seats):
        wider = replace(market.seats[seat], capacity=market.seats[seat].capacity + more)
        fresh = Market(replace(problem, seats=tuple(wider if seat.id == wider.id else seat for seat in problem.seats)))
        short = market.with_places(seat, more)
        assert (short.free, short.shares, short.rows) == (fresh.free, fresh.shares, fresh.rows)


@given(problems(people=10, seats=5))
@settings(max_examples=60, deadline=None)
def test_ranks_points_and_places_in_line_are_true(problem: Problem) -> None:
    """Points, sums, rank, standing and waiting place equal a count by hand."""
    result, market = run(problem), Market(problem)
    people = {candidate.id: candidate for candidate in problem.candidates}
    seats = {seat.id: seat for seat in problem.seats}
    for receipt in result.receipts(effort=0):
        assert receipt.seat_id == result.matching.get(receipt.candidate_id)
        assert (receipt.why is Why.MATCHED) == (receipt.seat_id is not None)
        assert (receipt.why is Why.NO_FEASIBLE_SEAT) == (receipt.feasible == 0)
        assert receipt.funnel[-1].remaining == receipt.feasible <= receipt.considered
        for option in (*receipt.options, *([receipt.match] if receipt.match else [])):
            expected = points(problem, people[receipt.candidate_id], seats[option.seat_id])
            assert {earned.criterion: earned.points for earned in option.earned} == expected
            assert all(
                0 <= earned.applicant <= earned.applicant_of and 0 <= earned.host <= earned.host_of
                for earned in option.earned
            )
            row = market.rows[market.place[receipt.candidate_id]]
            at = market.seat_place[option.seat_id]
            assert row.seats.index(at) == option.rank - 1
            rivals = [r.keys[r.seats.index(at)] for r in market.rows if at in r.seats]
            assert sorted(rivals, reverse=True).index(row.keys[option.rank - 1]) == option.standing - 1
            assert len(rivals) == option.contenders
        if receipt.waiting_place is not None:
            line = result.next_in_line(receipt.options[0].seat_id)
            assert line.index(receipt.candidate_id) == receipt.waiting_place - 1


@given(st.integers(0, 2**32), st.sampled_from(tuple(Objective)))
@settings(max_examples=50, deadline=None)
def test_a_confidential_exclusion_shows_as_not_available_only(seed: int, objective: Objective) -> None:
    """With a confidential exclusion the receipt reads as if the host had paused, and no change avoids it."""
    problem = make_problem(random.Random(seed), 6, 4, tight=0.0, objective=objective, fixed=False)
    problem = replace(problem, rules=replace(problem.rules, ceilings={}))
    hosts = {seat.country for seat in problem.seats}
    for host in hosts:
        secret = Exclusion(first=host, second="MD", confidential=True)
        hidden = run(replace(problem, rules=replace(problem.rules, exclusions=(secret,))))
        for candidate in (candidate for candidate in problem.candidates if candidate.country == "MD"):
            receipt = hidden.receipt(candidate.id)
            steps = {step.rule: step.removed for step in receipt.funnel}
            assert steps[HardRule.EXCLUDED_PAIR] == 0
            if host == "MD":
                continue
            kept = {seat.id for seat in problem.seats if seat.country == host}
            assert not kept & {option.seat_id for option in receipt.options}
            assert not kept & {change.seat_id for change in receipt.changes}
            assert not kept & {change.at_seat_id for change in receipt.changes}


def test_no_change_is_named_for_a_match_and_effort_bounds_the_search() -> None:
    """A matched candidate's receipt names no change; effort 0 tries nothing, and the effort is never exceeded."""
    problem = make_problem(random.Random(3), 30, 4, tight=0.0, objective=Objective.STABLE)
    result = run(problem)
    assert result.pairs
    assert result.unmatched
    for receipt in result.receipts(effort=2):
        assert receipt.tried <= 2
        assert receipt.seat_id is None or receipt.changes == ()
    assert all(receipt.tried == 0 for receipt in result.receipts(effort=0))


def test_the_smallest_change_is_the_language_where_only_that_is_missing() -> None:
    """With English B1 where B2 is asked, the receipt says one level more, and where it would have led."""
    problem = make_problem(random.Random(1), 0, 1, tight=0.0, fixed=False)
    seat = replace(
        problem.seats[0],
        kind=SeatKind.PLACEMENT,
        country="DE",
        organisation_id="h",
        capacity=1,
        rank_group=None,
        service=None,
        expertise={},
        topics=frozenset(),
        weeks=None,
        languages={"en": LanguageLevel.B2},
        speaks={},
        pre_matched=None,
    )
    person = Candidate(
        id="c",
        kind=ApplicationKind.STUDY_VISIT,
        country="GE",
        organisation_id="o",
        rank_group=RankGroup.OPERATIONAL,
        languages={"en": LanguageLevel.B1},
        topics=("online_crime",),
    )
    result = run(replace(problem, candidates=(person,), seats=(seat,), rules=replace(problem.rules, ceilings={})))
    receipt = result.receipt("c")
    assert receipt.why is Why.NO_FEASIBLE_SEAT
    assert receipt.changes == (
        Counterfactual(
            change=Change.LANGUAGE_LEVEL,
            seat_id=seat.id,
            language="en",
            from_level=LanguageLevel.B1,
            to_level=LanguageLevel.B2,
        ),
    )
