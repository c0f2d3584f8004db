"""The dates of one visit: lawful, the earliest, or with the cause that rules them out."""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.problem.weeks import Period, monday, weeks_of
from services.matching.engine.schedule import (
    Scheduled,
    SchedulePolicy,
    Unscheduled,
    VisitRequest,
    schedule,
)
from shared.contracts.codes import PARTNERS, UnschedulableCause
from shared.time.workdays import public_holidays

CONFIRMED = date(2027, 3, 3)
HOSTS = ("DE", "FR", "PL", "GR", "EU")


def _request(dice: random.Random, number: int = 0) -> VisitRequest:
    def period(reach: int) -> Period:
        first = CONFIRMED + timedelta(days=dice.randint(0, reach))
        return Period(first, first + timedelta(days=dice.randint(0, 40)))

    mondays = [monday(CONFIRMED) + timedelta(weeks=after) for after in range(25)]
    return VisitRequest(
        candidate_id=f"c{number % 5}",
        seat_id=f"s{number % 3}",
        home_country=dice.choice(sorted(PARTNERS)),
        host_country=dice.choice(HOSTS),
        confirmed_on=CONFIRMED,
        days=dice.randint(2, 5),
        host_periods=tuple(period(100) for _ in range(dice.randint(1, 3))),
        candidate_periods=tuple(period(100) for _ in range(dice.randint(0, 3))),
        blackouts=tuple(period(120) for _ in range(dice.randint(0, 1))),
        places=None if dice.random() < 0.3 else {week: dice.randint(0, 2) for week in mondays},
        taken={week: dice.randint(0, 1) for week in mondays if dice.random() < 0.3},
        busy=tuple(period(120) for _ in range(dice.randint(0, 1))),
    )


def _lawful(request: VisitRequest, days: tuple[date, ...], policy: SchedulePolicy) -> bool:
    """Return whether the days obey the rules, in plain Python."""
    weekdays = [day.weekday() for day in days]
    closed = {
        day
        for country in (request.home_country, request.host_country)
        for year in (days[0].year, days[-1].year)
        for day in public_holidays(country, year)
    }
    week = monday(days[0])
    return (
        weekdays == list(range(weekdays[0], weekdays[0] + len(days)))
        and weekdays[-1] <= 4
        and days[0] - request.confirmed_on >= timedelta(weeks=policy.notice_weeks)
        and not closed & set(days)
        and all(any(period.first <= day <= period.last for period in request.host_periods) for day in days)
        and (
            not request.candidate_periods
            or all(any(period.first <= day <= period.last for period in request.candidate_periods) for day in days)
        )
        and not any(p.first <= day <= p.last for p in (*request.blackouts, *request.busy) for day in days)
        and (request.places is None or request.taken.get(week, 0) < request.places.get(week, 0))
    )


def _runs(length: int) -> list[tuple[date, ...]]:
    """Yield every run of so many days that starts within half a year of the confirmation, earliest first."""
    return [
        tuple(CONFIRMED + timedelta(days=after + more) for more in range(length))
        for after in range(200)
        if (CONFIRMED + timedelta(days=after)).weekday() + length <= 5
    ]


@given(st.integers(0, 2**32), st.integers(0, 8), st.integers(2, 3))
@settings(max_examples=100, deadline=None)
def test_dates_are_the_earliest_lawful_ones(seed: int, notice: int, least: int) -> None:
    """The visit has the first lawful days at the full length, else at the longest possible."""
    request, policy = _request(random.Random(seed)), SchedulePolicy(notice_weeks=notice, minimum_days=least)
    answer = schedule(request, policy)
    for length in range(request.days, min(least, request.days) - 1, -1):
        lawful = [days for days in _runs(length) if _lawful(request, days, policy)]
        if lawful:
            assert isinstance(answer, Scheduled)
            assert answer.days == lawful[0]
            assert answer.shortened == (length < request.days)
            return
    assert isinstance(answer, Unscheduled)


PLAIN = VisitRequest(
    candidate_id="c",
    seat_id="s",
    home_country="GE",
    host_country="DE",
    confirmed_on=CONFIRMED,
    days=5,
    host_periods=(Period(date(2027, 4, 26), date(2027, 5, 7)),),
)


def test_a_holiday_of_either_side_keeps_a_visit_out_of_its_week() -> None:
    """Georgia's Easter (Friday 30 April to Monday 3 May 2027) breaks both weeks, so the visit has four days."""
    answer = schedule(PLAIN)
    assert isinstance(answer, Scheduled)
    assert answer.shortened
    assert answer.days == tuple(date(2027, 4, 26) + timedelta(days=after) for after in range(4))


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"candidate_periods": (Period(date(2027, 6, 1), date(2027, 6, 30)),)}, UnschedulableCause.NO_COMMON_WEEK),
        ({"places": {}}, UnschedulableCause.NO_PLACE_IN_WEEK),
        ({"confirmed_on": date(2027, 4, 20)}, UnschedulableCause.NOTICE_TOO_SHORT),
        ({"host_periods": (Period(date(2027, 5, 3), date(2027, 5, 4)),)}, UnschedulableCause.HOLIDAYS),
    ],
)
def test_the_cause_of_having_no_week_is_named(changes: dict[str, Any], cause: UnschedulableCause) -> None:
    """Each cause is named if it alone rules the weeks out."""
    answer = schedule(replace(PLAIN, **changes))
    assert isinstance(answer, Unscheduled)
    assert answer.cause is cause


def test_a_programme_may_close_further_days() -> None:
    """A programme can keep Ukraine's holidays, which martial law suspends, by stating them."""
    day = date(2027, 6, 28)
    request = replace(PLAIN, home_country="UA", host_periods=(Period(day, day + timedelta(days=4)),))
    assert isinstance(schedule(request), Scheduled)
    closed = SchedulePolicy(extra_holidays={"UA": frozenset({day, day + timedelta(days=2), day + timedelta(days=4)})})
    assert isinstance(schedule(request, closed), Unscheduled)


def test_estimated_holidays_next_to_a_visit_are_named() -> None:
    """Eid al-Adha 2027 is estimated (16 May): a visit of the week after it says so, for the day may still move."""
    answer = schedule(
        replace(
            PLAIN, home_country="AZ", host_country="NL", host_periods=(Period(date(2027, 5, 19), date(2027, 5, 21)),)
        )
    )
    assert isinstance(answer, Scheduled)
    assert any("Adha" in holiday.name for holiday in answer.estimated)


def test_weeks_of_a_period_need_days_in_a_row() -> None:
    """A week counts only if enough working days in a row are in a period and in no blackout."""
    period = Period(date(2027, 4, 1), date(2027, 4, 13))
    assert weeks_of([period]) == {date(2027, 3, 29), date(2027, 4, 5), date(2027, 4, 12)}
    assert weeks_of([period], days=3) == {date(2027, 4, 5)}
    wednesday = Period(date(2027, 4, 7), date(2027, 4, 7))
    assert weeks_of([period], blackouts=[wednesday], days=3) == frozenset()
    with pytest.raises(ValueError, match="ends"):
        Period(date(2027, 4, 2), date(2027, 4, 1))


def test_a_visit_of_six_days_is_refused() -> None:
    """An exchange week has five working days."""
    with pytest.raises(ValueError, match="five"):
        replace(PLAIN, days=6)
