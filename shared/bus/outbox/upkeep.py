"""Keep the log as its owner knows it: topics that are missing, records that were lost, heads, and what readers ask for.

The relay does this beside its sending, under its lease. A topic that was deleted is created again and filled from the
journal. Every half a minute the ends are compared with what was acknowledged, and the heads of the topics that have
changed are published. What a reader asks for is put into the outbox again; readers drop what they have.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from shared.bus.db.transaction import driver
from shared.bus.log import kafka
from shared.bus.log.heads import BUCKETS, Head, HeadsLog, bucket_of, write
from shared.bus.outbox.replay import replay
from shared.contracts import TOPICS
from shared.contracts.topics import HEADS

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    import asyncpg

    from shared.bus.db.bus import Bus
    from shared.bus.db.leases import Lease
    from shared.bus.log.heads import Request

log = structlog.get_logger(__name__)

EVERY_SECONDS = 30.0
SERVE_SECONDS = 5.0
AGAIN_SECONDS = 300.0
"""All heads are published so often even if nothing has changed: the log may have lost them."""
YOUNG = timedelta(minutes=10)
"""An older request is not served: its reader asks again where it still lacks something."""
LEAST_SECONDS = 30.0
"""Seconds between two requests of a reader for one topic that are served."""
PAGE = 500
TIMEOUT_SECONDS = 600.0
"""A whole topic may have to be put into the outbox."""
SLICE = 1000
"""Subjects that a head lists."""
SLICE_CHARACTERS = 60_000
"""So long are the names of all of them at most."""
LONGEST_PAUSE = 30.0
"""Seconds between two attempts, however often the log could not be looked at."""

# What waits in the outbox is not sent yet; what waits there again is left out too, which is noticed later only.
_HEADS = f"""
SELECT topic, bucket, sum(events)::bigint AS events, sum(greatest(events, 0))::bigint AS recorded FROM (
  SELECT aggregatetype AS topic, {bucket_of("aggregateid")} AS bucket, sequence AS events FROM aggregate
  WHERE aggregatetype = ANY($1)
  UNION ALL
  SELECT aggregatetype, {bucket_of("aggregateid")}, -1 FROM outbox WHERE aggregatetype = ANY($1)
) AS sent GROUP BY topic, bucket ORDER BY topic, bucket
"""  # noqa: S608 - constants of ours
_LAST = """
SELECT journal_id FROM sent_record WHERE topic = $1 AND (partition, "offset") IN
  (SELECT partition, max("offset") FROM sent_record WHERE topic = $1 GROUP BY partition)
ORDER BY sent_at DESC, journal_id DESC LIMIT 1
"""
# All events of a subject before the first one that waits in the outbox are sent.
_SLICE = """
SELECT a.aggregateid AS subject, least(a.sequence, o.first - 1) AS sequence FROM aggregate a
LEFT JOIN (SELECT aggregateid, min(sequence) AS first FROM outbox WHERE aggregatetype = $1 GROUP BY 1) AS o
  USING (aggregateid)
