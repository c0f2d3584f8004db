"""What exactly was a fact of our own, so that what follows from it can name it as its cause?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.bus import Envelope
from shared.bus.envelope import SOURCE
from shared.contracts import read

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def fact(session: AsyncSession, fact_id: UUID) -> Envelope | None:
    """A fact as it went to the log; None if there is none with this id."""
    row = (await session.execute(text("SELECT * FROM journal WHERE id = :id"), {"id": fact_id})).one_or_none()
    if row is None:
        return None
    return Envelope(
        id=row.id,
        type=row.type,
        source=SOURCE.format(service="matching"),
        subject=row.aggregateid,
        topic=row.aggregatetype,
        time=row.occurred_at,
        sequence=row.sequence,
        correlationid=row.correlationid,
        causationid=row.causationid,
        traceparent=row.traceparent,
        data=read(row.type, row.payload),
    )
