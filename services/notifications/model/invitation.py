"""What does a calendar need to take in, move or remove a visit? An iTip message (RFC 5545, RFC 5546).

The UID is the visit's for ever; SEQUENCE is the number of the visit's event, which only grows, so that a calendar takes
the newest whatever order the mails arrive in. The days are whole days at the place of the visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import icalendar

from services.notifications.model.rule import Method

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """A visit as a calendar shows it: no name of a person. `organizer` and `attendee` are mail addresses."""

    visit_id: UUID
    method: Method
    sequence: int
    start: date
    end: date
    stamp: datetime
    summary: str
    location: str
    description: str
    link: str
    organizer: str
    attendee: str
    domain: str


def invitation(entry: Entry) -> bytes:
    """The calendar object, UTF-8 with CRLF, as mail carries it."""
    event = icalendar.Event()
    event.add("uid", f"visit-{entry.visit_id}@{entry.domain}")
    event.add("dtstamp", entry.stamp.replace(microsecond=0))
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end + timedelta(days=1))  # the day after the last: the end is not part of it
    event.add("summary", entry.summary)
    event.add("location", entry.location)
    event.add("description", entry.description)
    event.add("url", entry.link)
    event.add("status", "CANCELLED" if entry.method is Method.CANCEL else "CONFIRMED")
    event.add("transp", "OPAQUE")
    event.add("class", "PRIVATE")
    event.add("organizer", icalendar.vCalAddress(f"mailto:{entry.organizer}"))
    attendee = icalendar.vCalAddress(f"mailto:{entry.attendee}")
    attendee.params["PARTSTAT"] = icalendar.vText("NEEDS-ACTION")
    attendee.params["RSVP"] = icalendar.vText("FALSE")  # answers are given in the portal
    attendee.params["ROLE"] = icalendar.vText("REQ-PARTICIPANT")
    event.add("attendee", attendee)
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Tandem//Notifications//EN")
    calendar.add("version", "2.0")
    calendar.add("method", str(entry.method))
    calendar.add_component(event)
    return bytes(calendar.to_ical())