WHERE a.aggregatetype = $1 AND a.aggregateid > $2 ORDER BY a.aggregateid LIMIT $3
"""
_SUBJECTS = f"""
SELECT aggregateid FROM aggregate
WHERE aggregatetype = $1 AND {bucket_of("aggregateid")} = ANY($2) AND aggregateid > $3 ORDER BY aggregateid LIMIT $4
"""  # noqa: S608 - constants of ours


def pause_after(failures: int) -> float:
    """Return the seconds until the log is looked at again after so many failures in a row."""
    return min(SERVE_SECONDS * 2.0 ** min(failures, 10), max(LONGEST_PAUSE, SERVE_SECONDS))


class Upkeep:
    """The upkeep of one service's topics, while its process is the relay."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._log = HeadsLog(bus.settings)
        self._topics = [name for name, topic in TOPICS.items() if topic.owner == bus.service]
        self._published: dict[str, tuple[str, float]] = {}
        self._cursors: dict[str, str] = {}
        """The subject that the last head of each topic listed last; it may begin anywhere."""
        self._served: dict[tuple[str, str], tuple[UUID, float]] = {}

    async def run(self, lease: Lease) -> None:
        """Keep the log until cancelled; after any failure with a new client, and after a growing pause."""
        looked = -EVERY_SECONDS
        failures = 0
        try:
            while True:
                try:
                    async with asyncio.timeout(TIMEOUT_SECONDS):
                        if monotonic() - looked >= EVERY_SECONDS:
                            await self.restore(lease)
                            await self.publish()
                            looked = monotonic()
                        await self.serve(lease)
                    failures = 0
                except Exception as wrong:  # noqa: BLE001 - whatever a client raises, the log must be looked at again
                    failures += 1
                    log.warning("the log is not looked at", reason=wrong, failures=failures)
                    await self._log.close()
                await asyncio.sleep(pause_after(failures))
        finally:
            await self._log.close()

    async def restore(self, lease: Lease) -> None:
        """Put the journals of our topics that are missing into the outbox, then create them. Raises Kafka errors."""
        there = await self._log.topics()
        missing = [name for name in self._topics if name not in there]
        for name in missing:
            count = await self._requeue(lease, name, range(BUCKETS))
            log.error("a topic is missing; it is created and filled", topic=name, events=count)
        wanted = [TOPICS[name] for name in missing] + ([] if HEADS.name in there else [HEADS])
        if wanted:
            await asyncio.to_thread(kafka.create_topics, self._bus.settings, self._bus.service, wanted)

    async def publish(self) -> None:
        """Publish the heads that have changed, and all of them now and then. Raises database and Kafka errors."""
        async with self._bus.read() as session:
            connection = await driver(session)
            sums: dict[str, list[int]] = {name: [0] * BUCKETS for name in self._topics}
            recorded: dict[str, list[int]] = {name: [0] * BUCKETS for name in self._topics}
            for topic, bucket, events, all_events in await connection.fetch(_HEADS, self._topics):
                sums[topic][bucket], recorded[topic][bucket] = events, all_events
            heads = [
                Head.of(name, await connection.fetchval(_LAST, name), buckets, recorded[name])
                for name, buckets in sums.items()
            ]
            now = monotonic()
            due = [head for head in heads if self._is_due(head, now)]
            cursors = {}
            for number, head in enumerate(due):
                subjects, cursors[head.topic] = await self._slice(connection, head.topic)
                due[number] = head.model_copy(update={"subjects": subjects})
        if not due:
            return
        await write(self._bus.settings, self._bus.service, due)
        self._published |= {head.topic: (head.digest, now) for head in due}
        self._cursors |= cursors

    async def _slice(self, connection: asyncpg.Connection, topic: str) -> tuple[dict[str, int], str]:
        """Return the numbers of the next subjects of a topic, and where the slice after them begins."""
        subjects: dict[str, int] = {}
        cursor, characters = self._cursors.get(topic, ""), 0
        rows = await connection.fetch(_SLICE, topic, cursor, SLICE)
        for subject, sequence in rows:
            characters += len(subject)
            if characters > SLICE_CHARACTERS:
                return subjects, cursor
            cursor = subject
            if sequence > 0:
                subjects[subject] = sequence
        return subjects, cursor if rows and len(rows) == SLICE else ""

    def _is_due(self, head: Head, now: float) -> bool:
        digest, since = self._published.get(head.topic, ("", 0.0))
        return digest != head.digest or now - since >= AGAIN_SECONDS

    async def serve(self, lease: Lease) -> int:
        """Put what readers ask for into the outbox again; return the number of events.

        Raises `LeaseLost`, database and Kafka errors.
        """
        await self._log.look()
        count = 0
        for (reader, topic), request in sorted(self._log.requests.items()):
            if topic in self._topics and self._is_to_serve(request):
                events = await self._requeue(lease, topic, request.buckets)
                self._served[reader, topic] = (request.id, monotonic())
                log.warning("events are sent again for a reader that lacks some", topic=topic, to=reader, count=events)
                count += events
        return count

    def _is_to_serve(self, request: Request) -> bool:
        last = self._served.get((request.reader, request.topic))
        if last is not None and (last[0] == request.id or monotonic() - last[1] < LEAST_SECONDS):
            return False
        return datetime.now(UTC) - request.at < YOUNG

    async def _requeue(self, lease: Lease, topic: str, buckets: Collection[int]) -> int:
        """Put the journal of a topic's buckets into the outbox, in small transactions; return the number of events."""
        count, after = 0, ""
        while True:
            async with self._bus.transaction("system:relay", lease) as tx:
                connection = await driver(tx.session)
                rows = await connection.fetch(_SUBJECTS, topic, list(buckets), after, PAGE)
                subjects = [row["aggregateid"] for row in rows]
                sent, _ = await replay(connection, topic, subjects, limit=PAGE)
            count += sent
            if len(subjects) < PAGE:
                return count
            after = subjects[-1]
