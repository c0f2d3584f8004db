"""Replace the wire of the bus: a log in memory, and clients of it that can fail at every step.

Everything else is real: the owner's transactions, the relay, the reader, the applier, on real PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from aiokafka.errors import IllegalStateError, KafkaTimeoutError
from aiokafka.structs import RecordMetadata, TopicPartition

from shared.bus.inbox.reader import Reader
from shared.bus.log.envelope import StoredRecord
from shared.bus.outbox.lost_records import LostRecords
from shared.bus.outbox.relay import Relay
from tests.simulation.services.log import Log as Broker
from tests.simulation.services.log import Partition, every_topic

if TYPE_CHECKING:
    from shared.bus import Bus, Consumers


class Crash(BaseException):
    """The end of the process, with everything that was not committed."""


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
        """Append a record; return its offset."""
        records = self.partitions[topic, partition]
        records.append(StoredRecord(topic, partition, len(records), key, value, headers))
        return len(records) - 1

    def lose(self, topic: str, partition: int, count: int) -> None:
        """Lose the last `count` records, as a broker does that returns with an older disk."""
        records = self.partitions[topic, partition]
        del records[max(0, len(records) - count) :]


class Heads(Broker):
    """A broker that has the topic of the heads, and says where the partitions of the log end."""

    def __init__(self) -> None:
        """Begin with all topics, all empty."""
        super().__init__()
        self.topics |= every_topic()

    def take(self, log: Log) -> None:
        """Have the partitions of `log` as they are now."""
        for place, records in log.partitions.items():
            self.partitions[TopicPartition(*place)] = Partition(list(records), len(records))


class Producer:
    """The producer of the relay on the log; sends to partitions of `fails` are not acknowledged."""

    def __init__(self, log: Log) -> None:
        """Write to `log`."""
        self.log = log
        self.fails: set[int] = set()
        self.loses_acknowledgement = False

    async def send(self, topic: str, *, value: bytes, key: bytes, partition: int, headers: Any) -> Any:
        """Return a future with the position of the record, as aiokafka does."""
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
        """Do nothing: there is nothing to close."""


class SimulatedLosses(LostRecords):
    """A check for losses that reads the ends of the simulated log."""

    log: Log

    async def _ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {each: len(self.log.partitions.get((each.topic, each.partition), ())) for each in partitions}


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
    """A member of the group on the simulated log: assigned partitions and positions."""

    def __init__(self, log: Log) -> None:
        """Read from `log`."""
        self.log = log
        self.at: dict[TopicPartition, int] = {}
        self.held_up: set[TopicPartition] = set()
        self.crashes_before_acknowledging = False

    def assignment(self) -> set[TopicPartition]:
        """Return the assigned partitions, as aiokafka does."""
        return set(self.at)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Set the position of a partition, as aiokafka does."""
        self._refuse_others(partition)
        self.at[partition] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        """Pause partitions, as aiokafka does."""
        self._refuse_others(*partitions)
        self.held_up |= set(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        """Resume partitions, as aiokafka does."""
        self._refuse_others(*partitions)
        self.held_up -= set(partitions)

    async def position(self, partition: TopicPartition) -> int:
        """Return the position of a partition, as aiokafka does."""
        self._refuse_others(partition)
        return self.at[partition]

    def _refuse_others(self, *partitions: TopicPartition) -> None:
        if not set(partitions) <= self.at.keys():
            raise IllegalStateError

    async def commit(self, offsets: dict[TopicPartition, int] | None = None) -> None:
        """Commit positions, as aiokafka does; nothing reads them."""

    async def getmany(self, *, max_records: int) -> dict[TopicPartition, list[StoredRecord]]:
        """Return fetched records, as aiokafka does."""
        return self.fetch(max_records)

    def fetch(self, most: int) -> dict[TopicPartition, list[StoredRecord]]:
        """Return up to `most` records from the assigned partitions; one beyond the end goes back to the start."""
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
        self.reader._subscription = SimpleNamespace(consumer=self.consumer)  # type: ignore[assignment]  # all it uses
        self.fetched_records: tuple[StoredRecord, ...] = ()

    async def assign(self, partitions: set[TopicPartition], *, eagerly: bool = False) -> None:
        """Rebalance: keep common partitions and seek in new ones; or, as Kafka does, give up all and seek in all."""
        if eagerly:
            self.reader.revoked()
        new = partitions if eagerly else partitions - set(self.consumer.at)
        self.consumer.held_up = set()
        self.consumer.at = {each: self.consumer.at.get(each, 0) for each in partitions}
        await self.reader.assigned(new)

    def take(self, most: int) -> None:
        """Poll a batch and keep it: the test decides what happens until it is handled."""
        if not self.fetched_records:
            self.fetched_records = tuple(record for records in self.consumer.fetch(most).values() for record in records)

    async def handle(self) -> None:
        """Handle the batch."""
        records, self.fetched_records = self.fetched_records, ()
        if records:
            await self.reader._handle(records)
            if self.consumer.crashes_before_acknowledging:
                raise Crash
