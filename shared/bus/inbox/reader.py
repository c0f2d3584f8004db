"""Apply the log's records in batches, and read them again after a failure.

The offset that counts is the one in the database; on assignment we seek there, and the offsets that are committed to
Kafka now and then only show the lag.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, KafkaError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from shared.bus.db.transaction import driver
from shared.bus.db.transient_errors import is_transient
from shared.bus.inbox.apply import Applier
from shared.bus.inbox.failures import TooManyDeadLetters
from shared.bus.inbox.intake import Intake
from shared.bus.inbox.missing import Missing
from shared.bus.log import offsets, subscription
from shared.bus.metrics import BATCH_SECONDS, PAUSED
from shared.bus.supervision import supervise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Coroutine, Iterable

    from aiokafka import AIOKafkaConsumer

    from shared.bus.db.bus import Bus
    from shared.bus.inbox.consumers import Consumers
    from shared.bus.log.envelope import ReadRecord, Record

log = structlog.get_logger(__name__)

# All attempts at one batch must end well before the group reassigns the partitions.
RETRY_SECONDS = subscription.MAX_POLL_MS / 1000 / 3
PAUSE_SECONDS = 30.0
SWEEP_SECONDS = 5.0
AGAIN_SECONDS = 1.0
ENDS_SECONDS = 30.0
ENDS_TIMEOUT_SECONDS = 10.0
# Offsets committed to Kafka only show people the lag: once a second is enough, and nobody waits for it.
COMMIT_EVERY_SECONDS = 1.0
COMMIT_TIMEOUT_SECONDS = 5.0

Records = tuple["ReadRecord", ...]


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Seeks to the database's offsets whenever partitions are assigned."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        await self._reader.assigned(assigned)

    async def on_partitions_revoked(self, _: Iterable[TopicPartition]) -> None:
        """Give no further records until they are sought.

        A batch under way commits, or finds itself fenced by `read_position`.
        """
        self._reader.revoked()


class Reader:
    """Reads all topics of one service as one consumer group."""

    def __init__(self, bus: Bus, consumers: Consumers) -> None:
        self._bus = bus
        self._applier = Applier(bus, consumers)
        self._unverified: dict[offsets.Partition, offsets.Position] = {}
        self._known: dict[offsets.Partition, int] = {}
        self._commit_task: asyncio.Task[None] | None = None
        self._asked_for_ends = monotonic()
        self._stopping = False
        self._intake = Intake(
            lambda: self._consumer, most=bus.settings.reader_batch, gathers=bus.settings.reader_gathers_ms / 1000
        )
        self._missing = Missing(bus, consumers)
        self.paused: str | None = None
        """Why reading has stopped, if it has."""
        self._subscription = subscription.Subscription(
            bus.settings, bus.service, consumers.readings, _Assigned(self), self._handle
        )

    @property
    def _consumer(self) -> AIOKafkaConsumer:
        consumer = self._subscription.consumer
        assert consumer is not None, "the reader was not started"
        return consumer

    def behind(self) -> int | None:
        """Return how many records of this process's partitions are not applied yet, as far as the broker said.

        None while it does not read, or knows nothing about any of them.
        """
        consumer = self._subscription.consumer
        if consumer is None:
            return None
        ours = consumer.assignment()  # the driver refuses to answer for partitions assigned elsewhere
        read = [each for each in self._known if TopicPartition(*each) in ours]
        ends = {partition: consumer.highwater(TopicPartition(*partition)) for partition in read}
        known = {partition: end for partition, end in ends.items() if end is not None}
        return sum(max(0, end - self._known[partition]) for partition, end in known.items()) if known else None

    def reads(self) -> bool:
        """Return whether this process has partitions to read: another one may have all, or Kafka was never there."""
        consumer = self._subscription.consumer
        return consumer is not None and bool(consumer.assignment())

    def missing(self) -> dict[str, int]:
        """Return how many events are missing of each topic that lacks some, as far as its owner has said."""
        return {topic: lack.events for topic, lack in sorted(self._missing.lacks.items())}

    def unknown(self) -> dict[str, int]:
        """Return how many events of each topic were applied that its owner does not know: it was restored."""
        return dict(sorted(self._missing.unknown.items()))

    async def run(self) -> None:
        """Read until cancelled."""
        comparing = asyncio.create_task(supervise(self._missing.run))
        try:
            await self._subscription.start()
            while True:
                await asyncio.sleep(SWEEP_SECONDS)
                await self._sweep()
                await self._look_back()
                await self._look_at_ends()
        finally:
            self._stopping = True
            comparing.cancel()
            await asyncio.gather(comparing, return_exceptions=True)
            if self._commit_task is not None:
                self._commit_task.cancel()
                await self._commit_offsets()
            try:
                async with asyncio.timeout(15):
                    await self._subscription.stop()
            except (KafkaError, OSError, TimeoutError) as wrong:
                log.info("the reader did not leave cleanly", reason=wrong)
            if self._commit_task is not None:  # of the batch that was under way
                self._commit_task.cancel()

    def revoked(self) -> None:
        """Read nothing more before `assigned`."""
        self._intake.revoked()

    async def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Continue in `partitions` from the database's offsets."""
        self._intake.assigned(partitions)
        await self.seek(partitions)

    async def seek(self, assigned: Iterable[TopicPartition]) -> None:
        """Go to one record before the database's offset, to compare that record first."""
        partitions = [(each.topic, each.partition) for each in assigned]
        async for attempt in _patiently():
            with attempt:
                async with self._bus.read() as session:
                    at = await offsets.positions(await driver(session), partitions)
        for (topic, partition), position in at.items():
            self._unverified[topic, partition] = position
            self._known[topic, partition] = position.next_offset
            self._intake.seek(TopicPartition(topic, partition), position.seek_to)

    async def _handle(self, arrived: tuple[Record, ...]) -> None:
        """Apply what has arrived, batch by batch; whatever happens, no record is passed over."""
        records = await self._intake.take(arrived)
        while records and not self._stopping:
            await self._attempt(records)
            records = await self._intake.follow()

    async def _attempt(self, records: Records) -> None:
        """Apply one batch, or make sure that it is read again."""
        known, unverified = dict(self._known), dict(self._unverified)
        try:
            await self._apply(records, known, unverified)
        except offsets.LogChanged as changed:
            log.error(  # noqa: TRY400 - the message says all; a stack trace would not help
                "log made anew", topic=changed.partition[0], partition=changed.partition[1]
            )
            await self._restart(changed.partition)
        except offsets.SetBack as back:
            log.warning("reading goes back", partitions=len(back.partitions))
            self._intake.rewind()
            await self.seek([TopicPartition(*each) for each in back.partitions])
        except offsets.MovedOn as moved:
            self._intake.rewind()
            await self.seek([TopicPartition(*each) for each in moved.partitions])
        except TooManyDeadLetters as why:
            await self._pause(str(why))
        except Exception as wrong:  # noqa: BLE001 - after any error the loop must go on, from the same records
            log.warning("batch failed; it is read again", reason=wrong)
            await asyncio.sleep(AGAIN_SECONDS)
            self._intake.rewind()
        else:
            self._resume()
            if self._commit_task is None or self._commit_task.done():
                self._commit_task = asyncio.create_task(self._commit_offsets_later())

    async def _commit_offsets_later(self) -> None:
        await asyncio.sleep(COMMIT_EVERY_SECONDS)
        await self._commit_offsets()

    async def _commit_offsets(self) -> None:
        """Commit this reader's offsets to Kafka, so that its lag can be seen; nothing depends on it."""
        consumer = self._subscription.consumer
        if consumer is None:  # it has just stopped
            return
        assigned = consumer.assignment()
        at = {TopicPartition(*partition): offset for partition, offset in self._known.items()}
        try:
            if offsets := {partition: offset for partition, offset in at.items() if partition in assigned}:
                async with asyncio.timeout(COMMIT_TIMEOUT_SECONDS):
                    await consumer.commit(offsets)
        except (KafkaError, IllegalStateError, TimeoutError) as wrong:
            log.info("lag not shown", reason=wrong)

    async def _apply(
        self,
        records: Records,
        known: dict[offsets.Partition, int],
        unverified: dict[offsets.Partition, offsets.Position],
    ) -> None:
        """Apply a batch that was taken when this reader had come so far as is `known`.

        `unverified` are the places that it had sought by then and not compared with the log.
        """
        started = monotonic()
        async with _beside(self._intake.look_ahead(len(records))):
            async for attempt in _patiently():
                with attempt:
                    try:
                        await self._transact(records, known, unverified, one_by_one=False)
                    except (offsets.LogChanged, offsets.SetBack, offsets.MovedOn, TooManyDeadLetters):
                        raise
                    except Exception as wrong:
                        if is_transient(wrong):
                            raise
                        log.warning("batch fails; it is done again event by event", reason=wrong)
                        await self._transact(records, known, unverified, one_by_one=True)
        BATCH_SECONDS.labels(self._bus.service).observe(monotonic() - started)

    async def _transact(
        self,
        records: Records,
        known: dict[offsets.Partition, int],
        unverified: dict[offsets.Partition, offsets.Position],
        *,
        one_by_one: bool,
    ) -> None:
        left = set(unverified)
        async with self._bus.transaction(f"system:{self._bus.service}") as tx:
            connection = await driver(tx.session)
            at = await offsets.lock(connection, [(record.topic, record.partition) for record in records])
            # The offsets known when the records were taken: they miss a later look back.
            offsets.refuse_set_back(at, known)
            offsets.refuse_moved_on(at, unverified)
            come: dict[offsets.Partition, int] = {}
            if fresh := offsets.fresh(records, at, left):
                await self._applier.apply(tx, fresh, one_by_one=one_by_one)
                come = await offsets.advance(connection, fresh)
        for partition in unverified.keys() - left:
            if self._unverified.get(partition) is unverified[partition]:  # else it was assigned again meanwhile
                del self._unverified[partition]
        self._known |= {partition: position.next_offset for partition, position in at.items()} | come

    async def _restart(self, partition: offsets.Partition) -> None:
        self._intake.rewind()  # first of all: if what follows fails, the same records come again
        async with self._bus.transaction("system:reader") as tx:
            connection = await driver(tx.session)
            await offsets.lock(connection, [partition])
            await offsets.restart(connection, partition)
        if TopicPartition(*partition) in self._consumer.assignment():
            await self.seek([TopicPartition(*partition)])

    async def _pause(self, reason: str) -> None:
        """Stop for a while, with a log message, and look again: going on would drain a topic into dead letters."""
        if self.paused is None:
            log.error("the reader pauses", reason=reason)
        self.paused = reason
        PAUSED.labels(self._bus.service).set(1)
        await asyncio.sleep(PAUSE_SECONDS)
        self._intake.rewind()

    def _resume(self) -> None:
        if self.paused is not None:
            log.info("the reader goes on")
        self.paused = None
        PAUSED.labels(self._bus.service).set(0)

    async def _sweep(self) -> None:
        try:
            async with self._bus.transaction(f"system:{self._bus.service}") as tx:
                await self._applier.sweep(tx)
        except Exception as wrong:  # noqa: BLE001 - swept again in a few seconds; deferred reactions stay
            log.warning("sweep of waiting reactions failed", reason=wrong)

    async def _look_back(self) -> None:
        """Go back where a rebuild has set partitions back while no record came that would have shown it.

        Begin where the database could not give the offset when partitions were assigned.
        """
        known = dict(self._known)
        try:
            if unplaced := self._intake.unplaced():
                await self.seek(unplaced)
            async with self._bus.read() as session:
                at = await offsets.positions(await driver(session), known)
            offsets.refuse_set_back(at, known)
        except offsets.SetBack as back:
            log.warning("reading goes back", partitions=len(back.partitions))
            assigned = self._consumer.assignment()
            await self.seek(
                each for each in (TopicPartition(*partition) for partition in back.partitions) if each in assigned
            )
        except Exception as wrong:  # noqa: BLE001 - checked again in a few seconds
            log.warning("position not compared", reason=wrong)

    async def _look_at_ends(self) -> None:
        """Read partitions from their start whose end lies below what was read: no record would come that shows it.

        What the driver knows of an end costs nothing; now and then, and before a restart, the broker is asked.
        """
        ours = {partition: self._known[partition] for partition in self._compared()}
        now = monotonic()
        if now - self._asked_for_ends > ENDS_SECONDS:
            self._asked_for_ends, suspects = now, list(ours)
        else:
            ends = {each: self._consumer.highwater(TopicPartition(*each)) for each in ours}
            suspects = [each for each, end in ends.items() if end is not None and end < ours[each]]
        if not suspects:
            return
        try:
            async with asyncio.timeout(ENDS_TIMEOUT_SECONDS):
                found = await self._consumer.end_offsets([TopicPartition(*each) for each in suspects])
            for partition, end in found.items():
                if end < ours[partition.topic, partition.partition]:
                    log.error("log ends before what was read", topic=partition.topic, partition=partition.partition)
                    await self._restart((partition.topic, partition.partition))
        except Exception as wrong:  # noqa: BLE001 - looked at again in a few seconds
            log.info("ends not known", reason=wrong)

    def _compared(self) -> set[offsets.Partition]:
        """Return the partitions that are ours and were read as far as is known."""
        consumer = self._subscription.consumer
        assigned = set() if consumer is None else {(each.topic, each.partition) for each in consumer.assignment()}
        return assigned & self._known.keys()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` beside the block, and to its end."""
    doing = asyncio.create_task(work)
    try:
        yield
    finally:
        await doing


def _patiently() -> AsyncRetrying:
    """Retry after passing errors, with growing random waits, within a third of the poll interval."""
    return AsyncRetrying(
        retry=retry_if_exception(is_transient),
        wait=wait_random_exponential(multiplier=0.1, max=10),
        stop=stop_after_delay(RETRY_SECONDS),
        reraise=True,
    )
