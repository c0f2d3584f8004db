"""Events for the tests: the contract's examples, changed where a story needs it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts import EVENTS, Event
from shared.contracts import _examples as ex
from shared.time import clock

APPLICATION, MATCH, VISIT, MENTORSHIP = (UUID(each) for each in (ex.APPLICATION, ex.MATCH, ex.VISIT, ex.MENTORSHIP))
HOST, CALL, OFFER = UUID(ex.HOST_ORGANISATION), UUID(ex.CALL), UUID(ex.OFFER)
MENTEE_PAIRING = {**ex.PAIRING, "kind": "mentee", "offer_id": None, "mentor_id": ex.MENTOR}


def event(name: str, **changes: Any) -> Event:
    """Return the example of an event, with other values for some fields."""
    model = EVENTS[name]
    return model.model_validate({**model.example, **changes})


def in_days(days: int) -> str:
    """Return the end of a day so many days from now, in the form of `due`."""
    return (clock.now() + timedelta(days=days)).replace(hour=23, minute=59, second=59, microsecond=0).isoformat()


def day(days: int) -> str:
    """Return a day so many days from today."""
    return str(clock.today() + timedelta(days=days))


def at(text: str) -> datetime:
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
