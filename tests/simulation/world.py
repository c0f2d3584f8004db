"""Replace the wire of the bus: a log in memory, and clients of it that can fail at every step.

Everything else is real: the owner's transactions, the relay, the reader, the applier, on real PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiokafka.errors import IllegalStateError, KafkaTimeoutError
from aiokafka.structs import RecordMetadata, TopicPartition
from faststream.kafka.message import KafkaMessage

from shared.bus.inbox.reader import Reader
from shared.bus.log.envelope import StoredRecord
from shared.bus.outbox.lost_records import LostRecords
from shared.bus.outbox.relay import Relay

if TYPE_CHECKING:
    from shared.bus import Bus, Consumers


class Crash(BaseException):
    """The process ends here, with whatever was not committed."""


@dataclass
class Log:
    """A log of partitions; a lost tail leaves room for other records at the same offsets."""

    partitions: dict[tuple[str, int], list[StoredRecord]] = field(default_factory=lambda: defaultdict(list))

    def append(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes | None]],
    ) -> int:
        """Add a record; give its offset."""
        records = self.partitions[topic, partition]
        records.append(StoredRecord(topic, partition, len(records), key, value, headers))
        return len(records) - 1

    def lose(self, topic: str, partition: int, count: int) -> None:
        """Lose the last `count` records, as a broker does that comes back with an older disk."""
        records = self.partitions[topic, partition]
        del records[max(0, len(records) - count) :]


class Producer:
    """The relay's producer on the log; `fails` are partitions whose sends are not acknowledged."""

    def __init__(self, log: Log) -> None:
        """Write to `log`."""
        self.log = log
        self.fails: set[int] = set()
        self.loses_acknowledgement = False

    async def send(self, topic: str, *, value: bytes, key: bytes, partition: int, headers: Any) -> Any:
        """As aiokafka's: a future with where the record lies."""
        future: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        if partition in self.fails:
            if self.loses_acknowledgement:
                self.log.append(topic, partition, key, value, headers)
            future.set_exception(KafkaTimeoutError())
            return future
        offset = self.log.append(topic, partition, key, value, headers)
        place = TopicPartition(topic, partition)
        future.set_result(RecordMetadata(topic, partition, place, offset, 0, 0, 0))
        return future

    async def stop(self) -> None:
        """Nothing to close."""


class SimulatedLosses(LostRecords):
    """Sees the ends of the simulated log."""

    log: Log

    async def _ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {each: len(self.log.partitions[each.topic, each.partition]) for each in partitions}


class SimulatedRelay(Relay):
    """The relay on the simulated log."""

    def __init__(self, bus: Bus, log: Log) -> None:
        """Send the facts of `bus` to `log`."""
        super().__init__(bus)
        self.producer = Producer(log)
        self._losses = SimulatedLosses(bus)
        self._losses.log = log
        self.crashes_before_settling = False

    async def _open_producer(self) -> Any:
        return self.producer

    async def _drop_producer(self) -> None:
        pass

    async def _settle(self, lease: Any, acknowledged: Any) -> None:
        if self.crashes_before_settling:
            raise Crash
        await super()._settle(lease, acknowledged)


class Consumer:
    """One member of the group on the simulated log: assigned partitions and where it reads on."""

    def __init__(self, log: Log) -> None:
        """Read from `log`."""
        self.log = log
        self.at: dict[TopicPartition, int] = {}
        self.held_up: set[TopicPartition] = set()
        self.crashes_before_acknowledging = False

    def assignment(self) -> set[TopicPartition]:
        """As aiokafka's."""
        return set(self.at)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """As aiokafka's."""
        self._refuse_others(partition)
        self.at[partition] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        """As aiokafka's."""
        self._refuse_others(*partitions)
        self.held_up |= set(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        """As aiokafka's."""
        self._refuse_others(*partitions)
        self.held_up -= set(partitions)

    async def position(self, partition: TopicPartition) -> int:
        """As aiokafka's."""
        self._refuse_others(partition)
        return self.at[partition]

    def _refuse_others(self, *partitions: TopicPartition) -> None:
        if not set(partitions) <= self.at.keys():
            raise IllegalStateError

    async def commit(self, offsets: dict[TopicPartition, int] | None = None) -> None:
        """As aiokafka's; what it keeps is for show."""

    async def getmany(self, *, max_records: int) -> dict[TopicPartition, list[StoredRecord]]:
        """As aiokafka's, for fetched records."""
        return self.fetch(max_records)

    def fetch(self, most: int) -> dict[TopicPartition, list[StoredRecord]]:
        """Up to `most` records from the assigned partitions; a place beyond the end goes back to the start."""
        taken: dict[TopicPartition, list[StoredRecord]] = {}
        for partition in sorted(self.at.keys() - self.held_up):
            records = self.log.partitions[partition.topic, partition.partition]
            if self.at[partition] > len(records):
                self.at[partition] = 0
            if batch := records[self.at[partition] : self.at[partition] + most]:
                self.at[partition] += len(batch)
                taken[partition] = batch
                most -= len(batch)
        return taken


class Member:
    """One instance of the reading service: the real reader with a simulated consumer."""

    def __init__(self, bus: Bus, consumers: Consumers, log: Log) -> None:
        """Make an instance that has no partitions yet."""
        self.consumer = Consumer(log)
        self.reader = Reader(bus, consumers)
        self.reader._subscriber.consumer = self.consumer
        self.held: tuple[StoredRecord, ...] = ()

    async def assign(self, partitions: set[TopicPartition], *, eagerly: bool = False) -> None:
        """A rebalance: keep what stays, seek in what is new; or, as Kafka does, give all up first and seek in all."""
        if eagerly:
            self.reader.revoked()
        new = partitions if eagerly else partitions - set(self.consumer.at)
        self.consumer.held_up = set()
        self.consumer.at = {each: self.consumer.at.get(each, 0) for each in partitions}
        await self.reader.assigned(new)

    def take(self, most: int) -> None:
        """Poll a batch and hold it: what happens until it is handled is up to the test."""
        if not self.held:
            self.held = tuple(record for records in self.consumer.fetch(most).values() for record in records)

    async def handle(self) -> None:
        """Handle what is held."""
        records, self.held = self.held, ()
        if records:
            message = KafkaMessage(body=b"", raw_message=records, headers={}, consumer=self.consumer)
            await self.reader._handle(message)
            if self.consumer.crashes_before_acknowledging:
                raise Crash
