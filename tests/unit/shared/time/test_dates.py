"""Test that dates and times are written as look.md asks."""

from __future__ import annotations

from contextvars import copy_context
from datetime import UTC, date, datetime

import pytest

from shared.time import dates
from shared.time.zones import write_for


def test_a_day_in_full() -> None:
    """24 November 2026, in the order that the reader expects, and nothing where there is none."""
    assert dates.day(date(2026, 11, 24)) == "24 November 2026"
    assert dates.day(date(2026, 11, 24), short=True) == "24 Nov 2026"
    assert dates.day(None) == ""


def test_a_moment_says_its_zone() -> None:
    """A time is shown where the programme has its office, with the zone, in winter and in summer."""
    assert dates.moment(datetime(2026, 11, 24, 13, 5, tzinfo=UTC)) == "24 November 2026, 14:05 CET"
    assert dates.moment(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "2 July 2026, 00:30 CEST"


@pytest.mark.parametrize(
    ("country", "own"),
    [
        ("GE", " (your time: 5 December, 02:59)"),
        ("AM", " (your time: 5 December, 02:59)"),
        ("UA", " (your time: 5 December, 00:59)"),
        ("FR", ""),
        ("EU", ""),
        (None, ""),
    ],
)
def test_a_deadline_is_written_by_the_readers_own_clock_too(country: str | None, own: str) -> None:
    """A reader in Tbilisi, Yerevan or Kyiv need not count the hours; in the programme's own zone nothing is added."""

    def written() -> str:
        write_for(country)
        return dates.deadline(datetime(2026, 12, 4, 22, 59, tzinfo=UTC))

    assert copy_context().run(written) == f"4 December 2026, 23:59 CET{own}"


def test_the_day_of_a_deadline_stands_once() -> None:
    """Only the hour is added if the day is the same on both clocks; no deadline is nothing."""

    def written() -> str:
        write_for("GE")
        return dates.deadline(datetime(2026, 7, 1, 10, tzinfo=UTC)) + dates.deadline(None)

    assert copy_context().run(written) == "1 July 2026, 12:00 CEST (your time: 14:00)"


def test_a_day_of_a_moment_is_the_day_there() -> None:
    """Half past ten in the evening UTC in July is the next day in Budapest."""
    assert dates.day(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "2 July 2026"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 10, 5), date(2026, 10, 9), "5 to 9 October 2026"),
        (date(2026, 9, 28), date(2026, 10, 2), "28 September to 2 October 2026"),
        (date(2026, 12, 28), date(2027, 1, 1), "28 December 2026 to 1 January 2027"),
        (date(2026, 10, 5), date(2026, 10, 5), "5 October 2026"),
    ],
)
def test_a_span_says_once_what_both_share(first: date, last: date, text: str) -> None:
    """A week of a visit reads as one thing."""
    assert dates.span(first, last) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 11, 24), "today"),
        (date(2026, 11, 25), "tomorrow"),
        (date(2026, 11, 23), "yesterday"),
        (date(2026, 12, 6), "in 12 days"),
        (date(2026, 11, 21), "3 days ago"),
    ],
)
def test_the_distance_of_a_day_in_words(value: date, text: str) -> None:
    """Deadlines are said in words beside the date."""
    assert dates.relative(value, date(2026, 11, 24)) == text


def test_working_days_in_words() -> None:
    """One is singular, none is today."""
    assert [dates.working_days(n) for n in (0, 1, 10, -1)] == [
        "today",
        "in 1 working day",
        "in 10 working days",
        "1 working day ago",
    ]
