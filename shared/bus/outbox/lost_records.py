"""Find records that the log acknowledged and lost, and put them into the outbox again.

An offset is given once. If a new acknowledgement, or the end of a partition, is at or below the highest offset that was
acknowledged before, then the broker came back without its newest records. `sent_record` knows which events those
were; they go into the outbox again from the journal, on a compacted topic the newest of each key only. Readers drop
what they had.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import structlog
from aiokafka import TopicPartition

from shared.bus.db.journal import IN_ORDER, LOCK_HEADS
from shared.bus.db.transaction import driver
from shared.bus.log import kafka
from shared.bus.metrics import LOG_LOST
from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import asyncpg
    from aiokafka import AIOKafkaConsumer
    from aiokafka.structs import RecordMetadata

    from shared.bus.db.bus import Bus

log = structlog.get_logger(__name__)

Row = TypeVar("Row")

REQUEUE = f"""
INSERT INTO outbox (id, aggregatetype, aggregateid, partition, type, payload, sequence, occurred_at, correlationid,
                     causationid, traceparent)
SELECT id, aggregatetype, aggregateid, $2::smallint, type, payload, sequence, occurred_at, correlationid, causationid,
       traceparent
FROM journal j WHERE id = ANY($1::uuid[])
AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.id = j.id)
ORDER BY {IN_ORDER}
"""  # noqa: S608 - a constant of ours


_NEWEST = """
INSERT INTO outbox (id, aggregatetype, aggregateid, partition, type, payload, sequence, occurred_at, correlationid,
                     causationid, traceparent)
SELECT j.id, j.aggregatetype, j.aggregateid, key.partition, j.type, j.payload, j.sequence, j.occurred_at,
       j.correlationid, j.causationid, j.traceparent
FROM unnest($1::text[], $2::text[], $3::smallint[]) AS key(topic, subject, partition)
CROSS JOIN LATERAL (
    SELECT * FROM journal WHERE aggregatetype = key.topic AND aggregateid = key.subject ORDER BY sequence DESC LIMIT 1
) AS j
ORDER BY key.topic, key.subject
"""


async def send_newest(connection: asyncpg.Connection, keys: Collection[tuple[str, str, int]]) -> None:
    """Put the newest state of each key (topic, subject, partition) into the outbox once more, as the last one.

    For compacted topics, of which the log keeps the last record of a key: one that was sent late is older.
    """
    topics, subjects, partitions = (list(column) for column in zip(*sorted(keys), strict=True))
    await connection.fetch(LOCK_HEADS, topics, subjects)  # so that no newer state comes in between
    await connection.execute(_NEWEST, topics, subjects, partitions)


def split(acknowledged: Sequence[tuple[Row, RecordMetadata]]) -> tuple[list[tuple[Row, RecordMetadata]], list[Row]]:
    """Return what the log has kept of one batch, and the rows whose records it has lost since; both in their order.

    A later acknowledgement at or below the offset of an earlier one shows that the earlier record is gone.
    """
    kept: list[tuple[Row, RecordMetadata]] = []
    lost: list[Row] = []
    lowest: dict[tuple[str, int], int] = {}
    for row, metadata in reversed(acknowledged):
        place = (metadata.topic, metadata.partition)
        if place in lowest and metadata.offset >= lowest[place]:
            lost.append(row)
        else:
            lowest[place] = metadata.offset
            kept.append((row, metadata))
    return kept[::-1], lost[::-1]


class LostRecords:
    """The highest acknowledged offset of each partition, and what to do when the log falls behind it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._highest: dict[tuple[str, int], int] = {}
        self._consumer: AIOKafkaConsumer | None = None
        """Kept from the first look on: to start one takes a while, for which the relay would not send."""
        self._own = [
            TopicPartition(name, number)
            for name, topic in sorted(TOPICS.items())
            if topic.owner == bus.service
            for number in range(topic.partitions)
        ]

    async def _load(self) -> None:
        """Read the highest acknowledged offsets from the store."""
        async with self._bus.read() as session:
            rows = await (await driver(session)).fetch(
                'SELECT topic, partition, max("offset") AS highest FROM sent_record GROUP BY topic, partition'
                " ORDER BY topic, partition"
            )
        self._highest = {(row["topic"], row["partition"]): row["highest"] for row in rows}

    async def look(self) -> int:
        """Compare the ends of all partitions with what was acknowledged; requeue what is missing, return its number.

        All own partitions are asked for from the first look on, also those to which nothing was sent yet: the client
        takes a while to get to know a topic, for which the relay would not send. Raises database and Kafka errors.
        """
        await self._load()
        ends = await self._ends(sorted({*self._own, *(TopicPartition(*key) for key in self._highest)}))
        lost = 0
        for partition, end in sorted(ends.items()):
            if end <= self._highest.get((partition.topic, partition.partition), -1):
                async with self._bus.transaction("system:relay") as tx:
                    lost += await self._requeue(await driver(tx.session), partition.topic, partition.partition, end)
        if lost:
            log.error("the log lost records; they are sent again", count=lost)
        return lost

    async def _ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offset after the last record of each partition.

        Topics are asked for at the same time: the client waits a moment for each one that is new to it.
        """
        if self._consumer is None:
            consumer = kafka.bare_consumer(self._bus.settings)
            await kafka.start(consumer)
            self._consumer = consumer
        try:
            there = await self._consumer.topics()  # a topic that is missing is made anew and filled (`upkeep.py`)
            wanted: dict[str, list[TopicPartition]] = {}
            for each in partitions:
                if each.topic in there:
                    wanted.setdefault(each.topic, []).append(each)
            found = await asyncio.gather(*map(self._consumer.end_offsets, wanted.values()))
        except BaseException:
            await self.close()
            raise
        return {place: end for ends in found for place, end in ends.items()}

    async def close(self) -> None:
        """Leave the broker; the next look connects again. Raises nothing."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await kafka.leave(consumer)

    async def notice(self, connection: asyncpg.Connection, acknowledged: Iterable[RecordMetadata]) -> int:
        """Requeue, in the relay's transaction, records that these acknowledgements show as lost; return how many."""
        lowest: dict[tuple[str, int], int] = {}
        for each in acknowledged:
            key = (each.topic, each.partition)
            if each.offset <= self._highest.get(key, -1):
                lowest[key] = min(each.offset, lowest.get(key, each.offset))
        return sum([await self._requeue(connection, *key, start) for key, start in sorted(lowest.items())])

    def remember(self, acknowledged: Iterable[RecordMetadata]) -> None:
        """Note the offsets of acknowledged and settled events."""
        for each in acknowledged:
            key = (each.topic, each.partition)
            self._highest[key] = max(each.offset, self._highest.get(key, -1))

    async def _requeue(self, connection: asyncpg.Connection, topic: str, partition: int, start: int) -> int:
        """Put the events at `start` and above back into the outbox, and forget their offsets."""
        rows = await connection.fetch(
            'DELETE FROM sent_record WHERE topic = $1 AND partition = $2 AND "offset" >= $3 RETURNING journal_id',
            topic,
            partition,
            start,
        )
        ids = [row["journal_id"] for row in rows]
        if TOPICS[topic].compacted:
            newest = await connection.fetch(
                "SELECT DISTINCT ON (aggregateid) id FROM journal WHERE id = ANY($1::uuid[])"
                " ORDER BY aggregateid, sequence DESC",
                ids,
            )
            ids = [row["id"] for row in newest]
        await connection.execute(REQUEUE, ids, partition)
        self._highest[topic, partition] = start - 1
        LOG_LOST.labels(self._bus.service, topic).inc(len(ids))
        return len(ids)
