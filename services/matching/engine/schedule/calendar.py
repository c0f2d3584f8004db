"""The weeks in which each of many visits could be, and the days in each, as arrays.

A working week is five bits, Monday the lowest: the days that both sides can and that are no holidays. The first longest
run of the wanted number of days is then one look into a table of 32 patterns. Numbers of days count from a Monday.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.problem.weeks import WORKING_DAYS, Period, monday
from services.matching.engine.schedule.request import SchedulePolicy, VisitRequest
from shared.time.workdays import public_holidays

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_DAYS = 7
_PATTERNS = 1 << WORKING_DAYS
_BITS = 1 << np.arange(WORKING_DAYS)


def _longest(pattern: int, wanted: int) -> tuple[int, int]:
    """Return length and first weekday of the first longest run of days in a pattern, at most as long as wanted."""
    best, at, day = 0, 0, 0
    while day < WORKING_DAYS:
        length = 0
        while day + length < WORKING_DAYS and pattern >> (day + length) & 1:
            length += 1
        if min(length, wanted) > best:
            best, at = min(length, wanted), day
        day += length + 1
    return best, at


_RUNS = np.array([[_longest(pattern, wanted) for pattern in range(_PATTERNS)] for wanted in range(WORKING_DAYS + 1)])
LENGTH: Ints = _RUNS[:, :, 0]
"""By days wanted and pattern: how many days in a row there are."""
OFFSET: Ints = _RUNS[:, :, 1]
"""By days wanted and pattern: on which weekday they begin."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The lawful days of visits, in weeks counted from the Monday `base`.

    `can` are the days (request x week x weekday) that both sides can and that are no holidays; `noticed` those of them
    that are late enough. `free` are places by seat and week, `seats` the seat of each request.
    """

    base: date
    can: Flags
    noticed: Flags
    seats: Ints
    free: Ints

    @property
    def weeks(self) -> int:
        """The number of weeks of the calendar."""
        return int(self.can.shape[1])

    def week(self, day: date) -> int:
        """Return the number of the week of a day; outside the calendar if it is negative or too large."""
        return (day - self.base).days // _DAYS


def calendar(requests: Sequence[VisitRequest], policy: SchedulePolicy) -> Calendar:
    """Return the calendar of all requests, from the first to the last week in which a host can.

    If requests to one seat have different places or guests, the fewest free places count.
    """
    hosting, host_at = _distinct([request.host_periods for request in requests])
    spans = [period for periods in hosting for period in periods]
    base = monday(min((period.first for period in spans), default=date(2000, 1, 3)))
    count = (max((period.last for period in spans), default=base) - base).days // _DAYS + 1
    origin, days = base.toordinal(), count * _DAYS
    countries = sorted({request.home_country for request in requests} | {request.host_country for request in requests})
    years = range(base.year, base.year + days // 365 + 2)
    number = {country: at for at, country in enumerate(countries)}
    shut = _covered([_closed(country, policy, years) for country in countries], origin, days)
    can = _covered([request.candidate_periods for request in requests], origin, days)
    can[[not request.candidate_periods for request in requests]] = True
    can &= _covered(hosting, origin, days)[host_at]
    can &= ~_covered([request.blackouts + request.busy for request in requests], origin, days)
    can &= ~shut[[number[request.home_country] for request in requests]]
    can &= ~shut[[number[request.host_country] for request in requests]]
    notice = policy.notice_weeks * _DAYS - origin
    earliest = np.array([request.confirmed_on.toordinal() + notice for request in requests], np.int64)
    noticed = can & (np.arange(days) >= earliest[:, None])
    for at, request in enumerate(requests):
        if request.together is not None:
            _only_with_mates(noticed[at], can[at], request.together.toordinal() - origin)
    seats, free = _places(requests, base, count)
    shape = (len(requests), count, _DAYS)
    return Calendar(
        base,
        can.reshape(shape)[:, :, :WORKING_DAYS],
        noticed.reshape(shape)[:, :, :WORKING_DAYS],
        seats,
        free,
    )


def patterns(days: Flags) -> Ints:
    """Return each working week as five bits."""
    found: Ints = days @ _BITS
    return found


def _distinct(periods: Sequence[tuple[Period, ...]]) -> tuple[list[tuple[Period, ...]], list[int]]:
    """Return the distinct ones (by identity: those of one offer are mostly the same object), and the index of each."""
    numbers: dict[int, int] = {}
    return list({id(group): group for group in periods}.values()), [
        numbers.setdefault(id(group), len(numbers)) for group in periods
    ]


def _covered(periods: Sequence[Sequence[Period]], origin: int, days: int) -> Flags:
    """Return a row for each list of periods: whether a day lies in one of them."""
    row = np.repeat(np.arange(len(periods)), [len(group) for group in periods]) * (days + 1)
    first = np.array([period.first.toordinal() for group in periods for period in group], np.int64) - origin
    last = np.array([period.last.toordinal() for group in periods for period in group], np.int64) - origin + 1
    size = len(periods) * (days + 1)
    begins = np.bincount(row + np.clip(first, 0, days), minlength=size)
    ends = np.bincount(row + np.clip(last, 0, days), minlength=size)
    inside: Flags = np.cumsum((begins - ends).reshape(len(periods), days + 1), axis=1)[:, :days] > 0
    return inside


def _only_with_mates(noticed: Flags, can: Flags, first: int) -> None:
    """Leave of a visit's days only those in a row from the group's first day on."""
    begin, end = max(first, 0), 0
    if 0 <= first < len(noticed):
        friday = first - first % _DAYS + WORKING_DAYS
        gaps = np.flatnonzero(~noticed[first:friday])
        end = first + int(gaps[0]) if len(gaps) else friday
    for days in (noticed, can):
        days[:begin] = False
        days[end:] = False


def _closed(country: str, policy: SchedulePolicy, years: Iterable[int]) -> list[Period]:
    """Return the holidays of a country, and the programme's further closed days."""
    days = {day for year in years for day in public_holidays(country, year)}
    return [Period(day, day) for day in sorted(days | policy.extra_holidays.get(country, frozenset()))]


UNLIMITED = 1_000_000
"""Stands for as many places as come."""


def _places(requests: Sequence[VisitRequest], base: date, weeks: int) -> tuple[Ints, Ints]:
    """Return the seat of each request, and the free places by seat and week."""
    names: dict[str, int] = {}
    seats = np.array([names.setdefault(request.seat_id, len(names)) for request in requests], np.int64)
    free = np.full((len(names), weeks), UNLIMITED, np.int64)
    seen: dict[int, VisitRequest] = {}
    for seat, request in zip(seats.tolist(), requests, strict=True):
        before = seen.get(seat)
        if request.places is None or (
            before is not None and request.places == before.places and request.taken == before.taken
        ):
            continue
        seen[seat] = request
        left = np.zeros(weeks, np.int64)
        for week, places in _by_week(request.places.items(), base, weeks):
            left[week] += places
        for week, taken in _by_week(request.taken.items(), base, weeks):
            left[week] -= taken
        np.minimum(free[seat], np.maximum(left, 0), out=free[seat])
    return seats, free


def _by_week(counts: Iterable[tuple[date, int]], base: date, weeks: int) -> Iterator[tuple[int, int]]:
    for day, count in counts:
        week = (day - base).days // _DAYS
        if 0 <= week < weeks:
            yield week, count
