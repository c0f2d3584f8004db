"""A private calendar is read by three libraries in three languages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from services.notifications.calendars.model.feed import FeedEntry, feed
from shared.time.workdays import ZONE
from tests.readers.calendars import READERS, ReadCalendar

if TYPE_CHECKING:
    from tests.readers.calendars import Reader

TODAY = date(2026, 3, 2)
FIRST, LAST = date(2026, 3, 16), date(2026, 3, 18)


def entry(uid: str, summary: str) -> FeedEntry:
    """Return an entry of three days."""
    return FeedEntry(
        uid, FIRST, LAST, summary, "Text\n\nhttps://x", "https://x", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    )


@pytest.mark.parametrize("read", READERS)
def test_a_feed_without_entries_has_a_component(read: Reader) -> None:
    """An empty feed is a calendar with the programme's time zone, as a calendar needs a component (RFC 5545 3.6)."""
    empty = read(feed([], name="Tandem", today=TODAY))
    assert empty == ReadCalendar(method=None, zones=(ZONE.key,), problems="", events=())


def test_each_reader_finds_the_same_days() -> None:
    """All readers find the same entries with their first days, and nothing wrong with the calendar."""
    raw = feed([entry("a@x", "Study visit; \u00e9"), entry("b@x", "Due: \u0574")], name="Tandem", today=TODAY)
    first, *others = [read(raw) for read in READERS]
    assert all(other == first for other in others)
    assert [(event.uid, event.summary, event.days) for event in first.events] == [
        ("a@x", "Study visit; \u00e9", [FIRST]),
        ("b@x", "Due: \u0574", [FIRST]),
    ]
    assert first.problems == ""


def test_equal_entries_are_equal_bytes_on_each_day() -> None:
    """The day on which a calendar is read changes nothing in it, so that its tag stays the same."""
    days = (date(2026, 1, 1), TODAY, date(2027, 8, 1))
    assert len({feed([entry("a@x", "x")], name="Tandem", today=day) for day in days}) == 1
