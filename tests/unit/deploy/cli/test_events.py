"""Test how `tandem events` reads a moment and writes an event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord

from deploy.cli.events import describe_unreadable, line, moment
from deploy.cli.system import Failed
from shared.bus import Envelope
from shared.bus.log.envelope import Faulty, read
from shared.contracts import EVENTS

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T10:30", datetime(2026, 11, 1, 10, 30, tzinfo=UTC)),
        ("2026-11-01T10:30+04:00", datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_so_long_ago_or_a_date(text: str, meant: datetime) -> None:
    """A span counts back from now; a date without a zone is UTC."""
    assert moment(text, NOW) == meant


def test_an_invalid_moment_is_refused_in_a_sentence() -> None:
    """A typing error is said, with what would be right."""
    with pytest.raises(Failed, match="2h"):
        moment("yesterday", NOW)


@pytest.mark.parametrize("type_", sorted(EVENTS))
def test_every_event_fits_a_line(type_: str) -> None:
    """Each event of the contracts is one line with its type, subject and number."""
    event = EVENTS[type_]
    data = event.model_validate(event.example)
    text = line(
        Envelope(
            UUID(int=1), type_, "urn:tandem:applications", "subject-1", event.topic, NOW, 7, "story-1", None, None, data
        )
    )
    assert "\n" not in text
    assert text.startswith("2026-11-24 12:00:00")
    assert type_ in text
    assert "subject-1 #7" in text
    assert "story story-1" in text


def test_an_unreadable_record_is_reported_with_its_position() -> None:
    """A record that is no event is not passed over in silence: topic, partition, offset, subject and the reason."""
    record: ConsumerRecord[bytes, bytes] = ConsumerRecord(
        "exchange.calls", 0, 41, 0, 0, b"call-1", b"{}", None, 6, 2, ()
    )
    fault = read(record)
    assert isinstance(fault, Faulty)
    text = describe_unreadable(record, fault)
    assert text.startswith(
        "exchange.calls partition 0 offset 41 is not an event that can be read: call-1, undecodable: "
    )
    assert "\n" not in text
