"""Write an iTip message by which a calendar adds, moves or removes a visit or a session (RFC 5545, RFC 5546).

The UID is always the visit's or the session's; SEQUENCE is the number of the event about it, which only grows and stays
the same when a mail is sent again, so that a calendar keeps the newest whatever order the mails arrive in.

A session has its hour, in the zone of the mentor's country. Each day of a visit is an entry from nine to five at the
place of the visit, in the zone of the host's country, and not a whole day: a whole day has no zone, so it would cover
other hours for guest and host, and some calendars show it as free time. It is one entry that recurs daily, without the
days in between that are none of the visit's (a holiday of the host). The agenda in the portal has the real hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

import icalendar

from services.notifications.calendars.model.vtimezone import vtimezone
from services.notifications.messages.model.rule import Method
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from zoneinfo import ZoneInfo

BEGINS, ENDS = time(9), time(17)
_FRIDAY = 4


class Participant(NamedTuple):
    """A name, which may be empty, and a mail address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A visit or a session as a calendar shows it: it names nobody but the sender and the recipient of the mail.

    `uid` is without our domain. `days` are a visit's working days, from `start` to `end`; without them those from
    Monday to Friday. `country` is where. A session has `hours`, from and until, on its one day.
    """

    uid: str
    method: Method
    sequence: int
    start: date
    end: date
    stamp: datetime
    summary: str
    location: str
    description: str
    link: str
    organizer: Participant
    attendee: Participant
    domain: str
    days: tuple[date, ...] = ()
    country: str | None = None
    hours: tuple[datetime, datetime] | None = None


def invitation(entry: Entry) -> bytes:
    """Return the calendar object, UTF-8 with CRLF, as mail carries it."""
    zone = zone_of(entry.country)
    event = icalendar.Event()
    event.add("uid", f"{entry.uid}@{entry.domain}")
    event.add("dtstamp", entry.stamp.replace(microsecond=0))
    event.add("sequence", entry.sequence)
    _times(event, entry, zone)
    event.add("summary", entry.summary)
    if entry.location:
        event.add("location", entry.location)
    event.add("description", entry.description)
    event.add("url", entry.link)
    event.add("status", "CANCELLED" if entry.method is Method.CANCEL else "CONFIRMED")
    event.add("transp", "OPAQUE")
    event.add("class", "PRIVATE")
    event.add("organizer", _participant(entry.organizer))
    attendee = _participant(entry.attendee)
    attendee.params["PARTSTAT"] = icalendar.vText("NEEDS-ACTION")
    attendee.params["RSVP"] = icalendar.vText("FALSE")  # answers are given in the portal
    attendee.params["ROLE"] = icalendar.vText("REQ-PARTICIPANT")
    event.add("attendee", attendee)
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Tandem//Notifications//EN")
    calendar.add("version", "2.0")
    calendar.add("method", str(entry.method))
    calendar.add_component(vtimezone(zone, entry.start))
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _participant(participant: Participant) -> icalendar.vCalAddress:
    """Return an address with its name; the library escapes what a parameter must not contain (RFC 6868)."""
    made = icalendar.vCalAddress(f"mailto:{participant.address}")
    if participant.name:
        made.params["CN"] = icalendar.vText(participant.name)
    return made


def _times(event: icalendar.Event, entry: Entry, zone: ZoneInfo) -> None:
    """Add a session's hours, or a visit's first day with its recurrence and exceptions."""
    if entry.hours is not None:
        event.add("dtstart", entry.hours[0].astimezone(zone))
        event.add("dtend", entry.hours[1].astimezone(zone))
        return
    days = entry.days or tuple(_weekdays(entry.start, entry.end))
    first, last = days[0], days[-1]
    event.add("dtstart", datetime.combine(first, BEGINS, zone))
    event.add("dtend", datetime.combine(first, ENDS, zone))
    if first == last:
        return
    event.add("rrule", {"freq": "daily", "count": (last - first).days + 1})
    for day in (first + timedelta(days=count) for count in range((last - first).days)):
        if day not in days:  # one date a property: some calendars read only the first of several
            event.add("exdate", datetime.combine(day, BEGINS, zone))


def _weekdays(start: date, end: date) -> Iterable[date]:
    """Return the days from Monday to Friday; the first day where there are none."""
    days = [start + timedelta(days=count) for count in range((end - start).days + 1)]
    return [day for day in days if day.weekday() <= _FRIDAY] or [start]
