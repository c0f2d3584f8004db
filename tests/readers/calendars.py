"""Read calendars by three libraries in three languages, none of which is the one that writes them."""

from __future__ import annotations

import base64
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import vobject
from pydantic import BaseModel, ConfigDict
from vobject.base import VObjectError

from tests.readers.programs import in_java, in_javascript

if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[bytes], "ReadCalendar"]

Person = tuple[str | None, str]
"""A name, where there is one, and a mail address."""


class ReadEvent(BaseModel):
    """An event as a calendar shows it: the begin of each occurrence is a moment, or a day that has no hours.

    `exceptions` is the number of its EXDATE properties.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    uid: str
    sequence: int
    status: str
    summary: str
    location: str
    description: str
    organizer: Person | tuple[()]
    attendees: tuple[Person, ...]
    exceptions: int
    begins: tuple[str, ...]

    @property
    def moments(self) -> list[datetime]:
        """The begin of each occurrence that has hours."""
        return [datetime.fromisoformat(begin) for begin in self.begins]

    @property
    def days(self) -> list[date]:
        """The first day of each occurrence without hours."""
        return [date.fromisoformat(begin) for begin in self.begins]


class ReadCalendar(BaseModel):
    """A calendar as a program reads it; `problems` is what its reader finds wrong with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str | None
    zones: tuple[str, ...]
    problems: str
    events: tuple[ReadEvent, ...]


def by_ical_js(raw: bytes) -> ReadCalendar:
    """Read a calendar by ical.js, which Thunderbird uses, in JavaScript."""
    return ReadCalendar.model_validate_json(in_javascript("calendars.mjs").answer(base64.b64encode(raw)))


def by_biweekly(raw: bytes) -> ReadCalendar:
    """Read a calendar by biweekly, in Java."""
    return ReadCalendar.model_validate_json(in_java("CalendarReader").answer(base64.b64encode(raw)))


def by_vobject(raw: bytes) -> ReadCalendar:
    """Read a calendar by vobject, in Python; the zone follows from the file's own rules, not from the machine's."""
    calendar: Any = vobject.readOne(raw.decode())
    try:
        calendar.validate(raiseException=True)
        problems = ""
    except VObjectError as wrong:
        problems = str(wrong)
    contents = calendar.contents
    return ReadCalendar(
        method=calendar.method.value if "method" in contents else None,
        zones=tuple(zone.tzid.value for zone in contents.get("vtimezone", [])),
        problems=problems if list(calendar.components()) else "no component",
        events=tuple(map(_event, contents.get("vevent", []))),
    )


READERS: tuple[Reader, ...] = (by_vobject, by_ical_js, by_biweekly)


def _event(event: Any) -> ReadEvent:
    contents = event.contents
    return ReadEvent(
        uid=event.uid.value,
        sequence=int(event.sequence.value) if "sequence" in contents else 0,
        **{name: contents[name][0].value if name in contents else "" for name in _TEXTS},
        organizer=_person(event.organizer) if "organizer" in contents else (),
        attendees=tuple(map(_person, contents.get("attendee", []))),
        exceptions=len(contents.get("exdate", [])),
        begins=tuple(map(_begin, event.getrruleset() if "rrule" in contents else [event.dtstart.value])),
    )


_TEXTS = ("status", "summary", "location", "description")
_CARETS = {"^": "^", "n": "\n", "'": '"'}


def _person(line: Any) -> Person:
    """Return name and address. vobject leaves the escapes of RFC 6868 as they are, unlike the other two."""
    name = next(iter(line.params.get("CN", [])), None)
    plain = None if name is None else re.sub(r"\^([\^n'])", lambda hit: _CARETS[hit[1]], name)
    return plain, line.value.removeprefix("mailto:")


def _begin(value: date | datetime) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat()
