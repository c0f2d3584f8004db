"""Exchange weeks: each is named by its Monday, and a visit takes two to five of its working days."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

WEEK = timedelta(days=7)
WORKING_DAYS = 5


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last, both included. Raises ValueError where it ends before it begins."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse a period that ends before it begins."""
        if self.last < self.first:
            raise ValueError(f"A period ends ({self.last}) before it begins ({self.first})")

    def holds(self, day: date) -> bool:
        """Return whether the day lies in the period."""
        return self.first <= day <= self.last


def monday(day: date) -> date:
    """Return the Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def working_week(start: date) -> list[date]:
    """Return Monday to Friday of the week that starts on the given Monday."""
    return [start + timedelta(days=after) for after in range(WORKING_DAYS)]


def mondays(first: date, last: date) -> Iterator[date]:
    """Return the Mondays of all weeks that have a day between the two, in order."""
    at = monday(first)
    while at <= last:
        yield at
        at += WEEK


def weeks_of(periods: Iterable[Period], *, blackouts: Iterable[Period] = (), days: int = 2) -> frozenset[date]:
    """Return the weeks (Mondays) with at least `days` working days in a row in a period and outside all blackouts."""
    allowed, barred = tuple(periods), tuple(blackouts)
    weeks = {start for period in allowed for start in mondays(period.first, period.last)}
    return frozenset(
        start
        for start in weeks
        if longest_run(
            [
                any(period.holds(day) for period in allowed) and not any(period.holds(day) for period in barred)
                for day in working_week(start)
            ]
        )
        >= days
    )


def longest_run(flags: Iterable[bool]) -> int:
    """Return the length of the longest run of true flags."""
    longest = current = 0
    for flag in flags:
        current = current + 1 if flag else 0
        longest = max(longest, current)
    return longest
