"""Invitations are read by three libraries in three languages as a calendar applies them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import vobject
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifications.calendars.model.invitation import Entry, Participant, invitation
from services.notifications.calendars.model.vtimezone import vtimezone
from services.notifications.messages.model.rule import Method
from shared.contracts.codes import COUNTRIES
from shared.time.zones import zone_of
from tests.readers.calendars import READERS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from tests.readers.calendars import Reader, ReadEvent

VISIT = UUID(int=6)
UID = f"visit-{VISIT}@tandem.example"
MARCH = tuple(date(2026, 3, 16) + timedelta(days=count) for count in range(5))


def visit_invitation(method: Method = Method.REQUEST, sequence: int = 1, **changes: object) -> bytes:
    """Return an invitation to a visit in March, with a text that needs folding and escaping."""
    values: dict[str, object] = {
        "uid": f"visit-{VISIT}",
        "method": method,
        "sequence": sequence,
        "start": MARCH[0],
        "end": MARCH[-1],
        "stamp": datetime(2026, 1, 16, 9, 30, 12, 345, tzinfo=UTC),
        "summary": "Study visit MD-2026-0042",
        "location": "Direcția; Chișinău, Moldova",
        "description": "You go to Lyon, from 16 to 20 March 2026; ողջույն. " * 5 + "\n\nhttp://localhost:8000/x",
        "link": "http://localhost:8000/applications/visits/6",
        "organizer": Participant("Tandem", "no-reply@tandem.example"),
        "attendee": Participant("Ana Șarban", "ana@police.example"),
        "domain": "tandem.example",
        "days": MARCH,
        "country": "FR",
    }
    return invitation(Entry(**{**values, **changes}))  # type: ignore[arg-type]  # values by name


class Calendar:
    """Applies iTip messages by RFC 5546: the highest number of a UID counts, whatever order they arrive in."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._entries: dict[str, tuple[str | None, ReadEvent]] = {}

    def take(self, raw: bytes) -> None:
        """Take in one message."""
        calendar = self._read(raw)
        (new,) = calendar.events
        known = self._entries.get(new.uid)
        if known is None or new.sequence > known[1].sequence:
            self._entries[new.uid] = (calendar.method, new)

    @property
    def entries(self) -> list[datetime]:
        """Return the entries that are not cancelled."""
        found = [event for method, event in self._entries.values() if method != "CANCEL"]
        return sorted(moment for event in found for moment in event.moments)


APRIL = tuple(date(2026, 4, 20) + timedelta(days=count) for count in range(3))
STORY = (
    visit_invitation(Method.REQUEST, 1),
    visit_invitation(Method.REQUEST, 3, start=APRIL[0], end=APRIL[-1], days=APRIL),
    visit_invitation(Method.CANCEL, 4, start=APRIL[0], end=APRIL[-1], days=APRIL),
)


@pytest.mark.parametrize("read", READERS)
def test_a_calendar_follows_request_update_and_cancel(read: Reader) -> None:
    """A visit appears on its days, moves to the new ones, and disappears when it is cancelled."""
    calendar = Calendar(read)
    calendar.take(STORY[0])
    assert calendar.entries == [datetime(day.year, day.month, day.day, 8, tzinfo=UTC) for day in MARCH]
    calendar.take(STORY[1])
    assert calendar.entries == [datetime(day.year, day.month, day.day, 7, tzinfo=UTC) for day in APRIL]
    calendar.take(STORY[1])  # the same mail sent again keeps its number and changes nothing
    assert len(calendar.entries) == 3
    calendar.take(STORY[2])
    assert calendar.entries == []
    for late in STORY:
        calendar.take(late)
    assert calendar.entries == []


TWELVE = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)


def session(method: Method = Method.REQUEST, sequence: int = 1, begins: datetime = TWELVE, minutes: int = 90) -> bytes:
    """Return an invitation to a planned session with a mentor in Lithuania."""
    hours = (begins, begins + timedelta(minutes=minutes))
    given = {"uid": "session-7", "start": begins.date(), "end": begins.date(), "days": (), "hours": hours}
    return visit_invitation(method, sequence, country="LT", location="remote", **given)


@pytest.mark.parametrize("read", READERS)
def test_a_calendar_follows_a_session(read: Reader) -> None:
    """A session keeps its moment when it moves over the change of the clocks, and disappears when it is cancelled."""
    calendar, later = Calendar(read), TWELVE + timedelta(days=3, minutes=15)
    calendar.take(session())
    assert calendar.entries == [TWELVE]
    calendar.take(session(sequence=2, begins=later))
    assert calendar.entries == [later]
    calendar.take(session())  # the mail about the first time comes late
    assert calendar.entries == [later]
    calendar.take(session(Method.CANCEL, 3, begins=later))
    assert calendar.entries == []


