"""Keep deferred reactions, whose subject has not arrived because another topic is ahead.

A deferred reaction waits in a table, whole, and is released by the subject's first event. Two instances could miss each
other (one looks while the other has not committed), so the reader also sweeps regularly for reactions whose subject is
there. One that fails waits on, stands on the page of problems, and is run again by each sweep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bus.log.envelope import Envelope, headers_to_json, read, stored
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    import asyncpg

    from shared.bus.log.envelope import Record

WORK = N_("Reactions to events that waited for another one")
"""The name of this work on the page of problems."""


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


@dataclass(frozen=True, slots=True)
class Deferred:
    """A deferred reaction of the table: its row's id, and the event that is reacted to."""

    id: int
    event: Envelope
    record: Record


async def released(connection: asyncpg.Connection, arrived: Iterable[tuple[str, str]]) -> list[Deferred]:
    """Lock and return what waits for the (topic, subject) pairs in `arrived`, in the order of arrival."""
    pairs = sorted(set(arrived))
    rows = await connection.fetch(
        "SELECT w.* FROM deferred_reaction w JOIN unnest($1::text[], $2::text[]) AS a(topic, subject)"
        " ON w.for_topic = a.topic AND w.for_subject = a.subject ORDER BY w.id FOR UPDATE OF w",
        [topic for topic, _ in pairs],
        [subject for _, subject in pairs],
    )
    return _events(rows)


async def overdue(connection: asyncpg.Connection, limit: int = 200) -> list[Deferred]:
    """Lock and return deferred reactions whose subject has been applied, oldest first, for the sweep.

    Those that have failed before come last.
    """
    rows = await connection.fetch(
        "SELECT w.* FROM deferred_reaction w WHERE EXISTS (SELECT 1 FROM applied_sequence a"
        " WHERE a.topic = w.for_topic AND a.subject = w.for_subject) ORDER BY EXISTS (SELECT 1 FROM set_aside s"
        " WHERE s.work = $2 AND s.subject = w.ce_id::text), w.id LIMIT $1 FOR UPDATE OF w SKIP LOCKED",
        limit,
        WORK,
    )
    return _events(rows)


async def remove(connection: asyncpg.Connection, deferred: Deferred) -> None:
    """Remove a deferred reaction, which is run now."""
    await connection.execute("DELETE FROM deferred_reaction WHERE id = $1", deferred.id)


def _events(rows: Iterable[asyncpg.Record]) -> list[Deferred]:
    found = ((int(row["id"]), stored(row)) for row in rows)
    return [Deferred(id_, event, record) for id_, record in found if isinstance(event := read(record), Envelope)]
