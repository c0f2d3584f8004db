"""How is a fact written down so that it is never lost, never doubled, and cannot be changed unnoticed?

A transaction's facts are written together just before it commits: the aggregates' heads are locked in one order, each
fact takes the next number of its aggregate and the next link of its chain, and goes into `journal` (the record) and
`pending` (what the relay has to send). The chain runs over digests within an aggregate, since one over the whole
journal would make every writer wait for every other, and a payload that was cut by an erasure still verifies.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from aiokafka.partitioner import murmur2

from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from shared.contracts.base import Event

CHAIN_START = b"\0" * 32
PENDING_CHANNEL = "tandem_pending"


class Conflict(RuntimeError):
    """Somebody changed the aggregate in the meantime: read it again and decide anew."""


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
    """Where an aggregate's chain stands."""

    sequence: int
    hash: bytes
    correlationid: str


def digest(payload: bytes) -> bytes:
    """What stands for a payload in the chain: its SHA-256."""
    return sha256(payload).digest()


def link(before: bytes, payload_digest: bytes) -> bytes:
    """The next hash of a chain: SHA-256 of the hash before it and the digest."""
    return sha256(before + payload_digest).digest()


def partition_of(topic: str, subject: str) -> int:
    """The partition of a subject: Kafka's own rule (murmur2 of the key), worked out when the fact is written.

    A topic's number of partitions never changes, so the number can be stored; the relay can then hold back one
    partition without looking at each key.
    """
    return int(murmur2(subject.encode()) & 0x7FFFFFFF) % TOPICS[topic].partitions


_LOCK_HEADS = """
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
"""
_MOVE_HEADS = """
UPDATE aggregate a SET sequence = moved.sequence, hash = moved.hash
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) AS moved(aggregatetype, aggregateid, sequence, hash)
WHERE a.aggregatetype = moved.aggregatetype AND a.aggregateid = moved.aggregateid
"""
_JOURNAL = """
INSERT INTO journal (id, aggregatetype, aggregateid, sequence, type, payload, occurred_at, actor, correlationid,
                     causationid, traceparent, digest, hash)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[],
                     $8::text[], $9::text[], $10::uuid[], $11::text[], $12::bytea[], $13::bytea[])
"""
# unnest keeps the order of its arrays, and the identity is drawn in that order: position follows sequence.
_PENDING = """
INSERT INTO pending (id, aggregatetype, aggregateid, partition, type, payload, sequence, occurred_at, correlationid,
                     causationid, traceparent)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::bigint[],
                     $8::timestamptz[], $9::text[], $10::uuid[], $11::text[])
"""


async def write(connection: asyncpg.Connection, facts: Sequence[Fact]) -> int:
    """Write `facts` in order within the transaction that is open on `connection`; give how many were new.

    A fact whose id the journal already holds is left out: a reaction done twice is the same event. Raises `Conflict`
    when an aggregate is not where a fact's `expected` says it is.
    """
    known = {
        row["id"]
        for row in await connection.fetch("SELECT id FROM journal WHERE id = ANY($1)", [fact.id for fact in facts])
    }
    new: dict[UUID, Fact] = {}
    for fact in facts:
        if fact.id not in known:
            new.setdefault(fact.id, fact)
    if not new:
        return 0
    heads = await _lock(connection, list(new.values()))
    rows = [_row(fact, heads[fact.event.topic, fact.subject]) for fact in new.values()]
    ids, types, subjects, sequences, names, payloads, times, actors, stories, causes, traces, digests, hashes = zip(
        *rows, strict=True
    )
    await connection.execute(
        _JOURNAL,
        ids,
        types,
        subjects,
        sequences,
        names,
        payloads,
        times,
        actors,
        stories,
        causes,
        traces,
        digests,
        hashes,
    )
    partitions = [partition_of(topic, subject) for topic, subject in zip(types, subjects, strict=True)]
    await connection.execute(
        _PENDING, ids, types, subjects, partitions, names, payloads, sequences, times, stories, causes, traces
    )
    moved = list(heads.items())
    await connection.execute(
        _MOVE_HEADS,
        [topic for (topic, _), _ in moved],
        [subject for (_, subject), _ in moved],
        [head.sequence for _, head in moved],
        [head.hash for _, head in moved],
    )
    await connection.execute(f"NOTIFY {PENDING_CHANNEL}")
    return len(rows)


async def _lock(connection: asyncpg.Connection, facts: Sequence[Fact]) -> dict[tuple[str, str], Head]:
    """Lock the heads of all aggregates that `facts` touch, in one order; make those that do not exist yet."""
    stories: dict[tuple[str, str], str] = {}
    for fact in facts:
        stories.setdefault((fact.event.topic, fact.subject), fact.correlation or fact.subject)
    wanted = sorted(stories)
    topics, subjects = [topic for topic, _ in wanted], [subject for _, subject in wanted]
    rows = await connection.fetch(_LOCK_HEADS, topics, subjects)
    if len(rows) < len(wanted):
        await connection.execute(_NEW_HEADS, topics, subjects, CHAIN_START, [stories[each] for each in wanted])
        rows = await connection.fetch(_LOCK_HEADS, topics, subjects)
    return {
        (row["aggregatetype"], row["aggregateid"]): Head(row["sequence"], row["hash"], row["correlationid"])
        for row in rows
    }


def _row(fact: Fact, head: Head) -> tuple[object, ...]:
    """The journal's row for `fact`; moves `head` on to it."""
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
