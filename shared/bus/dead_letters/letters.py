"""Keep events that cannot be applied aside as dead letters.

A dead letter is kept whole, with the reason, in the reader's own database and in the transaction that moves past it.
Later events of the subject are kept aside behind it; everything else goes on. A person redrives a subject (applies its
dead letters in order after a repair) or skips one event with a reason; a gap is closed when the missing event arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from shared.bus.inbox.admission import Standing, Verdict
from shared.bus.inbox.failures import TooManyDeadLetters
from shared.bus.log.envelope import NOT_THE_OWNER, headers_to_json
from shared.bus.metrics import DEAD_LETTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus.db.bus import Bus
    from shared.bus.log.envelope import Envelope, Faulty, Key, Record
    from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewDeadLetter:
    """A record to be kept aside, with what is known of it."""

    record: Record
    event: Envelope | Faulty
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter, as the coordinators' page and the command line show it: no bytes, no payload."""

    id: int
    topic: str
    subject: str
    sequence: int | None
    type: str | None
    reason: str
    detail: str
    attempts: int
    recorded_at: datetime


HOLDS_BACK = f"settled_at IS NULL AND reason <> '{NOT_THE_OWNER}'"
"""SQL: the dead letters behind which later events of their subject wait, and which count to the limits."""
MOST_OF_OTHERS = 1000
"""So many records of others than the owner of their topic are kept, until somebody settles some; more are counted."""
_INSERT = """
INSERT INTO dead_letter (topic, partition, "offset", source, subject, sequence, ce_id, type, key, value, headers,
                         reason, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12, $13)
ON CONFLICT DO NOTHING
"""


async def store(connection: asyncpg.Connection, bus: Bus, asides: Sequence[NewDeadLetter]) -> None:
    """Store `asides` in the open transaction. Raises `TooManyDeadLetters` beyond the limits of the settings.

    Records of others than the owner of their topic do not count to the limits: anybody could otherwise stop a reader.
    Only some are kept, since anybody could otherwise fill the table.
    """
    if not asides:
        return
    owners = [each for each in asides if each.reason != NOT_THE_OWNER]
    others = [each for each in asides if each.reason == NOT_THE_OWNER]
    if others:
        others = others[: await _room_for_others(connection)]
    await connection.executemany(
        _INSERT,
        [
            (
                each.record.topic,
                each.record.partition,
                each.record.offset,
                each.event.source,
                each.event.subject,
                each.event.sequence,
                each.event.id,
                each.event.type,
                each.record.key,
                each.record.value,
                headers_to_json(each.record),
                each.reason,
                each.detail[:2000],
            )
            for each in (*owners, *others)
        ],
    )
    for each in asides:
        DEAD_LETTERS.labels(bus.service, each.record.topic, each.reason).inc()
    if (left := len(asides) - len(owners) - len(others)) > 0:
        log.warning("records of others than the owner are not kept", count=left)
    if owners:
        await _check_limits(connection, bus.settings, sorted({each.event.subject for each in owners}))


async def _room_for_others(connection: asyncpg.Connection) -> int:
    count = await connection.fetchval(
        "SELECT count(*) FROM dead_letter WHERE settled_at IS NULL AND reason = $1", NOT_THE_OWNER
    )
    return max(0, MOST_OF_OTHERS - int(count))


async def _check_limits(connection: asyncpg.Connection, settings: ServiceSettings, subjects: list[str]) -> None:
    in_all, a_subject = settings.dead_letters_in_all, settings.dead_letters_of_subject
    total = await connection.fetchval(f"SELECT count(*) FROM dead_letter WHERE {HOLDS_BACK}")  # noqa: S608 - a constant of ours
    if total > in_all:
        raise TooManyDeadLetters(f"{total} events are dead letters, more than {in_all}: redrive or skip some.")
    worst = await connection.fetchrow(
        f"SELECT topic, subject, count(*) AS count FROM dead_letter WHERE {HOLDS_BACK} AND subject = ANY($1)"  # noqa: S608 - as above
        " GROUP BY topic, subject ORDER BY count(*) DESC, topic, subject LIMIT 1",
        subjects,
    )
    if worst is not None and worst["count"] > a_subject:
        raise TooManyDeadLetters(
            f"{worst['count']} events of {worst['subject']} on {worst['topic']} are dead letters, "
            f"more than {a_subject}: redrive or skip them."
        )


def first_reason(reason: str) -> str:
    """Return why a subject stands still, from the reason of its first dead letter.

    One that only waits behind others comes first where they came in another order: then nothing but a gap is before it.
    """
    return Verdict.GAP.value if reason == Verdict.BEHIND else reason


async def holding_back(connection: asyncpg.Connection, topic: str, subject: str) -> list[asyncpg.Record]:
    """Return the dead letters behind which later events of a subject wait, in order."""
    rows: list[asyncpg.Record] = await connection.fetch(
        f"SELECT * FROM dead_letter WHERE {HOLDS_BACK} AND topic = $1 AND subject = $2"  # noqa: S608 - a constant of ours
        " ORDER BY sequence NULLS FIRST, id",
        topic,
        subject,
    )
    return rows


async def settle(connection: asyncpg.Connection, ids: Sequence[int], how: str, by: str, reason: str) -> None:
    """Mark the dead letters `ids` as settled; their bytes are deleted, a trace of them stays."""
    await connection.execute(
        "UPDATE dead_letter SET settled_at = now(), settlement = $2, settled_by = $3, settled_reason = $4,"
        " key = NULL, value = NULL, headers = '[]' WHERE id = ANY($1::bigint[])",
        list(ids),
        how,
        by,
        reason,
    )


