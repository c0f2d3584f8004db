"""A log in memory behind the clients that the bus makes (`shared/bus/log/kafka.py`, `subscription.py`).

Partitions with offsets, compaction, tails that are lost, and groups whose partitions are shared out again.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiokafka.errors import IllegalStateError, KafkaConnectionError, KafkaTimeoutError, UnknownTopicOrPartitionError
from aiokafka.structs import RecordMetadata, TopicPartition

from shared.bus.log.envelope import StoredRecord
from shared.contracts import TOPICS
from shared.contracts.topics import HEADS
from tests.simulation.services.processes import Process, cross, current

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from aiokafka.abc import ConsumerRebalanceListener

    from shared.contracts.topics import Topic
    from shared.settings import ServiceSettings

POLL_SECONDS = 0.5
SESSION_SECONDS = 10.0
GARBAGE = b"\xff"
"""The key of records that are no events."""


@dataclass
class Partition:
    """The records of a partition, in the order of their offsets; `end` is the next offset."""

    records: list[StoredRecord] = field(default_factory=list)
    end: int = 0

    def since(self, offset: int, most: int) -> list[StoredRecord]:
        """Return up to `most` records at `offset` and above."""
        first = bisect_left(self.records, offset, key=lambda record: record.offset)
        return self.records[first : first + most]


@dataclass
class Group:
    """The members of a service's group; `generation` grows with each assignment."""

    members: list[Subscription] = field(default_factory=list)
    generation: int = 0


class Log:
    """The broker. `away` says that nothing answers; `refuses` are partitions that acknowledge nothing."""

    def __init__(self) -> None:
        """Begin without topics."""
        self.topics: set[str] = set()
        self.partitions: dict[TopicPartition, Partition] = defaultdict(Partition)
        self.groups: dict[str, Group] = defaultdict(Group)
        self.away = False
        self.refuses: set[TopicPartition] = set()
        self.loses_acknowledgements = False
        self.forgets: dict[str, int] = {}
        """Of each topic, how many of the next records are acknowledged and lost before anybody reads them."""
        self.late: dict[TopicPartition, float] = {}
        """Partitions whose records readers see only from a moment on, so that others overtake them."""

    def copy(self) -> Log:
        """Return a log with the same records, and without groups."""
        made = Log()
        made.topics = set(self.topics)
        for place, each in self.partitions.items():
            made.partitions[place] = Partition(list(each.records), each.end)
        return made

    def append(
        self, place: TopicPartition, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
    ) -> int:
        """Append a record and return its offset."""
        partition = self.partitions[place]
        partition.records.append(StoredRecord(place.topic, place.partition, partition.end, key, value, headers))
        partition.end += 1
        offset = partition.end - 1
        if self.forgets.get(place.topic, 0):
            self.forgets[place.topic] -= 1
            self.lose(place, 1)
        return offset

    def lose(self, place: TopicPartition, count: int) -> int:
        """Lose the records of the last `count` offsets, as a broker does that comes back with an older disk."""
        partition = self.partitions[place]
        partition.end = max(0, partition.end - count)
        before = len(partition.records)
        partition.records = [record for record in partition.records if record.offset < partition.end]
        return before - len(partition.records)

    def delete(self, topic: str) -> None:
        """Delete a topic with its records; made anew, its offsets begin at 0."""
        self.topics.discard(topic)
        for place, partition in self.partitions.items():
            if place.topic == topic:
                partition.records, partition.end = [], 0

    def compact(self, topic: str) -> None:
        """Keep the newest record of each key."""
        for place, partition in self.partitions.items():
            if place.topic == topic:
                newest = {record.key: record.offset for record in partition.records}
                partition.records = [each for each in partition.records if newest[each.key] == each.offset]

    def answers(self) -> None:
        """Raise a Kafka error while the broker is away."""
        if self.away:
            raise KafkaConnectionError("the simulated broker is away")

    def fetch(self, at: dict[TopicPartition, int], places: Iterable[TopicPartition], most: int, now: float) -> Fetched:
        """Return up to `most` records and move the positions; one beyond the end goes back to the start."""
        taken: Fetched = {}
        for place in sorted(places):
            if self.late.get(place, 0.0) > now or most <= 0:
                continue
            partition = self.partitions[place]
            if at[place] > partition.end:
                at[place] = partition.records[0].offset if partition.records else 0
            if batch := partition.since(at[place], most):
                at[place] = batch[-1].offset + 1
                taken[place] = batch
                most -= len(batch)
        return taken

    def gone(self, process: Process) -> None:
        """Take the members of a process that died out of their groups."""
        for group in self.groups.values():
            left = [each for each in group.members if each.process is not process]
            if left != group.members:
                group.members = left
                group.generation += 1

    def rebalance(self, service: str) -> None:
        """Assign the partitions of a group anew, in another order."""
        group = self.groups[service]
        group.members.reverse()
        group.generation += 1


