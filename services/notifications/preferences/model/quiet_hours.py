"""The quiet hours of countries and people, and the messages that do not wait for the morning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from shared.time.workdays import ZONE
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from services.notifications.messages.model.rule import Rule

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
NONE = "none"
# A message with a date so soon is sent at night too.
_SOON = timedelta(hours=24)
# A message about a visit so soon is urgent: people are about to travel.
_JOURNEY = timedelta(days=3)


USUAL = "21:00-07:00"
"""The hours of an installation that chooses no others, in each country's local time."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Quiet hours in local time; over midnight where `until` is not after `since`."""

    since: time
    until: time

    @classmethod
    def read(cls, text: str) -> Hours | None:
        """Read `21:00-07:00`; None for `none`. Raises ValueError with the expected form."""
        if text == NONE:
            return None
        found = _HOURS.fullmatch(text)
        if found is None or found.group(1, 2) == found.group(3, 4):
            raise ValueError(f"{text!r}: write quiet hours as 21:00-07:00, from and until in local time, or {NONE}.")
        return cls(time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4])))

    def __str__(self) -> str:
        """Return the hours as `read` takes them."""
        return f"{self.since:%H:%M}-{self.until:%H:%M}"

    def over(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return until when it is quiet in a zone, if it is so at `now`; None by day. All seven days are alike."""
        here = now.astimezone(zone)
        clock = here.time()
        begun, not_over = self.since <= clock, clock < self.until
        if not ((begun or not_over) if self.until < self.since else (begun and not_over)):
            return None
        day = here.date() if clock < self.until else here.date() + timedelta(days=1)
        return datetime.combine(day, self.until, here.tzinfo).astimezone(now.tzinfo)


@dataclass(frozen=True, slots=True)
class Quiet:
    """The usual quiet hours, and those of countries that differ."""

    usual: Hours | None
    own: Mapping[str, Hours | None]

    def hours(self, country: str | None) -> Hours | None:
        """Return the quiet hours of a country; None where it has none."""
        return self.own.get(country or "", self.usual)

    def until(self, country: str | None, now: datetime) -> datetime | None:
        """Return until when mail to a country waits at domain time `now`; None where it is sent at once."""
        hours = self.hours(country)
        return None if hours is None else hours.over(now, zone_of(country))


def urgent(rule: Rule, facts: Mapping[str, object], now: datetime) -> bool:
    """Return whether a message is sent at night too, at domain time `now`."""
    presses = pressing(rule, facts, now)
    return presses is not None and presses <= now


def pressing(rule: Rule, facts: Mapping[str, object], now: datetime) -> datetime | None:
    """Return from when on a message does not wait for a morning; None where it always can.

    It stops waiting a day before its due date, unless that has passed. An urgent row never waits, except about a visit
    or a session, which is urgent from three days before it begins.
    """
    since = []
    due = facts.get("due")
    if isinstance(due, str) and (until := datetime.fromisoformat(due)) >= now:
        since.append(until - _SOON)
    if rule.urgent:
        start, session = facts.get("start"), facts.get("begins_at")
        begins = _begins(start) if isinstance(start, str) else None
        if isinstance(session, str):
            begins = datetime.fromisoformat(session)
        since.append(now if begins is None else begins - _JOURNEY)
    return min(since, default=None)


def _begins(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), ZONE)
