"""Write one moment as the local times of several countries, for people in different zones who are to meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babel.dates import format_datetime

from shared.contracts.labels import country
from shared.i18n import locale
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime


def clocks(moment: datetime, countries: Iterable[str | None]) -> str:
    """Return `1 April 2026, 12:00 (Armenia), 11:00 (Lithuania)`: each time once, with its day where it differs.

    `countries` are ISO 3166-1 alpha-2 codes in the order of the text; each is named once. Where none is known the
    programme's own zone is used.
    """
    zones_by_time: dict[datetime, list[str]] = {}
    for code in dict.fromkeys(code for code in countries if code):
        zones_by_time.setdefault(moment.astimezone(zone_of(code)).replace(tzinfo=None), []).append(country(code))
    if not zones_by_time:
        local = moment.astimezone(zone_of(None))
        return f"{format_datetime(local, 'd MMMM y, HH:mm', tzinfo=local.tzinfo, locale=locale())} {local.tzname()}"
    parts: list[str] = []
    day: date | None = None
    for local, names in zones_by_time.items():
        pattern = "HH:mm" if local.date() == day else "d MMMM, HH:mm" if parts else "d MMMM y, HH:mm"
        parts.append(f"{format_datetime(local, pattern, locale=locale())} ({', '.join(names)})")
        day = local.date()
    return ", ".join(parts)
