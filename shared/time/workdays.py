"""Tell public holidays and working days of a country, and when a deadline counted in them is due.

A working day is Monday to Friday and no public holiday of the country (package `holidays`); the agencies of the Union
have closing days of their own, so only weekends are left out for `EU`. Ukraine's law suspends its holidays under
martial law, and the package follows it; a programme whose partners keep them nonetheless states them in `extra`.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from shared.contracts.codes import UNION
from shared.contracts.lifecycle import Unit

ZONE = ZoneInfo("Europe/Budapest")
"""The zone of the programme's office: days begin and end by it, on pages, in mails and for deadlines."""
_END_OF_DAY = time(23, 59, 59)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday; `estimated` where its day follows the moon and is not yet announced."""

    day: date
    name: str
    estimated: bool = False


@lru_cache(maxsize=512)
def public_holidays(country: str, year: int) -> Mapping[date, Holiday]:
    """Return the public holidays of a country (ISO 3166-1 alpha-2) in a year, by day; none for the Union.

    Raises NotImplementedError for a country that the package does not know.
    """
    if country == UNION:
        return {}
    calendar = holidays.country_holidays(country, years=year, language="en_US")
    return {day: Holiday(day, name, "estimated)" in name) for day, name in calendar.items()}


def holiday(country: str, day: date, extra: Mapping[str, frozenset[date]]) -> Holiday | None:
    """Return the country's holiday on that day, or None; `extra` are further closed days by country."""
    if day in extra.get(country, ()):
        return Holiday(day, "Closed by the programme")
    return public_holidays(country, day.year).get(day)


def is_working_day(day: date, country: str) -> bool:
    """Return whether people work on that day in a country (ISO 3166-1 alpha-2, or `EU`).

    Raises NotImplementedError for a country of which no holidays are known.
    """
    return day.weekday() < _SATURDAY and day not in public_holidays(country, day.year)


def working_days_after(day: date, count: int, country: str) -> date:
    """Return the `count`-th working day after `day` in a country; with 0 the day itself."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, country)
    return day


def _months_after(day: date, count: int) -> date:
    years, month = divmod(day.month - 1 + count, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def due(start: datetime | date, count: int, unit: Unit, country: str) -> datetime:
    """Return when something is due `count` units after `start`: the end of that day at the office, in UTC.

    A negative count goes back (an agenda is due two weeks before the start); working days only go forward.
    """
    day = start.astimezone(ZONE).date() if isinstance(start, datetime) else start
    match unit:
        case Unit.WORKING_DAYS:
            day = working_days_after(day, count, country)
        case Unit.DAYS:
            day += timedelta(days=count)
        case Unit.WEEKS:
            day += timedelta(weeks=count)
        case Unit.MONTHS:
            day = _months_after(day, count)
    return datetime.combine(day, _END_OF_DAY, ZONE).astimezone(UTC)
