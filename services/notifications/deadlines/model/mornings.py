"""Tell when a reminder is sent: in the morning of the day that it names, in its reader's zone.

A reminder of three days names the day three days before the date, a missed date the day after it. Days are those of
the programme's office, by which all deadlines end.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MORNING = time(8)
"""The beginning of a working day in the partner countries, after the usual quiet hours and with the usual digest."""
# Nowhere is it eight o'clock of a day before this time of the day before at the office (the first zone is UTC+14).
_EVE = time(18)


def named_day(moment: datetime) -> date:
    """Return the day of a moment at the programme's office."""
    return moment.astimezone(ZONE).date()


def eve_of(day: date) -> datetime:
    """Return a moment (UTC) before the morning of a day in every zone on Earth, but not by more than a day."""
    return datetime.combine(day - timedelta(days=1), _EVE, ZONE).astimezone(UTC)


def morning_of(day: date) -> str:
    """Return the morning of a day as a local time without a zone, the form in which a message keeps it."""
    return datetime.combine(day, MORNING).isoformat()


def in_zone(local: str, zone: ZoneInfo) -> datetime:
    """Return the moment (UTC) of such a local time in a zone.

    Of a time that the clock shows twice the first counts, for one that it leaps over the same time after midnight.
    """
    return datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
