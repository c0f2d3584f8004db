"""The facts of this service about one match or visit, with who caused them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.contracts import read

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.contracts import Event


@dataclass(frozen=True, slots=True)
class Past:
    """A fact, the person or worker who caused it, and when."""

    event: Event
    actor: str
    at: datetime


_FACTS = text(
    "SELECT type, payload, actor, occurred_at FROM journal WHERE aggregatetype = :topic AND aggregateid = :subject"
    " ORDER BY sequence"
)


async def facts(session: AsyncSession, topic: str, subject: UUID) -> list[Past]:
    """Return the facts about a subject of a topic, in order."""
    found = await session.execute(_FACTS, {"topic": topic, "subject": str(subject)})
    return [Past(read(row.type, row.payload), row.actor, row.occurred_at) for row in found]
