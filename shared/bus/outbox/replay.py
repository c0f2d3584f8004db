"""Replay the journal for a reader that is new, emptied or missing a part.

Topics are transport and keep their records for a time; journals are the record. A replay puts journal rows into the
outbox again, with their old ids and numbers, aggregate by aggregate in order; readers that applied them drop them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.bus.db.journal import partition_of
from shared.bus.outbox.lost_records import REQUEUE
from shared.contracts import TOPICS

if TYPE_CHECKING:
    import asyncpg


async def replay(
    connection: asyncpg.Connection, topic: str, subjects: list[str] | None = None, *, after: str = "", limit: int = 500
) -> tuple[int, str]:
    """Put the journal of up to `limit` aggregates of `topic` into the outbox again, aggregate by aggregate.

    `subjects` limits the aggregates; `after` is the last aggregate of the call before. Returns the number of events and
    the last aggregate, which is empty when there are no more. Readers drop what they have applied.
    """
    rows = await connection.fetch(
        "SELECT aggregateid FROM aggregate WHERE aggregatetype = $1 AND aggregateid > $2"
        " AND ($3::text[] IS NULL OR aggregateid = ANY($3)) ORDER BY aggregateid LIMIT $4"
        # Locked, so that a newer event gets a later place in the outbox: a compacted topic keeps the last one.
        " FOR UPDATE",
        topic,
        after,
        subjects,
        limit,
    )
    sent = 0
    for row in rows:
        subject = row["aggregateid"]
        ids = await connection.fetch(
            "SELECT id FROM journal WHERE aggregatetype = $1 AND aggregateid = $2 ORDER BY sequence DESC LIMIT $3",
            topic,
            subject,
            1 if TOPICS[topic].compacted else None,
        )
        await connection.execute(REQUEUE, [each["id"] for each in ids], partition_of(topic, subject))
        sent += len(ids)
    return sent, rows[-1]["aggregateid"] if len(rows) == limit else ""