Fetched = dict[TopicPartition, list[StoredRecord]]


class Producer:
    """A producer, as aiokafka's."""

    def __init__(self, log: Log) -> None:
        """Write to `log`."""
        self._log = log

    async def start(self) -> None:
        """Connect."""
        await cross("producer starts")
        self._log.answers()

    async def stop(self) -> None:
        """Leave."""

    async def send(self, topic: str, value: bytes, *, key: bytes, partition: int, headers: Any = ()) -> Any:
        """Return a future with the place of the record."""
        await cross("send")
        future: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        place = TopicPartition(topic, partition)
        if topic not in self._log.topics:
            future.set_exception(UnknownTopicOrPartitionError())
        elif self._log.away or place in self._log.refuses:
            if self._log.loses_acknowledgements and not self._log.away:
                self._log.append(place, key, value, list(headers))
            future.set_exception(KafkaTimeoutError())
        else:
            offset = self._log.append(place, key, value, list(headers))
            future.set_result(RecordMetadata(topic, partition, place, offset, 0, 0, 0))
        return future

    async def send_and_wait(self, topic: str, value: bytes, *, key: bytes, partition: int) -> None:
        """Send a record and wait for its place."""
        await (await self.send(topic, value, key=key, partition=partition))


class BareConsumer:
    """A consumer without a group, as aiokafka's."""

    def __init__(self, log: Log) -> None:
        """Read from `log`."""
        self._log = log
        self.at: dict[TopicPartition, int] = {}
        self.held_up: set[TopicPartition] = set()

    async def start(self) -> None:
        """Connect."""
        await cross("consumer starts")
        self._log.answers()

    async def stop(self) -> None:
        """Leave."""

    def assign(self, places: Iterable[TopicPartition]) -> None:
        """Read these partitions from their start."""
        self.at = dict.fromkeys(places, 0)

    async def topics(self) -> set[str]:
        """Return the topics."""
        await cross("topics")
        self._log.answers()
        return set(self._log.topics)

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the offset after the last record of each partition."""
        await cross("ends")
        self._log.answers()
        return {each: self._log.partitions[each].end for each in places}

    async def getmany(self, *places: TopicPartition, timeout_ms: int = 0, max_records: int = 10_000) -> Fetched:
        """Return what has been fetched."""
        await cross("fetch")
        self._log.answers()
        now = asyncio.get_running_loop().time()
        found = self._log.fetch(self.at, (set(places) or self.at.keys()) - self.held_up, max_records, now)
        if not found and timeout_ms:
            await asyncio.sleep(timeout_ms / 1000)
        return found


class GroupConsumer(BareConsumer):
    """The consumer of a member of a group."""

    def assignment(self) -> set[TopicPartition]:
        """Return the partitions that are ours."""
        return set(self.at)

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Continue at `offset`."""
        self._refuse_others(place)
        self.at[place] = offset

    def pause(self, *places: TopicPartition) -> None:
        """Fetch nothing from these."""
        self._refuse_others(*places)
        self.held_up |= set(places)

    def resume(self, *places: TopicPartition) -> None:
        """Fetch from these again."""
        self._refuse_others(*places)
        self.held_up -= set(places)

    def highwater(self, place: TopicPartition) -> int | None:
        """Return the end of a partition, as far as is known."""
        return self._log.partitions[place].end

    async def position(self, place: TopicPartition) -> int:
        """Return where the next record is fetched."""
        await cross("position")
        self._refuse_others(place)
        return self.at[place]

    async def commit(self, _: dict[TopicPartition, int]) -> None:
        """Take offsets, which nobody reads."""
        await cross("commit offsets")
        self._log.answers()

    def _refuse_others(self, *places: TopicPartition) -> None:
        if not set(places) <= self.at.keys():
            raise IllegalStateError


