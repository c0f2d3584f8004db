"""Write a private calendar feed: visits, sessions and deadlines by reference, without name or venue (RFC 5545).

Entries are whole days and not shown as busy: the invitations that come by mail have the hours, and both together would
count twice. They have UIDs of their own, since they say less than an invitation to the same visit. Equal content is
equal bytes, so a calendar learns that nothing has changed.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import icalendar

from services.notifications.calendars.model.vtimezone import vtimezone
from shared.contracts.codes import Role
from shared.i18n import N_
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

ROLES = (
    Role.OFFICER,
    Role.MENTOR,
    Role.HOST_CONTACT,
    Role.NATIONAL_COORDINATOR,
    Role.CLEARANCE_OFFICER,
    Role.PROGRAMME_COORDINATOR,
)
"""The roles that may have a feed."""

OF_PORTAL = (Role.OFFICER, Role.MENTOR)
"""Of whom the portal alone knows which applications and profiles are theirs."""

REFRESH_INTERVAL = timedelta(hours=6)
"""The interval after which calendars are asked to look again (RFC 7986, REFRESH-INTERVAL)."""

WORK = N_("Calendars")
"""The work whose set-aside subjects the page of problems names."""

READS_AN_HOUR = 60
PAST, FUTURE = timedelta(days=90), timedelta(days=400)
ENTRY_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One line of the feed: `first` to `last` are whole days, `changed` is when it last changed."""

    uid: str
    first: date
    last: date
    summary: str
    description: str
    link: str
    changed: datetime


def new_key() -> str:
    """Return the secret part of a private address: 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_of(key: str) -> bytes:
    """Return the hash of a key for the store. The key is random and long, so a plain hash cannot be reversed."""
    return hashlib.sha256(key.encode()).digest()


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of `Holder` by which a person's feed is looked up, for days and for deadlines.

    A deputy sees the visits of the office, and of its deadlines those that have passed to the deputy.
    """

    days: frozenset[str]
    deadlines: frozenset[str]


class Grant(Protocol):
    """A role that a person holds, and for which country or organisation."""

    @property
    def role(self) -> Role:
        """The role."""

    @property
    def country(self) -> str | None:
        """The country that it is held for."""

    @property
    def organisation_id(self) -> str | None:
        """The organisation that it is held for."""

    @property
    def deputy_for(self) -> str | None:
        """The person whom the holder deputises for, by sign-in subject."""


def keys(grants: Sequence[Grant], applications: Iterable[str] = (), mentors: Iterable[str] = ()) -> Keys:
    """Return the keys of a person with these grants; `applications` and `mentors` are the ids that are theirs."""
    own, roles = set(), {grant.role for grant in grants}
    if Role.OFFICER in roles:
        own |= {f"application:{id_}" for id_ in applications}
    if Role.MENTOR in roles:
        own |= {f"mentor:{id_}" for id_ in mentors}
    days, deadlines = set(own), set(own)
    for grant in grants:
        match grant.role:
            case Role.HOST_CONTACT:
                place = f"organisation:{grant.organisation_id}"
                days.add(place)
                deadlines.add(place)
            case Role.NATIONAL_COORDINATOR | Role.CLEARANCE_OFFICER:
                holder = grant.country if grant.role is Role.NATIONAL_COORDINATOR else grant.organisation_id
                days.add(f"office:{holder}")
                deadlines.add(f"{'office' if grant.deputy_for is None else 'deputy'}:{holder}")
            case Role.PROGRAMME_COORDINATOR:
                days.add("programme")
                deadlines.add("programme")
    return Keys(frozenset(days), frozenset(deadlines))


def feed(entries: Sequence[FeedEntry], *, name: str, today: date) -> bytes:
    """Return the calendar object, UTF-8 with CRLF, entries in the given order.

    It has the programme's time zone, so that it has a component, as RFC 5545 3.6 demands, without entries too.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Tandem//Notifications//EN")
    calendar.add("version", "2.0")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH_INTERVAL, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    calendar.add_component(vtimezone(ZONE, today))
    for entry in entries:
        event = icalendar.Event()
        event.add("uid", entry.uid)
        event.add("dtstamp", entry.changed.replace(microsecond=0))
        event.add("last-modified", entry.changed.replace(microsecond=0))
        event.add("dtstart", entry.first)
        event.add("dtend", entry.last + timedelta(days=1))  # exclusive: the day after the last
        event.add("summary", entry.summary)
        event.add("description", entry.description)
        event.add("url", entry.link)
        event.add("transp", "TRANSPARENT")
        event.add("class", "PRIVATE")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def etag(body: bytes) -> str:
    """Return the strong validator of a feed (RFC 9110, 8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def unchanged(header: str | None, tag: str) -> bool:
    """Return whether an If-None-Match header names the tag, weakly compared (RFC 9110, 13.1.2)."""
    if header is None:
        return False
    named = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in named or tag in named
