"""Do calendars understand our invitations? Read back by icalendar and vobject, as a calendar would apply them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import icalendar
import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.calendars.model.invitation import Entry, invitation
from services.notifications.calendars.model.vtimezone import vtimezone
from services.notifications.messages.model.rule import Method
from shared.contracts.codes import COUNTRIES
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

VISIT = UUID(int=6)
UID = f"visit-{VISIT}@tandem.example"
MARCH = tuple(date(2026, 3, 16) + timedelta(days=count) for count in range(5))


def made(method: Method = Method.REQUEST, sequence: int = 1, **changes: object) -> bytes:
    """An invitation to a visit in March, with a text that needs folding and escaping."""
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
        "organizer": "no-reply@tandem.example",
        "attendee": "ana@police.example",
        "domain": "tandem.example",
        "days": MARCH,
        "country": "FR",
    }
    return invitation(Entry(**{**values, **changes}))  # type: ignore[arg-type]  # values by name


class Held:
    """What a calendar keeps of an entry: its number, whether it was cancelled, and the moments at which it begins."""

    def __init__(self, method: str, uid: str, sequence: int, begins: list[datetime]) -> None:
        self.method, self.uid, self.sequence = method, uid, sequence
        self.begins = [moment.astimezone(UTC) for moment in begins]


def by_icalendar(raw: bytes) -> Held:
    """As icalendar reads it: the days are worked out from the rule and its exceptions."""
    calendar: Any = icalendar.Calendar.from_ical(raw)
    (event,) = calendar.walk("VEVENT")
    start = event.decoded("DTSTART")
    out = {one.dt for one in event["EXDATE"].dts} if "EXDATE" in event else set()
    count = event["RRULE"]["COUNT"][0] if "RRULE" in event else 1
    days = [start + timedelta(days=number) for number in range(count)]
    return Held(
        str(calendar["METHOD"]), str(event["UID"]), int(event["SEQUENCE"]), [day for day in days if day not in out]
    )


def by_vobject(raw: bytes) -> Held:
    """As vobject reads it: the zone from the file's own rules, not from the machine's."""
    calendar: Any = vobject.readOne(raw.decode())
    event = calendar.vevent
    days = list(event.getrruleset(addRDate=True)) if "rrule" in event.contents else [event.dtstart.value]
    return Held(calendar.method.value, event.uid.value, int(event.sequence.value), days)


READERS: tuple[Callable[[bytes], Held], ...] = (by_icalendar, by_vobject)


class Calendar:
    """Applies iTip messages as RFC 5546 has it: the highest number of a UID counts, whatever order they come in."""

    def __init__(self, read: Callable[[bytes], Held]) -> None:
        self._read = read
        self._held: dict[str, Held] = {}

    def take(self, raw: bytes) -> None:
        """Take in one message."""
        new = self._read(raw)
        known = self._held.get(new.uid)
        if known is None or new.sequence > known.sequence:
            self._held[new.uid] = new

    @property
    def shown(self) -> list[datetime]:
        """What stands in the calendar."""
        return sorted(moment for one in self._held.values() if one.method != "CANCEL" for moment in one.begins)


APRIL = tuple(date(2026, 4, 20) + timedelta(days=count) for count in range(3))
STORY = (
    made(Method.REQUEST, 1),
    made(Method.REQUEST, 3, start=APRIL[0], end=APRIL[-1], days=APRIL),
    made(Method.CANCEL, 4, start=APRIL[0], end=APRIL[-1], days=APRIL),
)


@pytest.mark.parametrize("read", READERS)
def test_a_calendar_follows_request_update_and_cancel(read: Callable[[bytes], Held]) -> None:
    """Invited: five mornings in Paris; moved: three others in their place; cancelled: nothing, and no second entry."""
    calendar = Calendar(read)
    calendar.take(STORY[0])
    assert calendar.shown == [datetime(day.year, day.month, day.day, 8, tzinfo=UTC) for day in MARCH]
    calendar.take(STORY[1])
    assert calendar.shown == [datetime(day.year, day.month, day.day, 7, tzinfo=UTC) for day in APRIL]
    calendar.take(STORY[1])  # the same mail sent again keeps its number and changes nothing
    assert len(calendar.shown) == 3
    calendar.take(STORY[2])
    assert calendar.shown == []
    for late in STORY:
        calendar.take(late)
    assert calendar.shown == []


TWELVE = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)


def session(method: Method = Method.REQUEST, sequence: int = 1, begins: datetime = TWELVE, minutes: int = 90) -> bytes:
    """An invitation to a planned session, with the mentor in Lithuania."""
    hours = (begins, begins + timedelta(minutes=minutes))
    given = {"uid": "session-7", "start": begins.date(), "end": begins.date(), "days": (), "hours": hours}
    return made(method, sequence, country="LT", location="remote", **given)


@pytest.mark.parametrize("read", READERS)
def test_a_calendar_follows_a_session(read: Callable[[bytes], Held]) -> None:
    """Planned, moved over the night on which clocks are set, cancelled: one entry at its moment, then none."""
    calendar, later = Calendar(read), TWELVE + timedelta(days=3, minutes=15)
    calendar.take(session())
    assert calendar.shown == [TWELVE]
    calendar.take(session(sequence=2, begins=later))
    assert calendar.shown == [later]
    calendar.take(session())  # the mail about the first time comes late
    assert calendar.shown == [later]
    calendar.take(session(Method.CANCEL, 3, begins=later))
    assert calendar.shown == []


def test_a_session_has_its_hours_in_the_mentors_zone() -> None:
    """From when until when, in the zone of the mentor's country, whose rules are in the file; no rule of repetition."""
    value = {name: (parameters, text) for name, parameters, text in lines(session())}
    assert value["DTSTART"] == ("TZID=Europe/Vilnius", "20260327T140000")
    assert value["DTEND"] == ("TZID=Europe/Vilnius", "20260327T153000")
    assert value["UID"][1] == "session-7@tandem.example"
    event = lines(session())[lines(session()).index(("BEGIN", "", "VEVENT")) :]
    assert "RRULE" not in {name for name, _, _ in event}