class Subscription:
    """A member of a group, in the place of `shared/bus/log/subscription.py:Subscription`."""

    def __init__(
        self,
        log: Log,
        service: str,
        topics: Iterable[str],
        listener: ConsumerRebalanceListener,
        handle: Callable[[tuple[Any, ...]], Awaitable[None]],
    ) -> None:
        """Read `topics` in the group of `service`."""
        self._log, self._service, self._topics = log, service, sorted(topics)
        self._listener, self._handle = listener, handle
        self._task: asyncio.Task[None] | None = None
        self.process: Process | None = None
        self.consumer: GroupConsumer | None = None

    async def start(self) -> None:
        """Join the group."""
        while self._log.away:  # noqa: ASYNC110 - as the driver tries again
            await asyncio.sleep(1)
        await cross("join")
        self.process = current()
        self.consumer = GroupConsumer(self._log)
        group = self._log.groups[self._service]
        group.members.append(self)
        group.generation += 1
        assert self.process is not None
        self._task = self.process.start(self._read)

    async def stop(self) -> None:
        """Leave the group."""
        group = self._log.groups[self._service]
        if self in group.members:
            group.members.remove(self)
            group.generation += 1
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self.consumer = None

    async def _read(self) -> None:
        consumer, group, generation = self.consumer, self._log.groups[self._service], 0
        assert consumer is not None
        while True:
            if generation != group.generation:
                generation = group.generation
                await self._assigned(consumer, group)
            try:
                found = await consumer.getmany(max_records=1)
            except KafkaConnectionError:
                found = {}
            for records in found.values():
                await self._handle(tuple(records))
            if not found:
                await asyncio.sleep(POLL_SECONDS)

    async def _assigned(self, consumer: GroupConsumer, group: Group) -> None:
        """Give up all partitions and take those that are ours now."""
        await self._listener.on_partitions_revoked(list(consumer.at))
        consumer.at, consumer.held_up = {}, set()
        await asyncio.sleep(0.05)
        if self not in group.members:
            return
        place, count = group.members.index(self), len(group.members)
        every = [TopicPartition(topic, number) for topic in self._topics for number in range(TOPICS[topic].partitions)]
        ours = [each for number, each in enumerate(every) if number % count == place]
        consumer.at = dict.fromkeys(ours, 0)
        await self._listener.on_partitions_assigned(ours)


def clients(log: Log) -> dict[str, Any]:
    """Return what stands in the place of the functions of `shared/bus/log/kafka.py`."""

    def create_topics(_: ServiceSettings, __: str, topics: Sequence[Topic]) -> None:
        log.answers()
        log.topics |= {topic.name for topic in topics}

    return {
        "producer": lambda *_: Producer(log),
        "bare_consumer": lambda *_: BareConsumer(log),
        "create_topics": create_topics,
    }


def subscription(log: Log) -> Callable[..., Subscription]:
    """Return what stands in the place of the class of subscriptions."""
    return lambda _, service, topics, listener, handle: Subscription(log, service, topics, listener, handle)


def every_topic() -> set[str]:
    """Return the names of all topics."""
    return {*TOPICS, HEADS.name}