# The rows of place 0 and -1 say whether there is any dead letter or deferred reaction at all: mostly nothing does.
_STANDINGS = """
SELECT 0 AS place, count(*) AS sequence, NULL::uuid AS ce_id, 0 AS reacted
FROM (SELECT 1 FROM dead_letter WHERE settled_at IS NULL LIMIT 1) AS any_dead_letter
UNION ALL
SELECT -1, count(*), NULL, 0 FROM (SELECT 1 FROM deferred_reaction LIMIT 1) AS any_waiting
UNION ALL
SELECT w.place, a.sequence, a.ce_id, a.reacted
FROM unnest(string_to_array($1, $4), string_to_array($2, $4), string_to_array($3, $4))
  WITH ORDINALITY AS w(topic, source, subject, place)
JOIN applied_sequence a USING (topic, source, subject)
"""

_ADVANCE = """
INSERT INTO applied_sequence (topic, source, subject, sequence, ce_id, reacted)
SELECT topic, source, subject, sequence, ce_id, sequence
FROM unnest(string_to_array($1, $4), string_to_array($2, $4), string_to_array($3, $4),
            string_to_array($5, ',')::bigint[], $6::uuid[])
  AS new(topic, source, subject, sequence, ce_id)
WHERE topic <> ''
ON CONFLICT (topic, source, subject) DO UPDATE SET sequence = excluded.sequence, ce_id = excluded.ce_id,
  reacted = greatest(applied_sequence.reacted, excluded.reacted)
"""


def _joined(keys: Sequence[Key]) -> tuple[str, str, str, str]:
    """Return columns of text joined for PostgreSQL to split, and the separator: an array of text is slow in the driver.

    An empty value ends each, since an empty text would be split into nothing, not into one empty value.
    """
    by = "\x1f"
    while True:
        topic, source, subject = (
            by.join([*column, ""]) for column in (zip(*keys, strict=True) if keys else [(), (), ()])
        )
        if all(text.count(by) == len(keys) for text in (topic, source, subject)):
            return topic, source, subject, by
        by = token_hex()  # a key contains it: use one that nobody can foresee


async def standings(connection: asyncpg.Connection, subjects: Iterable[Key]) -> tuple[dict[Key, Standing], bool]:
    """Return how far each (topic, source, subject) has come, in order, and whether any deferred reaction exists.

    Those never seen stand at 0.
    """
    keys = sorted(dict.fromkeys(subjects))  # in the order of the table's index, which is nearly that of arrival
    any_of = {0: False, -1: False}
    known: dict[Key, Standing] = {}
    for place, sequence, ce_id, reacted in await connection.fetch(_STANDINGS, *_joined(keys)):
        if place > 0:
            known[keys[place - 1]] = Standing(sequence, ce_id, reacted)
        else:
            any_of[place] = sequence > 0
    found = {key: known.get(key) or Standing() for key in keys}
    # A broken record may have lost its source, so it holds back its subject on the topic whatever the source.
    if any_of[0]:
        first: dict[tuple[str, str], str] = {}
        for row in await connection.fetch(
            f"SELECT topic, subject, reason FROM dead_letter WHERE {HOLDS_BACK} AND topic = ANY($1)"  # noqa: S608 - constants of ours
            " AND subject = ANY($2) ORDER BY sequence NULLS FIRST, id",
            sorted({topic for topic, _, _ in keys}),
            sorted({subject for _, _, subject in keys}),
        ):
            first.setdefault((row["topic"], row["subject"]), first_reason(row["reason"]))
        for (topic, _, subject), standing in found.items():
            standing.dead_letter = first.get((topic, subject))
    return found, any_of[-1]


async def advance(connection: asyncpg.Connection, moved: Sequence[tuple[Key, Standing]]) -> None:
    """Store how far each (topic, source, subject) has come."""
    await connection.execute(
        _ADVANCE,
        *_joined([key for key, _ in moved]),
        ",".join([str(standing.sequence) for _, standing in moved]),
        [standing.ce_id for _, standing in moved],
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """The end of a dead letter: `skipped`, `redriven` or `healed`, by whom, when and why."""

    how: str
    by: str
    reason: str
    at: datetime
    topic: str
    subject: str


async def settled(session: AsyncSession, letter_id: int) -> Settled | None:
    """Return how the dead letter with that id was settled; None if it was not, or never existed."""
    query = text(
        "SELECT settlement, settled_by, settled_reason, settled_at, topic, subject FROM dead_letter"
        " WHERE id = :id AND settled_at IS NOT NULL"
    )
    row = (await session.execute(query, {"id": letter_id})).one_or_none()
    return None if row is None else Settled(*row)


async def left_of(session: AsyncSession, topic: str, subject: str) -> int:
    """Return how many dead letters a subject has that are not settled."""
    query = text("SELECT count(*) FROM dead_letter WHERE settled_at IS NULL AND topic = :topic AND subject = :subject")
    return int((await session.execute(query, {"topic": topic, "subject": subject})).scalar_one())


async def open_events(session: AsyncSession, *, after: int = 0, limit: int = 50) -> list[DeadLetter]:
    """Return the dead letters that are not settled, oldest first, after the id `after`."""
    rows = await session.execute(
        text(
            "SELECT id, topic, subject, sequence, type, reason, detail, attempts, recorded_at FROM dead_letter"
            " WHERE settled_at IS NULL AND id > :after ORDER BY id LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [DeadLetter(*row) for row in rows]
