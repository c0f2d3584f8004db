"""Write facts to the journal and the outbox, numbered and chained, just before a transaction commits.

The aggregates' heads are locked in one order, each fact takes the next number of its aggregate and the next link of
its chain, and goes into `journal` (the record) and `outbox`. The chain runs over digests within an
aggregate: a chain over the whole journal would make every writer wait for every other, and a payload that was erased
still verifies.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from struct import unpack
from typing import TYPE_CHECKING

from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from shared.contracts.base import Event

CHAIN_START = b"\0" * 32
PENDING_CHANNEL = "tandem_pending"
IN_ORDER = "max(recorded_at) OVER (PARTITION BY aggregatetype, aggregateid ORDER BY sequence), aggregateid, sequence"
"""SQL: the order of the journal's facts, over several aggregates too.

`recorded_at` is when a transaction began, which may be before one that wrote first: within an aggregate the number
decides, and each fact comes after all that were before it.
"""


class Conflict(RuntimeError):
    """The aggregate has changed in the meantime: read it again and repeat the decision."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One event about to be written. `correlation` is used only if the aggregate has none yet."""

    id: UUID
    subject: str
    event: Event
    actor: str
    occurred_at: datetime
    correlation: str | None
    causationid: UUID | None
    traceparent: str | None
    expected: int | None = None


@dataclass(slots=True)
class Head:
    """The number and digest of an aggregate's last event."""

    sequence: int
    hash: bytes
    correlationid: str


def digest(payload: bytes) -> bytes:
    """Return the SHA-256 of a payload, which represents it in the chain."""
    return sha256(payload).digest()


def link(before: bytes, payload_digest: bytes) -> bytes:
    """Return the next hash of a chain: SHA-256 of the previous hash and the digest."""
    return sha256(before + payload_digest).digest()


def partition_of(topic: str, subject: str) -> int:
    """Return the partition of a subject by Kafka's own rule (murmur2 of the key), computed when the fact is written.

    A topic's number of partitions never changes, so the number can be stored; the relay can then hold back one
    partition without looking at each key.
    """
    return (murmur2(subject.encode()) & 0x7FFFFFFF) % TOPICS[topic].partitions


