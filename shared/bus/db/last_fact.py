"""Read the last fact that the journal has of a subject: what it was, who recorded it, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the dataclass's own
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.contracts.base import Event

_LAST = sa.text(
    "SELECT type, actor, occurred_at, payload::jsonb ->> 'reason' FROM journal"
    " WHERE aggregatetype = :topic AND aggregateid = :subject AND type = ANY(:types) ORDER BY sequence DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class LastFact:
    """A fact of the journal: `reason` is that of its event, if it has one."""

    type: str
    actor: str
    at: datetime
    reason: str | None


async def last_fact(session: AsyncSession, subject: object, events: Collection[type[Event]]) -> LastFact | None:
    """Return the newest fact about `subject` among these events, which are of one topic."""
    (topic,) = {event.topic for event in events}
    types = [event.type for event in events]
    row = (await session.execute(_LAST, {"topic": topic, "subject": str(subject), "types": types})).one_or_none()
    return None if row is None else LastFact(*row)
