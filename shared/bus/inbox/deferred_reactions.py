"""Keep deferred reactions, whose subject has not arrived because another topic is ahead.

A deferred reaction waits in a table, whole, and is released by the subject's first event. Two instances could miss each
other (one looks while the other has not committed), so the reader also sweeps regularly for reactions whose subject is
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.bus.log.envelope import Envelope, headers_to_json, read, stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    import asyncpg

    from shared.bus.log.envelope import Record


async def store(
    connection: asyncpg.Connection, asides: Sequence[tuple[Envelope, str, str]], records: Mapping[UUID, Record]
) -> None:
    """Store deferred reactions: (event, topic and subject that it waits for)."""
    for event, topic, subject in asides:
        record = records[event.id]
        await connection.execute(
            'INSERT INTO deferred_reaction (for_topic, for_subject, topic, partition, "offset", key, value, headers,'
            " ce_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9) ON CONFLICT DO NOTHING",
            topic,
            subject,
            record.topic,
            record.partition,
            record.offset,
            record.key,
            record.value,
            headers_to_json(record),
            event.id,
        )


async def release(connection: asyncpg.Connection, arrived: Iterable[tuple[str, str]]) -> list[tuple[Envelope, Record]]:
    """Remove and return what waits for the (topic, subject) pairs in `arrived`, in the order of arrival."""
    pairs = sorted(set(arrived))
    rows = await connection.fetch(
        "DELETE FROM deferred_reaction w USING unnest($1::text[], $2::text[]) AS a(topic, subject)"
        " WHERE w.for_topic = a.topic AND w.for_subject = a.subject RETURNING w.*",
        [topic for topic, _ in pairs],
        [subject for _, subject in pairs],
    )
    return _events(rows)


async def overdue(connection: asyncpg.Connection, limit: int = 200) -> list[tuple[Envelope, Record]]:
    """Remove and return deferred reactions whose subject has been applied, oldest first, for the sweep."""
    rows = await connection.fetch(
        "DELETE FROM deferred_reaction WHERE id IN (SELECT w.id FROM deferred_reaction w"
        " WHERE EXISTS (SELECT 1 FROM applied_sequence a"
        " WHERE a.topic = w.for_topic AND a.subject = w.for_subject) ORDER BY w.id LIMIT $1 FOR UPDATE SKIP LOCKED)"
        " RETURNING *",
        limit,
    )
    return _events(rows)


def _events(rows: Iterable[asyncpg.Record]) -> list[tuple[Envelope, Record]]:
    records = [stored(row) for row in sorted(rows, key=lambda row: int(row["id"]))]
    pairs = [(read(record), record) for record in records]
    return [(event, record) for event, record in pairs if isinstance(event, Envelope)]