def test_a_session_has_its_hours_in_the_mentors_zone() -> None:
    """A session has its hours in the zone of the mentor's country, and no recurrence."""
    value = {name: (parameters, text) for name, parameters, text in lines(session())}
    assert value["DTSTART"] == ("TZID=Europe/Vilnius", "20260327T140000")
    assert value["DTEND"] == ("TZID=Europe/Vilnius", "20260327T153000")
    assert value["UID"][1] == "session-7@tandem.example"
    event = lines(session())[lines(session()).index(("BEGIN", "", "VEVENT")) :]
    assert "RRULE" not in {name for name, _, _ in event}


@pytest.mark.parametrize("read", READERS)
@given(order=st.permutations(STORY[:2]))
def test_the_order_of_mails_does_not_matter(read: Reader, order: list[bytes]) -> None:
    """The new dates stay when the mail about the old ones arrives later."""
    calendar = Calendar(read)
    for raw in order:
        calendar.take(raw)
    assert {moment.month for moment in calendar.entries} == {4}


@given(
    country=st.sampled_from(sorted(COUNTRIES)),
    monday=st.dates(date(2025, 1, 1), date(2031, 12, 31)).map(lambda day: day - timedelta(days=day.weekday())),
    offsets=st.sets(st.integers(0, 11), min_size=1, max_size=5),
)
def test_each_reader_finds_nine_in_the_morning_at_the_host(country: str, monday: date, offsets: set[int]) -> None:
    """Exactly the visit's days are shown, in every country and week, also when the clocks change."""
    days = tuple(monday + timedelta(days=number) for number in sorted(offsets))
    raw = visit_invitation(start=days[0], end=days[-1], days=days, country=country)
    meant = [datetime(day.year, day.month, day.day, 9, tzinfo=zone_of(country)).astimezone(UTC) for day in days]
    absent = (days[-1] - days[0]).days + 1 - len(days)
    for read in READERS:
        (event,) = read(raw).events
        assert event.moments == meant, read
        assert event.exceptions == absent, read


@pytest.mark.parametrize("country", ["FR", "PT", "IE", "UA", "MD", "AM", "EU"])
def test_the_zones_rules_are_those_of_the_country(country: str) -> None:
    """The rules in the file give the country's offset in each hour around a change of the clocks."""
    zone, day = zone_of(country), date(2026, 6, 1)
    rules = vtimezone(zone, day).to_ical().decode()
    read: Any = vobject.readOne(f"BEGIN:VCALENDAR\r\n{rules}END:VCALENDAR\r\n").vtimezone.tzinfo
    for night in (date(2026, 3, 28), date(2026, 10, 24)):
        for hour in [*range(25, 48), *range(6)]:
            local = datetime(night.year, night.month, night.day) + timedelta(hours=hour)  # noqa: DTZ001 - local time
            if _once(local, zone):
                assert read.utcoffset(local) == zone.utcoffset(local), (country, local)


def _once(local: datetime, zone: ZoneInfo) -> bool:
    """Return whether a clock shows this time exactly once."""
    moment = local.replace(tzinfo=zone)
    there = moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    return there and moment.utcoffset() == moment.replace(fold=1).utcoffset()


def lines(raw: bytes) -> list[tuple[str, str, str]]:
    """Return name, parameters and value of each content line, unfolded and unescaped (RFC 5545 3.1, 3.3.11)."""
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    unfolded = re.sub(r"\r\n[ \t]", "", raw.decode("utf-8"))
    found = []
    for line in unfolded.rstrip("\r\n").split("\r\n"):
        head, _, value = line.partition(":")
        name, _, parameters = head.partition(";")
        plain = re.sub(r"\\([;,\\nN])", lambda hit: "\n" if hit[1] in "nN" else hit[1], value)
        found.append((name.upper(), parameters, plain))
    return found


