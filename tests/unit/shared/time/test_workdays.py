"""Test working days and deadlines by the countries' calendars."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.codes import COUNTRIES, UNION
from shared.contracts.lifecycle import Unit
from shared.time.workdays import due, is_working_day, working_days_after


def test_weekends_and_holidays_are_no_working_days() -> None:
    """14 July 2026 is a holiday in France and not in Moldova; 11 July is a Saturday everywhere."""
    assert not is_working_day(date(2026, 7, 14), "FR")
    assert is_working_day(date(2026, 7, 14), "MD")
    assert not any(is_working_day(date(2026, 7, 11), country) for country in COUNTRIES)


def test_ten_working_days_over_the_turn_of_the_year() -> None:
    """Ten Moldovan working days after 20 December 2025, without 25 December and 1 January, end on 6 January."""
    assert working_days_after(date(2025, 12, 20), 10, "MD") == date(2026, 1, 6)


@given(st.dates(date(2025, 1, 1), date(2030, 12, 31)), st.integers(0, 30), st.sampled_from(sorted(COUNTRIES)))
def test_working_days_are_counted_one_by_one(day: date, count: int, country: str) -> None:
    """The result is a working day, and so many of them lie after the start."""
    end = working_days_after(day, count, country)
    days = [date.fromordinal(number) for number in range(day.toordinal() + 1, end.toordinal() + 1)]
    assert sum(is_working_day(day, country) for day in days) == count
    assert count == 0 or is_working_day(end, country)


@pytest.mark.parametrize(
    ("start", "count", "unit", "end"),
    [
        (date(2026, 1, 31), 1, Unit.MONTHS, "2026-02-28T22:59:59+00:00"),
        (date(2026, 8, 31), 6, Unit.MONTHS, "2027-02-28T22:59:59+00:00"),
        (date(2026, 3, 16), -2, Unit.WEEKS, "2026-03-02T22:59:59+00:00"),
        (date(2026, 3, 20), 7, Unit.DAYS, "2026-03-27T22:59:59+00:00"),
        (datetime(2026, 3, 20, 23, 30, tzinfo=UTC), 1, Unit.WORKING_DAYS, "2026-03-23T22:59:59+00:00"),
    ],
)
def test_a_deadline_ends_with_its_day(start: date, count: int, unit: Unit, end: str) -> None:
    """A deadline in any unit is due at the end of the day in UTC; months keep to their length."""
    assert due(start, count, unit, UNION).isoformat() == end