def murmur2(key: bytes) -> int:
    """Return Kafka's hash of a key, 32 bits unsigned; faster than aiokafka's, which works byte by byte."""
    length = len(key)
    whole = length & ~3
    hashed = 0x9747B28C ^ length
    for word in unpack(f"<{whole >> 2}I", key if whole == length else key[:whole]):
        mixed = word * 0x5BD1E995 & 0xFFFFFFFF
        hashed = (hashed * 0x5BD1E995 ^ (mixed ^ mixed >> 24) * 0x5BD1E995) & 0xFFFFFFFF
    if whole < length:
        hashed = (hashed ^ int.from_bytes(key[whole:], "little")) * 0x5BD1E995 & 0xFFFFFFFF
    hashed = (hashed ^ hashed >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return hashed ^ hashed >> 15


LOCK_HEADS = """
SELECT a.aggregatetype, a.aggregateid, a.sequence, a.hash, a.correlationid
FROM unnest($1::text[], $2::text[]) AS wanted(aggregatetype, aggregateid)
JOIN aggregate a USING (aggregatetype, aggregateid)
ORDER BY a.aggregatetype, a.aggregateid
FOR UPDATE OF a
"""
_NEW_HEADS = """
INSERT INTO aggregate (aggregatetype, aggregateid, sequence, hash, correlationid)
SELECT aggregatetype, aggregateid, 0, $3, correlationid
FROM unnest($1::text[], $2::text[], $4::text[]) AS new(aggregatetype, aggregateid, correlationid)
ORDER BY aggregatetype, aggregateid
ON CONFLICT DO NOTHING
RETURNING aggregatetype, aggregateid, sequence, hash, correlationid
"""
# One statement, since a single fact should cost one round trip. unnest keeps the order of its arrays, and the identity
# of `outbox` is assigned in that order: position follows sequence.
_WRITE = """
WITH fact AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[],
                       $8::text[], $9::text[], $10::uuid[], $11::text[], $12::bytea[], $13::bytea[], $14::smallint[])
    WITH ORDINALITY AS f(id, aggregatetype, aggregateid, sequence, type, payload, occurred_at, actor, correlationid,
                         causationid, traceparent, digest, hash, partition, place)
), noted AS (
  INSERT INTO journal (id, aggregatetype, aggregateid, sequence, type, payload, occurred_at, actor, correlationid,
                       causationid, traceparent, digest, hash)
  SELECT id, aggregatetype, aggregateid, sequence, type, payload, occurred_at, actor, correlationid, causationid,
         traceparent, digest, hash FROM fact ORDER BY place
), queued AS (
  INSERT INTO outbox (id, aggregatetype, aggregateid, partition, type, payload, sequence, occurred_at, correlationid,
                       causationid, traceparent)
  SELECT id, aggregatetype, aggregateid, partition, type, payload, sequence, occurred_at, correlationid, causationid,
         traceparent FROM fact ORDER BY place
), moved AS (
  UPDATE aggregate a SET sequence = m.sequence, hash = m.hash
  FROM unnest($15::text[], $16::text[], $17::bigint[], $18::bytea[]) AS m(aggregatetype, aggregateid, sequence, hash)
  WHERE a.aggregatetype = m.aggregatetype AND a.aggregateid = m.aggregateid
)
SELECT pg_notify($19, $20) WHERE $20 IS NOT NULL
"""
# The same for one fact, which is most of what people do: its head is made or locked, and moved on, in the same round
# trip. PostgreSQL computes the next link of the chain, since only it knows the head before.
_WRITE_ONE = """
WITH head AS (
  INSERT INTO aggregate AS a (aggregatetype, aggregateid, sequence, hash, correlationid)
  VALUES ($2::text, $3::text, 1, sha256($12::bytea || $11::bytea), $7::text)
  ON CONFLICT (aggregatetype, aggregateid) DO UPDATE SET sequence = a.sequence + 1, hash = sha256(a.hash || $11::bytea)
  RETURNING sequence, hash, correlationid
), noted AS (
  INSERT INTO journal (id, aggregatetype, aggregateid, sequence, type, payload, occurred_at, actor, correlationid,
                       causationid, traceparent, digest, hash)
  SELECT $1::uuid, $2, $3, sequence, $4::text, $5::text, $6::timestamptz, $8::text, correlationid, $9::uuid, $10::text,
         $11, hash FROM head
), queued AS (
  INSERT INTO outbox (id, aggregatetype, aggregateid, partition, type, payload, sequence, occurred_at, correlationid,
                       causationid, traceparent)
  SELECT $1, $2, $3, $13::smallint, $4, $5, sequence, $6, correlationid, $9, $10 FROM head
)
SELECT pg_notify($14, $15) WHERE $15 IS NOT NULL
"""


async def write(connection: asyncpg.Connection, facts: Sequence[Fact], by: str | None) -> int:
    """Write `facts` in order within the open transaction on `connection`; return how many were new.

    After the commit, relays are notified that the process `by` has written something; nobody is where it is None.
    PostgreSQL lets transactions that notify commit only one after the other, each with a sync of its own.
    A fact whose id is in the journal is left out: a repeated reaction is the same event. Raises `Conflict` when an
    aggregate is not where a fact's `expected` says it is.
    """
    known = await _already_written(connection, facts)
    new: dict[UUID, Fact] = {}
    for fact in facts:
        if fact.id not in known:
            new.setdefault(fact.id, fact)
    if not new:
        return 0
    first = next(iter(new.values()))
    if len(new) == 1 and first.expected is None:
        await _write_one(connection, first, by)
        return 1
    heads = await _lock(connection, list(new.values()))
    columns = zip(*(_row(fact, heads[fact.event.topic, fact.subject]) for fact in new.values()), strict=True)
    await connection.execute(
        _WRITE,
        *columns,
        [partition_of(fact.event.topic, fact.subject) for fact in new.values()],
        [topic for topic, _ in heads],
        [subject for _, subject in heads],
        [head.sequence for head in heads.values()],
        [head.hash for head in heads.values()],
        PENDING_CHANNEL,
        by,
    )
    return len(new)


async def _write_one(connection: asyncpg.Connection, fact: Fact, by: str | None) -> None:
    """Write one fact that has no `expected` number."""
    payload = fact.event.write()
    await connection.execute(
        _WRITE_ONE,
        fact.id,
        fact.event.topic,
        fact.subject,
        fact.event.type,
        payload.decode(),
        fact.occurred_at,
        fact.correlation or fact.subject,
        fact.actor,
        fact.causationid,
        fact.traceparent,
        digest(payload),
        CHAIN_START,
        partition_of(fact.event.topic, fact.subject),
        PENDING_CHANNEL,
        by,
    )


async def _already_written(connection: asyncpg.Connection, facts: Sequence[Fact]) -> set[UUID]:
    """Return the ids that the journal has already. Only ids of reactions can repeat: all others are random."""
    reactions = [fact.id for fact in facts if fact.id.version == 5]
    if not reactions:
        return set()
    rows = await connection.fetch("SELECT id FROM journal WHERE id = ANY($1)", reactions)
    return {row["id"] for row in rows}


async def _lock(connection: asyncpg.Connection, facts: Sequence[Fact]) -> dict[tuple[str, str], Head]:
    """Lock the heads of all aggregates that `facts` touch, in one order; make those that do not exist yet."""
    stories: dict[tuple[str, str], str] = {}
    for fact in facts:
        stories.setdefault((fact.event.topic, fact.subject), fact.correlation or fact.subject)
    wanted = sorted(stories)
    topics, subjects = [topic for topic, _ in wanted], [subject for _, subject in wanted]
    rows = await connection.fetch(LOCK_HEADS, topics, subjects)
    if len(rows) < len(wanted):
        there = {(row["aggregatetype"], row["aggregateid"]) for row in rows}
        absent = [each for each in wanted if each not in there]
        made = await connection.fetch(
            _NEW_HEADS,
            [topic for topic, _ in absent],
            [subject for _, subject in absent],
            CHAIN_START,
            [stories[each] for each in absent],
        )
        # Where another transaction was quicker, its head is there by now and is locked like the others.
        rows = [*rows, *made] if len(made) == len(absent) else await connection.fetch(LOCK_HEADS, topics, subjects)
    return {
        (row["aggregatetype"], row["aggregateid"]): Head(row["sequence"], row["hash"], row["correlationid"])
        for row in rows
    }


def _row(fact: Fact, head: Head) -> tuple[object, ...]:
    """Return the journal's row for `fact`; moves `head` on to it."""
    if fact.expected is not None and fact.expected != head.sequence:
        raise Conflict(
            f"{fact.event.type} about {fact.subject} expects event {fact.expected} to be the newest one, "
            f"but it is {head.sequence}: read it again and decide anew."
        )
    payload = fact.event.write()
    payload_digest = digest(payload)
    head.sequence += 1
    head.hash = link(head.hash, payload_digest)
    return (
        fact.id,
        fact.event.topic,
        fact.subject,
        head.sequence,
        fact.event.type,
        payload.decode(),
        fact.occurred_at,
        fact.actor,
        head.correlationid,
        fact.causationid,
        fact.traceparent,
        payload_digest,
        head.hash,
    )