@pytest.mark.parametrize("read", READERS)
@given(order=st.permutations(STORY[:2]))
def test_whatever_order_the_mails_arrive_in(read: Callable[[bytes], Held], order: list[bytes]) -> None:
    """The moved dates stand, also where the mail about the first ones comes later."""
    calendar = Calendar(read)
    for raw in order:
        calendar.take(raw)
    assert {moment.month for moment in calendar.shown} == {4}


@given(
    country=st.sampled_from(sorted(COUNTRIES)),
    monday=st.dates(date(2025, 1, 1), date(2031, 12, 31)).map(lambda day: day - timedelta(days=day.weekday())),
    offsets=st.sets(st.integers(0, 11), min_size=1, max_size=5),
)
def test_both_readers_find_nine_in_the_morning_at_the_host(country: str, monday: date, offsets: set[int]) -> None:
    """In every country and week, across the days on which clocks are set, exactly the visit's days are meant."""
    days = tuple(monday + timedelta(days=number) for number in sorted(offsets))
    raw = made(start=days[0], end=days[-1], days=days, country=country)
    meant = [datetime(day.year, day.month, day.day, 9, tzinfo=zone_of(country)).astimezone(UTC) for day in days]
    assert by_icalendar(raw).begins == meant
    assert by_vobject(raw).begins == meant


@pytest.mark.parametrize("country", ["FR", "PT", "IE", "UA", "MD", "AM", "EU"])
def test_the_zones_rules_are_those_of_the_country(country: str) -> None:
    """The file's own rules give the country's offset in each hour around the nights on which clocks are set."""
    zone, day = zone_of(country), date(2026, 6, 1)
    rules = vtimezone(zone, day).to_ical().decode()
    read: Any = vobject.readOne(f"BEGIN:VCALENDAR\r\n{rules}END:VCALENDAR\r\n").vtimezone.tzinfo
    for night in (date(2026, 3, 28), date(2026, 10, 24)):
        for hour in [*range(25, 48), *range(6)]:
            local = datetime(night.year, night.month, night.day) + timedelta(hours=hour)  # noqa: DTZ001
            if _once(local, zone):
                assert read.utcoffset(local) == zone.utcoffset(local), (country, local)


def _once(local: datetime, zone: ZoneInfo) -> bool:
    """Whether a clock shows this time exactly once."""
    moment = local.replace(tzinfo=zone)
    there = moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    return there and moment.utcoffset() == moment.replace(fold=1).utcoffset()


def lines(raw: bytes) -> list[tuple[str, str, str]]:
    """Name, parameters and value of each content line, unfolded and unescaped, by RFC 5545 3.1 and 3.3.11."""
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


def test_what_the_standard_asks_of_a_request_is_there() -> None:
    """RFC 5546 3.2.2: each property once, with the right value; the reader alone is named, by the address."""
    found = lines(made())
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
    assert "CN=" not in value["ATTENDEE"][0]


def test_a_visit_of_one_day_comes_once_and_old_messages_have_their_weekdays() -> None:
    """One day has no rule of repetition; a message queued before the days were known means Monday to Friday."""
    one = made(start=MARCH[0], end=MARCH[0], days=MARCH[:1])
    assert "RRULE" not in {name for name, _, _ in lines(one)[-20:]}
    assert [len(read(one).begins) for read in READERS] == [1, 1]
    old = made(start=MARCH[3], end=MARCH[3] + timedelta(days=4), days=())
    assert [moment.day for moment in by_vobject(old).begins] == [19, 20, 23]


def test_a_cancellation_takes_the_entry_away() -> None:
    """METHOD:CANCEL, STATUS:CANCELLED, the same UID (RFC 5546 3.2.5)."""
    value = {name: text for name, _, text in lines(made(Method.CANCEL, 4))}
    assert (value["METHOD"], value["STATUS"], value["SEQUENCE"]) == ("CANCEL", "CANCELLED", "4")
    assert value["UID"] == UID
