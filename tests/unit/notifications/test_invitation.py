"""Do calendars understand our invitations? Read back by icalendar, and by a parser written from the standard's text."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from uuid import UUID

import icalendar

from services.notifications.model.invitation import Entry, invitation
from services.notifications.model.rule import Method

VISIT = UUID(int=6)


def made(method: Method = Method.REQUEST, sequence: int = 1, **changes: object) -> bytes:
    """An invitation to a visit in March, with a text that needs folding and escaping."""
    values: dict[str, object] = {
        "visit_id": VISIT,
        "method": method,
        "sequence": sequence,
        "start": date(2026, 3, 16),
        "end": date(2026, 3, 20),
        "stamp": datetime(2026, 1, 16, 9, 30, 12, 345, tzinfo=UTC),
        "summary": "Study visit MD-2026-0042",
        "location": "Direcția; Chișinău, Moldova",
        "description": "You go to Lyon, from 16 to 20 March 2026; ողջույն. " * 5 + "\n\nhttp://localhost:8000/x",
        "link": "http://localhost:8000/applications/visits/6",
        "organizer": "no-reply@tandem.example",
        "attendee": "ana@police.example",
        "domain": "tandem.example",
    }
    return invitation(Entry(**{**values, **changes}))  # type: ignore[arg-type]  # values by name


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


def test_icalendar_reads_it_back() -> None:
    """Method, identity, whole days with the exclusive end, no participant's name."""
    calendar = icalendar.Calendar.from_ical(made())
    (event,) = calendar.walk("VEVENT")
    assert str(calendar["METHOD"]) == "REQUEST"
    assert str(event["UID"]) == f"visit-{VISIT}@tandem.example"
    assert event.decoded("DTSTART") == date(2026, 3, 16)
    assert event.decoded("DTEND") == date(2026, 3, 21)
    assert event.decoded("DTSTAMP") == datetime(2026, 1, 16, 9, 30, 12, tzinfo=UTC)
    assert str(event["LOCATION"]) == "Direcția; Chișinău, Moldova"
    assert "CN" not in event["ATTENDEE"].params


def test_a_second_reader_agrees_line_by_line() -> None:
    """By the standard's own rules: what RFC 5546 3.2.2 asks of a REQUEST is there, once each, with the right values."""
    found = lines(made())
    names = [name for name, _, _ in found]
    for name in (
        "METHOD",
        "PRODID",
        "VERSION",
        "UID",
        "DTSTAMP",
        "SEQUENCE",
        "DTSTART",
        "DTEND",
        "ORGANIZER",
        "SUMMARY",
    ):
        assert names.count(name) == 1, name
    value = {name: (parameters, text) for name, parameters, text in found}
    assert value["DTSTART"] == ("VALUE=DATE", "20260316")
    assert value["DTEND"] == ("VALUE=DATE", "20260321")
    assert value["DTSTAMP"][1] == "20260116T093012Z"
    assert value["LOCATION"][1] == "Direcția; Chișinău, Moldova"
    assert value["DESCRIPTION"][1].endswith("ողջույն. \n\nhttp://localhost:8000/x")
    assert value["ORGANIZER"][1] == "mailto:no-reply@tandem.example"
    assert value["ATTENDEE"][1] == "mailto:ana@police.example"


def test_an_update_keeps_its_identity_and_grows_its_number() -> None:
    """A moved visit replaces the old entry: same UID, higher SEQUENCE."""
    before, after = ({name: text for name, _, text in lines(made(sequence=n))} for n in (1, 3))
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == ("1", "3")


def test_a_cancellation_takes_the_entry_away() -> None:
    """METHOD:CANCEL, STATUS:CANCELLED, the same UID (RFC 5546 3.2.5)."""
    value = {name: text for name, _, text in lines(made(Method.CANCEL, 4))}
    assert (value["METHOD"], value["STATUS"], value["SEQUENCE"]) == ("CANCEL", "CANCELLED", "4")
    assert value["UID"] == f"visit-{VISIT}@tandem.example"
