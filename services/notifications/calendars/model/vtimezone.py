"""Write the rules of a time zone into a calendar object, so that a calendar need not know its name (RFC 5545, 3.6.5).

Written from `zoneinfo`, since icalendar 7.3 puts the beginning of summer time an hour late and lists single days where
calendars expect the yearly rule.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import icalendar

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SUNDAY = 6
_HOUR = timedelta(hours=1)
_TO_AND_FRO = 2


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the clocks, in the local time before it, with the offsets and the name of the new time."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str
    summer: bool

    @property
    def rule(self) -> tuple[int, timedelta, timedelta, timedelta] | None:
        """Month, time of day and offsets of a change on a month's last Sunday; None on any other day."""
        last = self.at.weekday() == _SUNDAY and (self.at + timedelta(days=7)).month != self.at.month
        time = self.at - self.at.replace(hour=0, minute=0)
        return (self.at.month, time, self.before, self.after) if last else None

    @property
    def first(self) -> Change:
        """The same change in 1970: calendars apply a rule from its first day on."""
        day = date(1970, self.at.month, monthrange(1970, self.at.month)[1])
        day -= timedelta(days=(day.weekday() - _SUNDAY) % 7)
        return replace(self, at=datetime.combine(day, self.at.time()))


def vtimezone(zone: ZoneInfo, day: date) -> icalendar.Timezone:
    """Return the zone's rules around `day`: from a year before it to a year after."""
    found = icalendar.Timezone()
    found.add("tzid", zone.key)
    changes = _changes(zone, day.year - 1, day.year + 1)
    rules = {change.rule: change.first for change in changes}
    if None not in rules and len(rules) == _TO_AND_FRO and len(changes) == _TO_AND_FRO * 3:
        for change in sorted(rules.values(), key=lambda change: change.at):
            found.add_component(_observance(change, yearly=True))
        return found
    found.add_component(_observance(_standing(zone, day.year - 1)))
    for change in changes:
        found.add_component(_observance(change))
    return found


def _observance(change: Change, *, yearly: bool = False) -> icalendar.cal.Component:
    found = icalendar.TimezoneDaylight() if change.summer else icalendar.TimezoneStandard()
    found.add("dtstart", change.at)
    if yearly:
        found.add("rrule", {"freq": "yearly", "bymonth": change.at.month, "byday": "-1SU"})
    found.add("tzoffsetfrom", change.before)
    found.add("tzoffsetto", change.after)
    found.add("tzname", change.name)
    return found


def _standing(zone: ZoneInfo, year: int) -> Change:
    """Return the zone's offset at the beginning of a year as a change in 1970."""
    at = datetime(1970, 1, 1)  # noqa: DTZ001 - local time, as the standard wants it
    return _change(zone, datetime(year, 1, 1, tzinfo=zone), at)


def _change(zone: ZoneInfo, moment: datetime, at: datetime, before: timedelta | None = None) -> Change:
    local = moment.astimezone(zone)
    after = _offset(zone, moment)
    before = after if before is None else before
    return Change(at, before, after, local.tzname() or zone.key, summer=after > before)


@cache
def _changes(zone: ZoneInfo, first: int, last: int) -> tuple[Change, ...]:
    """Return the changes of the clocks from the year `first` to the year `last`, in order."""
    found = []
    day, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    while day < end:
        after = day + timedelta(days=1)
        if _offset(zone, day) != _offset(zone, after):
            while _offset(zone, day) == _offset(zone, day + _HOUR):
                day += _HOUR
            before, moment = _offset(zone, day), day + _HOUR
            found.append(_change(zone, moment, (moment + before).replace(tzinfo=None), before))
        day = after
    return tuple(found)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset
