"""Send the outbox to the log, in order, and repair a log that lost records.

One process at a time (by lease) reads the outbox in order of position, sends a batch, waits for the acknowledgements
and deletes what was acknowledged, in a transaction that also checks the lease and notes in `sent_record` where each
event lies. A row that was not acknowledged stays, and its partition is held back for a while; the rest goes on. A crash
between the acknowledgement and the delete sends an event twice; readers drop the second one. So does a process that
stood still for longer than its lease, of one batch at the most; on compacted topics it then has the newest state sent
once more.

While the database settles a batch, the next is on its way. One that follows a batch that could not be settled is not
settled either, so that both are sent again in their order.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import asyncpg
import structlog
from aiokafka.errors import IllegalStateError, KafkaError, ProducerClosed

from shared.bus.db import journal, leases, request_keys
from shared.bus.db.transaction import asking, driver
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.bus.log import kafka
from shared.bus.log.batching import BatchTiming
from shared.bus.log.envelope import headers_of
from shared.bus.metrics import RELAY_FAILED, RELAY_SENT
from shared.bus.outbox import lost_records
from shared.bus.outbox.upkeep import Upkeep
from shared.bus.supervision import supervise
from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiokafka import AIOKafkaProducer
    from aiokafka.structs import RecordMetadata

    from shared.bus.db.bus import Bus

log = structlog.get_logger(__name__)

LEASE = "relay"
POLL_SECONDS = 1.0
LOOK_SECONDS = 30.0
HOLD_SECONDS = 2.0
ACK_SECONDS = 45.0
CLOSE_SECONDS = 10.0
KEEP_SENT = "1 day"
PASSING: tuple[type[Exception], ...] = (*DATABASE_ERRORS, KafkaError)
UNSETTLED: tuple[type[Exception], ...] = (leases.LeaseLost, *PASSING)
TURN = 500
"""After so many records other tasks run: the producer sends, and the batch before is settled."""

_FETCH = """
SELECT position, id, aggregatetype, aggregateid, partition, type, payload, sequence, occurred_at, correlationid,
       causationid, traceparent
FROM outbox
WHERE NOT EXISTS (
    SELECT 1 FROM unnest($2::text[], $3::smallint[]) AS held(topic, partition)
    WHERE held.topic = aggregatetype AND held.partition = outbox.partition
) AND (position < $4 OR position > $5)
ORDER BY position LIMIT $1
"""

_SETTLE = """
WITH gone AS (DELETE FROM outbox WHERE position = ANY($1::bigint[]))
INSERT INTO sent_record (topic, partition, "offset", journal_id)
SELECT * FROM unnest($2::text[], $3::smallint[], $4::bigint[], $5::uuid[])
ON CONFLICT (topic, partition, "offset") DO UPDATE SET journal_id = excluded.journal_id, sent_at = now()
"""

Acknowledged = list[tuple[asyncpg.Record, "RecordMetadata"]]
_NOTHING = (0, 0)
"""No positions: they count from 1."""


class Relay:
    """Sends one service's facts. `run` sends until cancelled; `send_on` is one step, `send_once` a complete one."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._batch = bus.settings.relay_batch
        self._producer: AIOKafkaProducer | None = None
        self._held_back: dict[tuple[str, int], float] = {}
        self._losses = lost_records.LostRecords(bus)
        self._settling: asyncio.Task[None] | None = None
        self._under_way = _NOTHING
        self._swept = self._looked = 0.0
        self._pace = BatchTiming()

    async def run(self) -> None:
        """Send until cancelled: woken by the process that wrote something, and polling once a second."""
        listener = asyncio.create_task(supervise(partial(self._listen, self._bus.recorded)))
        try:
            while True:
                try:
                    async with leases.hold(self._bus, LEASE) as lease:
                        upkeep = asyncio.create_task(supervise(partial(Upkeep(self._bus).run, lease)))
                        try:
                            await self._send_for_ever(lease)
                        finally:
                            self._bus.relays = False
                            upkeep.cancel()
                            await asyncio.gather(upkeep, return_exceptions=True)
                            await self.close()
                except leases.LeaseLost:
                    log.info("another process is the relay now")
                except PASSING as wrong:
                    log.warning("relay waits", reason=wrong)
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    async def _send_for_ever(self, lease: leases.Lease) -> None:
        """Send under the lease until another process has it. Raises `LeaseLost`.

        A lease stays ours while broker or store are away, if nobody takes it.
        """
        woken, ready = self._bus.recorded, False
        while True:
            await asyncio.sleep(self._pace.wait())
            woken.clear()
            try:
                await leases.ensure(self._bus, lease)
                if not ready or monotonic() - self._looked > LOOK_SECONDS:
                    await self._take_over()
                ready = self._bus.relays = True
                while await self.send_on(lease) == self._batch:
                    pass
                await self.settled()
            except PASSING as wrong:
                log.warning("relay waits", reason=wrong)
                ready = self._bus.relays = False
                await asyncio.sleep(POLL_SECONDS)
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await woken.wait()
            except TimeoutError:
                pass

    async def close(self) -> None:
        """Settle what was sent and stop the producer. Bounded, and quiet about a broker that is away."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.settled()
        except UNSETTLED as wrong:
            log.info("a batch is left to be sent again", reason=wrong)
        await self._drop_producer()
        await self._losses.close()

    async def _listen(self, woken: asyncio.Event) -> None:
        """Set `woken` whenever another process has written facts; after a lost connection, poll until there is one.

        This process sets it itself, as soon as it has committed.
        """

        def heard(_: object, __: int, ___: str, process: object) -> None:
            if process != self._bus.holder:
                woken.set()

        while True:
            try:
                connection = await asyncpg.connect(self._bus.settings.direct_url, timeout=10)
                gone = asyncio.Event()
                connection.add_termination_listener(lambda _, gone=gone: gone.set())
                try:
                    await connection.add_listener(journal.PENDING_CHANNEL, heard)
                    woken.set()
                    await gone.wait()
                finally:
                    await connection.close(timeout=5)
            except DATABASE_ERRORS as wrong:
                log.info("relay polls", reason=wrong)
            await asyncio.sleep(POLL_SECONDS)

    async def _take_over(self) -> None:
        """Compare the log's ends with what was acknowledged: a new holder first, and then now and then.

        A broker may come back without its newest records while there is nothing to send that would show it.
        """
        await self._open_producer()
        await self._losses.look()
        self._looked = monotonic()

    async def send_once(self, lease: leases.Lease) -> int:
        """Send one batch and settle it; return the number of rows taken. Raises as `send_on`."""
        taken = await self.send_on(lease)
        await self.settled()
        return taken

    async def send_on(self, lease: leases.Lease) -> int:
        """Send one batch while the one before it is settled, and begin to settle it; return the number of rows taken.

        Raises `LeaseLost`, database and Kafka errors, also those of the batch before.
        """
        now = monotonic()
        self._held_back = {key: until for key, until in self._held_back.items() if until > now}
        if self._settling is not None and self._settling.done():
            await self.settled()
        async with self._bus.glance() as session:
            connection = await asking(session)
            topics, partitions = (
                [topic for topic, _ in self._held_back],
                [partition for _, partition in self._held_back],
            )
            rows = await connection.fetch(_FETCH, self._batch, topics, partitions, *self._under_way)
        if rows:
            self._pace.count(len(rows))
            acknowledged = await self._send(lease, rows)
            await self.settled()
            self._settling = asyncio.create_task(self._settle(lease, acknowledged))
            self._under_way = (rows[0]["position"], rows[-1]["position"])
            if len(acknowledged) < len(rows):  # what was not acknowledged lies between what was
                await self.settled()
        if now - self._swept > 60:
            self._swept = now
            await self._sweep(lease)
        return len(rows)

    async def settled(self) -> None:
        """Wait until the last batch is settled. Raises `LeaseLost` and database errors; it is then sent again."""
        settling, self._settling = self._settling, None
        try:
            if settling is not None:
                await settling
        finally:
            self._under_way = _NOTHING

    async def _send(self, lease: leases.Lease, rows: Sequence[asyncpg.Record]) -> Acknowledged:
        """Send `rows` in order and wait for the acknowledgements; hold back the partitions that failed.

        Raises `LeaseLost` before it sends what another process may send by now.
        """
        producer = await self._open_producer()
        service = self._bus.service
        waits: list[tuple[asyncpg.Record, asyncio.Future[RecordMetadata]]] = []
        fatal = False
        failed: set[tuple[str, int]] = set()
        for place, row in enumerate(rows):
            if place % TURN == 0:
                try:
                    await leases.ensure(self._bus, lease)
                except leases.LeaseLost:
                    if not waits:
                        raise
                    break  # what has left already is seen to when it cannot be settled
                await asyncio.sleep(0)
            _, id_, topic, subject, number, type_, payload, sequence, at, story, cause, trace = row
            if failed and (topic, number) in failed:
                continue
            headers = headers_of(service, id_, type_, subject, at, sequence, story, cause, trace)
            try:
                sent = await producer.send(
                    topic, value=payload.encode(), key=subject.encode(), partition=number, headers=headers
                )
            except (ProducerClosed, IllegalStateError) as wrong:
                fatal = True
                log.warning("the producer broke; a new one takes over", reason=wrong)
                break
            except KafkaError as wrong:
                failed.add((topic, number))
                self._hold((topic, number), wrong)
            else:
                waits.append((row, sent))
        acknowledged, broken = await self._answers(waits)
        if fatal or broken:
            await self._drop_producer()
        return acknowledged

    async def _answers(
        self, waits: Sequence[tuple[asyncpg.Record, asyncio.Future[RecordMetadata]]]
    ) -> tuple[Acknowledged, bool]:
        """Return what was acknowledged, and whether the producer has failed; holds back partitions that failed."""
        acknowledged: Acknowledged = []
        broken = False
        until = monotonic() + ACK_SECONDS
        for _, future in waits:
            # One after the other: one answer is for many records, and a callback for each would be costly.
            if not future.done():
                await asyncio.wait([future], timeout=max(0.0, until - monotonic()))
        stumbled: set[tuple[str, int]] = set()
        for row, future in waits:
            if not future.done():
                partition = (row["aggregatetype"], row["partition"])
                future.cancel()
                broken = True
                stumbled.add(partition)
                self._hold(partition, TimeoutError(f"no acknowledgement within {ACK_SECONDS:.0f} s"))
            elif (failure := future.exception()) is not None:
                # A later record of the same partition may have been acknowledged; readers see the gap and heal it
                # when this one arrives, since it stays first in the outbox.
                partition = (row["aggregatetype"], row["partition"])
                broken = broken or not getattr(failure, "retriable", False)
                stumbled.add(partition)
                self._hold(partition, failure)
            elif (
                not stumbled
                or (row["aggregatetype"], row["partition"]) not in stumbled
                or not TOPICS[row["aggregatetype"]].compacted
            ):
                # On a compacted topic it is sent again, behind the one that failed: the topic keeps the last one.
                acknowledged.append((row, future.result()))
        return acknowledged, broken

    def _hold(self, partition: tuple[str, int], wrong: BaseException) -> None:
        if partition not in self._held_back:
            log.warning("a partition is held back", topic=partition[0], partition=partition[1], reason=wrong)
        RELAY_FAILED.labels(self._bus.service).inc()
        self._held_back[partition] = monotonic() + HOLD_SECONDS

    async def _settle(self, lease: leases.Lease, acknowledged: Acknowledged) -> None:
        """Delete what was acknowledged and store its offsets. Raises `LeaseLost` if another process has taken over.

        What was sent after that is the second record of an event, which readers drop.
        """
        if not acknowledged:
            return
        try:
            await self._settle_sent(lease, acknowledged)
        except leases.LeaseLost:
            async with self._bus.transaction("system:relay") as tx:
                connection = await driver(tx.session)
                rows = [row for row, _ in acknowledged if TOPICS[row["aggregatetype"]].compacted]
                if rows:
                    keys = {(row["aggregatetype"], row["aggregateid"], row["partition"]) for row in rows}
                    await lost_records.send_newest(connection, keys)
            raise

    async def _settle_sent(self, lease: leases.Lease, acknowledged: Acknowledged) -> None:
        kept, gone = lost_records.split(acknowledged)
        # Of a compacted topic an older state must not follow a newer one; on other topics it stays and is sent again.
        older = [row for row in gone if TOPICS[row["aggregatetype"]].compacted]
        async with self._bus.transaction("system:relay", lease) as tx:
            connection = await driver(tx.session)
            lost = len(gone) + await self._losses.notice(connection, [metadata for _, metadata in kept])
            await connection.execute(
                _SETTLE,
                [row["position"] for row in (*(row for row, _ in kept), *older)],
                [metadata.topic for _, metadata in kept],
                [metadata.partition for _, metadata in kept],
                [metadata.offset for _, metadata in kept],
                [row["id"] for row, _ in kept],
            )
            if older:
                await lost_records.send_newest(
                    connection, {(row["aggregatetype"], row["aggregateid"], row["partition"]) for row in older}
                )
        self._losses.remember([metadata for _, metadata in kept])
        RELAY_SENT.labels(self._bus.service).inc(len(kept))
        if lost:
            log.error("the log lost records; they are sent again", count=lost)

    async def _sweep(self, lease: leases.Lease) -> None:
        """Delete rows sent over a day ago, but never the newest row of a partition, and old keys of requests."""
        async with self._bus.transaction("system:relay", lease) as tx:
            connection = await driver(tx.session)
            await connection.execute(
                f"DELETE FROM sent_record s WHERE sent_at < now() - interval '{KEEP_SENT}' AND \"offset\" <"  # noqa: S608 - a constant of ours
                ' (SELECT max("offset") FROM sent_record n WHERE n.topic = s.topic AND n.partition = s.partition)'
            )
        await request_keys.forget_old(self._bus.engine)

    async def _open_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = kafka.producer(self._bus.settings, f"{self._bus.service}-relay")
            await kafka.start(producer)
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await kafka.leave(producer)
