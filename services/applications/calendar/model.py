"""Compute the weeks that a calendar shows, and the places that a placement has in a week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.applications.placements.model.placement import PlacementEntry

FRIDAY = timedelta(days=4)
WEEK = timedelta(weeks=1)


class Span(StrEnum):
    """The length of time that a calendar shows at once."""

    MONTH = "month"
    WEEK = "week"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a placement in one week: `taken` of `places`; `free` never exceeds what is left in all."""

    places: int
    taken: int
    free: int


def monday(day: date) -> date:
    """Return the Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def mondays_of(span: Span, day: date) -> list[date]:
    """Return the Mondays of the weeks around `day`: of its month, its week, or of the six months from it on."""
    match span:
        case Span.WEEK:
            return [monday(day)]
        case Span.LIST:
            return [monday(day) + WEEK * count for count in range(26)]
    first = day.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    weeks = (last - monday(first)).days // 7 + 1
    return [monday(first) + WEEK * count for count in range(weeks)]


def neighbours(span: Span, day: date) -> tuple[date, date]:
    """Return a day of the span before, and of the span after."""
    match span:
        case Span.WEEK:
            return monday(day) - WEEK, monday(day) + WEEK
        case Span.LIST:
            return monday(day) - WEEK * 26, monday(day) + WEEK * 26
    first = day.replace(day=1)
    return (first - timedelta(days=1)).replace(day=1), (first + timedelta(days=32)).replace(day=1)


def places_in(entry: PlacementEntry, week: date, visits: int, left: int, *, open_: bool) -> Places | None:
    """Return a placement's places in the week of that Monday; None outside its periods when nobody comes.

    `visits` take place in the week, `left` places are left in all; a placement that is not `open_` has none free.
    """
    weekly = sum(
        period.places_per_week for period in entry.periods if period.start <= week + FRIDAY and week <= period.end
    )
    if not weekly and not visits:
        return None
    free = min(max(weekly - visits, 0), max(left, 0)) if open_ else 0
    return Places(max(weekly, visits), visits, free)


def by_week(starts: Iterable[date]) -> dict[date, int]:
    """Return how many of these begin in each week, by its Monday."""
    found: dict[date, int] = {}
    for start in starts:
        found[monday(start)] = found.get(monday(start), 0) + 1
    return found
