"""Plans of many visits: lawful, optimal, and with as few moves as possible."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.problem.weeks import Period, monday
from services.matching.engine.schedule import Cost, Draft, Scheduled, SchedulePolicy, VisitRequest, schedule
from shared.contracts.codes import UnschedulableCause
from tests.unit.matching.engine.schedules import CONFIRMED, best_of_all, cost, mistakes, visits

SEEDS = st.integers(0, 2**32)
POLICY = SchedulePolicy()
FIRST = monday(CONFIRMED) + timedelta(weeks=7)


def _plain(number: int, **changes: object) -> VisitRequest:
    """Return a visit of Moldova to Germany in three weeks with one place each, without holidays."""
    start = date(2027, 6, 7)
    request = VisitRequest(
        candidate_id=f"c{number}",
        seat_id="s",
        home_country="MD",
        host_country="DE",
        confirmed_on=CONFIRMED,
        days=5,
        host_periods=(Period(start, start + timedelta(days=18)),),
        places={start + timedelta(weeks=week): 1 for week in range(3)},
    )
    return replace(request, **changes)  # type: ignore[arg-type]  # fields of many types


def _week(number: int, length: int = 5) -> tuple[date, ...]:
    return tuple(date(2027, 6, 7) + timedelta(weeks=number, days=day) for day in range(length))


@given(seed=SEEDS, number=st.integers(1, 30), announced=st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_plan_is_lawful(*, seed: int, number: int, announced: bool) -> None:
    """No guest is in two places, no week beyond its places, holidays are kept, groups are together.

    The cost is true.
    """
    requests = visits(random.Random(seed), number, weeks=8, announced=announced)
    draft = Draft.of(requests, POLICY)
    for plan in (draft.first, draft.best(seconds=20)):
        assert mistakes(requests, plan.days, POLICY) == []
        assert plan.cost == cost(requests, plan.days, POLICY)


@given(seed=SEEDS, number=st.integers(1, 6), announced=st.booleans())
@settings(max_examples=100, deadline=None)
def test_the_best_plan_is_the_best_of_all(*, seed: int, number: int, announced: bool) -> None:
    """No combination of weeks beats the proven plan; the first plan and its bound enclose it."""
    requests = visits(random.Random(seed), number, weeks=3, announced=announced)
    draft = Draft.of(requests, POLICY)
    plan = draft.best(seconds=20)
    assert plan.proven
    assert draft.first.bound <= plan.cost == best_of_all(requests, POLICY) <= draft.first.cost


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_many_visits_are_proven_whatever_their_order(seed: int) -> None:
    """A hundred visits have the same proven cost in any order, within the bound of the first plan."""
    dice = random.Random(seed)
    requests = visits(dice, 100, weeks=20)
    plan = Draft.of(requests, POLICY).best(seconds=30)
    assert plan.proven
    dice.shuffle(requests)
    assert Draft.of(requests, POLICY).best(seconds=30).cost == plan.cost


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_a_plan_of_one_visit_equals_the_rule_for_one(seed: int) -> None:
    """A plan of one visit has the days that the rule for one visit gives, or none for the same cause."""
    request = visits(random.Random(seed), 1)[0]
    alone = schedule(replace(request, group_id=None), POLICY)
    plan = Draft.of([request], POLICY).first
    if isinstance(alone, Scheduled):
        assert plan.days == [alone.days]
    else:
        assert plan.days == [()]
        assert plan.why(0) == alone


def test_a_plan_places_guests_that_first_come_first_served_would_lose() -> None:
    """A guest who can come in one week only gets it; first come first served would lose one."""
    flexible, tied = _plain(0), _plain(1, candidate_periods=(Period(_week(0)[0], _week(0)[-1]),))
    plan = Draft.of([flexible, tied], POLICY).best(seconds=5)
    assert plan.days == [_week(1), _week(0)]
    assert plan.cost == Cost(weeks=1)


def test_announced_dates_stand_while_they_are_lawful() -> None:
    """An announced visit stays in a later week although the first is free, and another takes the first."""
    plan = Draft.of([_plain(0), _plain(1, announced=_week(1))], POLICY).best(seconds=5)
    assert plan.days == [_week(0), _week(1)]
    assert plan.moves == []
    assert plan.cost == Cost()


def test_a_closed_week_moves_as_few_as_it_can() -> None:
    """Of three announced visits only the one in the closed week moves; the move says by how much."""
    places = {_week(week)[0]: 2 for week in (0, 2)}
    announced = [_plain(at, announced=_week(at), places=places) for at in range(3)]
    plan = Draft.of(announced, POLICY).best(seconds=5)
    (move,) = plan.moves
    assert (move.request, move.before, move.days) == (1, _week(1), 7)
    assert plan.cost == Cost(moved=1, weeks=1)


def test_fewer_places_move_only_the_visits_they_must() -> None:
    """With one place left for two announced visits one stays, one moves; without another week it has no dates."""
    announced = [_plain(at, announced=_week(0), places={_week(0)[0]: 1, _week(2)[0]: 1}) for at in range(2)]
    plan = Draft.of(announced, POLICY).best(seconds=5)
    assert plan.cost == Cost(moved=1, weeks=2)
    lost = Draft.of([replace(request, places={_week(0)[0]: 1}) for request in announced], POLICY).best(seconds=5)
    assert lost.cost == Cost(unscheduled=1)
    assert [move.after for move in lost.moves] == [()]
    assert lost.why(lost.moves[0].request).cause is UnschedulableCause.NO_PLACE_IN_WEEK


def test_a_group_takes_a_place_for_each_and_waits_for_a_week_with_all() -> None:
    """Three mates find no week with two places, and start together in one with three; each has the days wanted."""
    places = {_week(0)[0]: 2, _week(1)[0]: 3}
    mates = [_plain(at, group_id="g", places=places, days=5 - at) for at in range(3)]
    plan = Draft.of(mates, POLICY).best(seconds=5)
    assert plan.days == [_week(1), _week(1, 4), _week(1, 3)]


def test_a_search_that_is_stopped_keeps_the_first_plan_and_says_so() -> None:
    """A stopped search keeps the first plan, and does not call it proven while it might be better."""
    requests = visits(random.Random(7), 60, weeks=6)
    draft = Draft.of(requests, POLICY)
    for stopped in (draft.best(seconds=0), draft.best(seconds=20, goes_on=lambda _: False)):
        assert stopped.days == draft.first.days
        assert stopped.bound <= draft.best(seconds=20).cost
        assert not stopped.proven


def test_no_visits_make_an_empty_plan() -> None:
    """An empty batch gives an empty plan."""
    plan = Draft.of([], POLICY).best(seconds=1)
    assert (plan.days, plan.cost, plan.proven) == ([], Cost(), True)


@pytest.mark.parametrize("weekday", [0, 2, 4])
def test_a_late_member_starts_with_the_group(weekday: int) -> None:
    """A mate who is confirmed later gets the group's first day or none, alone and in a plan alike."""
    first = _week(1)[weekday]
    late = _plain(0, together=first)
    answer = schedule(late, POLICY)
    if weekday == 4:
        assert not isinstance(answer, Scheduled)
    else:
        assert isinstance(answer, Scheduled)
        assert answer.days == _week(1)[weekday:]
    assert Draft.of([late], POLICY).first.days == [answer.days if isinstance(answer, Scheduled) else ()]
    barred = replace(late, blackouts=(Period(first, first),))
    assert not isinstance(schedule(barred, POLICY), Scheduled)
    assert Draft.of([barred], POLICY).first.days == [()]
