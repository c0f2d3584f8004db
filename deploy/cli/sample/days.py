"""Place the days of the sample programme in the calendar, so that its story is the same on every day of the week.

The finished call lies in whole weeks: a day of it is always the same day of the week, and its visits lie in one
half-year. The other calls lie in working days: as many of them are between two steps, and until a deadline, whatever
the day of the loading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

VISITS = (-266, -227)
"""The first and the last day of the finished call's visits, before the shift into one half-year."""
APPLIED = -346
"""The day of the finished call on which the applications come for which no host has a place."""
EVALUATED = -213
"""The day by which those visits are evaluated, also late."""
BEGINS = 371
"""So many days before the last one the story begins."""
_WEEK, _WORKDAYS = 7, 5


@dataclass(frozen=True)
class Days:
    """The days of a loading that ends on `today`; counts are calendar days from there, negative before it."""

    today: date

    @cached_property
    def later(self) -> int:
        """So many days, in whole weeks, the finished call is later, so that its visits lie in one half-year."""
        weeks = 0
        while _half(self._weekly(VISITS[0] + weeks)) != _half(self._weekly(EVALUATED + weeks)):
            weeks += _WEEK
        return weeks

    @cached_property
    def begins(self) -> date:
        """The day on which the story begins."""
        return self.today - timedelta(days=BEGINS)

    def past(self, count: int) -> date:
        """Return a day of the finished call: the same working day of the week whatever the day of the loading."""
        return self._weekly(count + self.later)

    def recent(self, count: int) -> date:
        """Return a day of the last or the next months: as many working days away as `count` days have, from a Monday.

        Day 0 is the last working day up to today.
        """
        day = self.today - timedelta(days=max(0, self.today.weekday() - (_WORKDAYS - 1)))
        weeks, rest = divmod(abs(count), _WEEK)
        step = timedelta(days=1 if count > 0 else -1)
        day += step * _WEEK * weeks
        for _ in range(min(rest, _WORKDAYS)):
            day += step
            while day.weekday() >= _WORKDAYS:
                day += step
        return day

    @cached_property
    def published_half(self) -> str:
        """The label of the half-year in which the finished call's visits lie: its figures are published."""
        return _label(self.past(VISITS[0]))

    @cached_property
    def applied_half(self) -> str:
        """The label of the half-year in which the finished call's applications arrive: the same one, or that before."""
        return _label(self.past(APPLIED))

    def half_ends(self, count: int) -> date:
        """Return the last day of that half-year, or of one so many half-years later."""
        year, half = _half(self.past(VISITS[0]))
        years, later = divmod(half - 1 + count, 2)
        return date(year + years, 6, 30) if later == 0 else date(year + years, 12, 31)

    def half_begins(self) -> date:
        """Return the first day of that half-year."""
        return self.half_ends(-1) + timedelta(days=1)

    def baseline(self) -> date:
        """Return the day from which all is added up: the first one of the half-year in which applications arrive."""
        day = self.past(APPLIED)
        return date(day.year, 1 if _half(day)[1] == 1 else 7, 1)

    def _weekly(self, count: int) -> date:
        monday = self.today - timedelta(days=self.today.weekday())
        weeks, rest = divmod(count, _WEEK)
        return monday + timedelta(days=_WEEK * weeks + min(rest, _WORKDAYS - 1))


def _label(day: date) -> str:
    """Return the label of the half-year of a day."""
    return f"{day.year}-H{_half(day)[1]}"


def _half(day: date) -> tuple[int, int]:
    """Return the year, and 1 or 2 for its half."""
    return day.year, 1 if day.month <= 6 else 2