def test_a_request_has_the_properties_of_the_standard() -> None:
    """A request has each property of RFC 5546 3.2.2 once, and names only its recipient, by address."""
    found = lines(visit_invitation())
    event = found[found.index(("BEGIN", "", "VEVENT")) :]
    names = [name for name, _, _ in event]
    for name in ("UID", "DTSTAMP", "SEQUENCE", "DTSTART", "DTEND", "ORGANIZER", "ATTENDEE", "SUMMARY", "RRULE"):
        assert names.count(name) == 1, name
    assert [name for name, _, _ in found].count("METHOD") == 1
    value = {name: (parameters, text) for name, parameters, text in event}
    assert value["UID"][1] == UID
    assert value["DTSTART"] == ("TZID=Europe/Paris", "20260316T090000")
    assert value["DTEND"] == ("TZID=Europe/Paris", "20260316T170000")
    assert value["DTSTAMP"][1] == "20260116T093012Z"
    assert value["LOCATION"][1] == "Direcția; Chișinău, Moldova"
    assert value["DESCRIPTION"][1].endswith("ողջույն. \n\nhttp://localhost:8000/x")
    assert value["ORGANIZER"][1] == "mailto:no-reply@tandem.example"
    assert value["ATTENDEE"][1] == "mailto:ana@police.example"


def test_each_reader_reads_the_same() -> None:
    """All readers find the same in an invitation, whose text is escaped and folded, and nothing wrong with it."""
    raw = visit_invitation(days=(*MARCH[:2], MARCH[4]))
    first, *others = [read(raw) for read in READERS]
    assert all(other == first for other in others)
    (event,) = first.events
    assert (first.method, first.zones, first.problems) == ("REQUEST", ("Europe/Paris",), "")
    assert (event.summary, event.status) == ("Study visit MD-2026-0042", "CONFIRMED")
    assert event.location == "Direcția; Chișinău, Moldova"
    assert event.description.endswith("ողջույն. \n\nhttp://localhost:8000/x")
    assert event.organizer == ("Tandem", "no-reply@tandem.example")
    assert event.attendees == (("Ana Șarban", "ana@police.example"),)


def test_each_day_that_is_left_out_is_a_property_of_its_own() -> None:
    """A visit with two days in between has two EXDATE with one date each, which all calendars read."""
    absent = [(parameters, text) for name, parameters, text in lines(visit_invitation(days=_GAPS)) if name == "EXDATE"]
    assert absent == [("TZID=Europe/Paris", "20260317T090000"), ("TZID=Europe/Paris", "20260319T090000")]


_GAPS = (MARCH[0], MARCH[2], MARCH[4])
# No backslash: ical.js reads it as an escape, which a parameter does not have.
_NAMES = st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters="\\"), max_size=120).map(
    str.strip
)


@given(organizer=_NAMES, attendee=_NAMES)
@example('Ana "Nana" Șarban; Jr.: ^n, O\'Neill', "")
@example("Օֆիցեր " * 12, "^'^^")
def test_names_are_read_as_they_are(organizer: str, attendee: str) -> None:
    """A name with quotation marks, colons, carets or any script is the CN of its address (RFC 6868)."""
    raw = visit_invitation(
        organizer=Participant(organizer, "no-reply@tandem.example"),
        attendee=Participant(attendee, "ana@police.example"),
    )
    assert lines(raw)
    for read in READERS:
        (event,) = read(raw).events
        assert event.organizer == (organizer or None, "no-reply@tandem.example"), read
        assert event.attendees == ((attendee or None, "ana@police.example"),), read


def test_a_visit_of_one_day_comes_once_and_old_messages_have_their_weekdays() -> None:
    """One day has no recurrence; a message without days, as older ones are, means Monday to Friday."""
    invitation = visit_invitation(start=MARCH[0], end=MARCH[0], days=MARCH[:1])
    assert "RRULE" not in {name for name, _, _ in lines(invitation)[-20:]}
    old = visit_invitation(start=MARCH[3], end=MARCH[3] + timedelta(days=4), days=())
    for read in READERS:
        assert len(read(invitation).events[0].begins) == 1
        assert [moment.day for moment in read(old).events[0].moments] == [19, 20, 23]


def test_no_character_is_cut_by_a_fold() -> None:
    """Lines have 75 octets at the most, and a character of several octets stays whole."""
    for shift in range(4):
        raw = visit_invitation(summary="x" * shift + "ողջույն" * 40, location="ქ" * 80, description="😀" * 60)
        for line in raw.split(b"\r\n"):
            assert len(line) <= 75
            line.decode()
        for read in READERS:
            assert read(raw).events[0].summary == "x" * shift + "ողջույն" * 40


def test_a_cancellation_takes_the_entry_away() -> None:
    """A cancellation has METHOD:CANCEL, STATUS:CANCELLED and the same UID (RFC 5546 3.2.5)."""
    value = {name: text for name, _, text in lines(visit_invitation(Method.CANCEL, 4))}
    assert (value["METHOD"], value["STATUS"], value["SEQUENCE"]) == ("CANCEL", "CANCELLED", "4")
    assert value["UID"] == UID
