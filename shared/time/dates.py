"""Write dates, times and periods in the reader's language.

Dates as 24 November 2026 and times with their zone, in the reader's language (look.md). Times are shown in Central
European time, in which the programme's owner and all hosts keep office hours; the zone stands beside each.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from babel.dates import format_date, format_datetime

from shared.i18n import gettext, locale, ngettext
from shared.time.workdays import ZONE
from shared.time.zones import reader_zone

if TYPE_CHECKING:
    from babel import Locale

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Bounds for moments that are only compared with: every event is between, and the store holds both in any zone."""


def day(value: date | datetime | None, *, short: bool = False) -> str:
    """Return `24 November 2026` (`24 Nov 2026` when short); nothing for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(ZONE).date()
    return _written(value, "d MMM y" if short else "d MMMM y", locale())


@lru_cache(maxsize=4096)
def _written(value: date, pattern: str, tongue: Locale) -> str:
    """Return a day in a pattern of CLDR; cached, as lists and mails repeat the same few days."""
    return format_date(value, pattern, locale=tongue)


def month(value: date) -> str:
    """Return `November 2026`."""
    return _written(value, "LLLL y", locale())


def weekday(value: date) -> str:
    """Return `Mon 24 Nov`, a day among those of its week."""
    return _written(value, "EEE d MMM", locale())


def moment(value: datetime | None, *, short: bool = False) -> str:
    """Return `24 November 2026, 14:05 CET`; nothing for None."""
    if value is None:
        return ""
    local = value.astimezone(ZONE)
    pattern = "d MMM y, HH:mm" if short else "d MMMM y, HH:mm"
    return f"{format_datetime(local, pattern, tzinfo=ZONE, locale=locale())} {local.tzname()}"


def deadline(value: datetime | None) -> str:
    """Return a moment; for a reader in another zone with that zone's clock: `... (your time: 5 December, 02:59)`."""
    if value is None:
        return ""
    here, there = value.astimezone(reader_zone()), value.astimezone(ZONE)
    if here.utcoffset() == there.utcoffset():
        return moment(value)
    pattern = "HH:mm" if here.date() == there.date() else "d MMMM, HH:mm"
    own = format_datetime(here, pattern, tzinfo=here.tzinfo, locale=locale())
    return gettext("%(moment)s (your time: %(own)s)") % {"moment": moment(value), "own": own}


def time_of_day(value: datetime) -> str:
    """Return `14:05 CET`, where the day stands above."""
    local = value.astimezone(ZONE)
    return f"{local:%H:%M} {local.tzname()}"


def span(first: date, last: date) -> str:
    """Return `5 to 9 October 2026` or `28 September to 2 October 2026`: shared parts are written once."""
    if first == last:
        return day(first)
    if first.year != last.year:
        start = day(first)
    elif first.month != last.month:
        start = _written(first, "d MMMM", locale())
    else:
        start = _written(first, "d", locale())
    return gettext("%(first)s to %(last)s") % {"first": start, "last": day(last)}


def due_day(due: datetime, now: datetime) -> str:
    """Return a due date for a list, how far it is from `now`, and that it is overdue where it has passed."""
    when = f"{day(due, short=True)} ({relative(due, now.astimezone(ZONE).date())})"
    return gettext("Overdue: %(when)s") % {"when": when} if due < now else when


def relative(value: date | datetime, today: date) -> str:
    """Return how far a day is from `today`: `today`, `tomorrow`, `in 12 days`, `3 days ago`."""
    if isinstance(value, datetime):
        value = value.astimezone(ZONE).date()
    days = (value - today).days
    if days == 0:
        return gettext("today")
    if days == 1:
        return gettext("tomorrow")
    if days == -1:
        return gettext("yesterday")
    if days > 0:
        return ngettext("in %(count)d day", "in %(count)d days", days) % {"count": days}
    return ngettext("%(count)d day ago", "%(count)d days ago", -days) % {"count": -days}


def working_days(count: int) -> str:
    """Return a number of working days in words: `in 10 working days`, `today`, `3 working days ago`."""
    if count == 0:
        return gettext("today")
    if count > 0:
        return ngettext("in %(count)d working day", "in %(count)d working days", count) % {"count": count}
    return ngettext("%(count)d working day ago", "%(count)d working days ago", -count) % {"count": -count}


def iso(value: date | datetime) -> str:
    """Return ISO 8601, for `<time datetime>`."""
    return value.isoformat()
