"""Define every event and code list of the programme, one module for each topic.

Importing this package registers all events: `EVENTS` finds a class by its name (the envelope's `ce_type`), `TOPICS` a
topic by its name, `events_of(topic)` the events of a topic.
"""

from shared.contracts import (
    access,
    applications,
    calls,
    counting,
    figures,
    matches,
    mentors,
    mentorships,
    notifications,
    offers,
    outcomes,
    participation,
    periods,
    receipts,
    registry,
    runs,
    visits,
)
from shared.contracts.base import EVENTS, Event, Part, read
from shared.contracts.topics import TOPICS, Topic


def events_of(topic: str) -> list[type[Event]]:
    """Return the events of a topic, in the order of its module."""
    return [event for event in EVENTS.values() if event.topic == topic]


__all__ = [
    "EVENTS",
    "TOPICS",
    "Event",
    "Part",
    "Topic",
    "access",
    "applications",
    "calls",
    "counting",
    "events_of",
    "figures",
    "matches",
    "mentors",
    "mentorships",
    "notifications",
    "offers",
    "outcomes",
    "participation",
    "periods",
    "read",
    "receipts",
    "registry",
    "runs",
    "visits",
]
