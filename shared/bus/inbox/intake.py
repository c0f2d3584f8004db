"""Take a consumer's records in an unbroken sequence from where each partition was sought.

The driver alone does not promise that. After a rebalance it continues from the offset that Kafka has, which may lie
beyond what a restored store has; where it fails at one partition's record it drops what it had unpacked of another; and
what FastStream hands over may have been read before a seek. So the next offset of each partition is noted: a partition
without a seek since its assignment gives nothing, and after a failure all are sought again.

FastStream hands over one record at a time, with which nothing else can be dropped. The records after it are taken here,
and while the database works at a full batch, the next batch: only decoded, so that nothing has to be undone.
"""

from __future__ import annotations

import asyncio
from itertools import chain
from typing import TYPE_CHECKING

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError

from shared.bus.log.batching import BatchTiming
from shared.bus.log.envelope import take

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from aiokafka import AIOKafkaConsumer

    from shared.bus.log.envelope import ReadRecord, Record

log = structlog.get_logger(__name__)

# A batch of so many records is applied at once: only a smaller one waits for more.
MANY = 100
# Records are unpacked and decoded in such portions, so that they stay within the processor's cache.
FEW = 64


class Intake:
    """Fills batches for one reader and guards their order; one batch is filled at a time."""

    def __init__(self, consumer: Callable[[], AIOKafkaConsumer], *, most: int, gathers: float) -> None:
        """Fill batches of up to `most` records; a small batch waits `gathers` seconds for more."""
        self._consumer = consumer
        self._most = most
        self._gathers = gathers
        self._pace = BatchTiming()
        self._next: dict[TopicPartition, int] = {}
        self._batch: dict[TopicPartition, list[ReadRecord]] = {}
        """Records that were taken and not given yet."""
        self._given: dict[TopicPartition, int] = {}
        """Where the last given batch begins, except for partitions that were sought since."""
        self._rebalancing = True

    def revoked(self) -> None:
        """Give nothing more: the group is reassigning its partitions."""
        self._rebalancing = True
        for noted in (self._next, self._batch, self._given):
            noted.clear()

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Fetch nothing of the new `partitions` until they are sought."""
        self._rebalancing = False
        for partition in partitions:
            self._forget(partition)
        self._consumer().pause(*partitions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Continue from `offset`; what has been taken and not given is dropped.

        During a rebalance this does not count: the partition is about to be given up, and perhaps assigned again.
        """
        try:
            self._consumer().seek(partition, offset)
            self._consumer().resume(partition)
        except IllegalStateError:
            log.info("partition went elsewhere", topic=partition.topic, partition=partition.partition)
            return
        self._forget(partition)
        if not self._rebalancing:
            self._next[partition] = offset

    def _forget(self, partition: TopicPartition) -> None:
        for noted in (self._next, self._batch, self._given):
            noted.pop(partition, None)

    def rewind(self) -> None:
        """Read again what was given last, except for partitions that were sought since."""
        for partition, offset in list(self._given.items()):
            self.seek(partition, offset)

    def placed(self) -> set[TopicPartition]:
        """Return the partitions that were sought since they were assigned."""
        return set(self._next)

    def unplaced(self) -> set[TopicPartition]:
        """Return the partitions that are ours and were not sought; none during a rebalance."""
        return set() if self._rebalancing else set(self._consumer().assignment()) - self._next.keys()

    async def take(self, records: Iterable[Record]) -> tuple[ReadRecord, ...]:
        """Decode the records that FastStream hands over, and those that follow; return nothing where they are stale.

        What has been read ahead comes first. A small batch waits for more.
        """
        handed: dict[TopicPartition, list[Record]] = {}
        for each in records:
            handed.setdefault(TopicPartition(each.topic, each.partition), []).append(each)
        for partition, its in handed.items():
            if await self._is_next(partition, its[0].offset):
                self._add(partition, its)
        return await self.follow()

    async def follow(self) -> tuple[ReadRecord, ...]:
        """Return what has been read ahead, and what follows it; nothing where nothing has."""
        if self._batch:
            await self._fill()
        pause = max(self._gathers, self._pace.wait())
        if self._batch and pause and self._room() > max(self._most - MANY, 0):
            await asyncio.sleep(pause)
            await self._fill()
        batch, self._batch = self._batch, {}
        self._given = {partition: its[0].offset for partition, its in batch.items()}
        if batch:
            self._pace.count()
        return tuple(chain(*batch.values()))

    async def look_ahead(self, given: int) -> None:
        """While a batch of so many records is being applied, take the next one, if this one was full."""
        if given >= self._most:
            await self._fill()

    async def _is_next(self, partition: TopicPartition, offset: int) -> bool:
        """Return whether a record that was handed over was read after the last seek.

        It was if it is the one that was sought, or if the driver is elsewhere: the records before it were compacted.
        """
        while (expected := self._next.get(partition)) is not None and offset != expected:
            try:
                position = await self._consumer().position(partition)
            except Exception as wrong:  # noqa: BLE001 - after any error the record is read again
                log.info("position not known", reason=wrong)
                self._take_up()
                return False
            if self._next.get(partition) == expected:
                return bool(position != expected)
        return expected is not None

    def _add(self, partition: TopicPartition, records: Sequence[Record]) -> None:
        self._next[partition] = records[-1].offset + 1
        self._batch.setdefault(partition, []).extend(map(take, records))

    def _room(self) -> int:
        """Return how many more records the batch takes."""
        return self._most - sum(map(len, self._batch.values()))

    async def _fill(self) -> None:
        """Add records that have been fetched, a few at a time, and let other tasks run in between.

        Stops where the driver fails: the batch is not concerned, and FastStream meets the same failure next. During a
        rebalance the driver would wait for its end, and the batch with it.
        """
        while not self._rebalancing and (room := self._room()) > 0:
            try:
                found = await self._consumer().getmany(max_records=min(FEW, room))
            except Exception as wrong:  # noqa: BLE001 - after any error nothing may be passed over
                log.info("no more could be taken", reason=wrong)
                self._take_up()
                return
            for partition in found.keys() & self._next.keys():
                self._add(partition, found[partition])
            if not found:
                return
            await asyncio.sleep(0)

    def _take_up(self) -> None:
        """Continue after what was taken last: what the driver has given or dropped since is read again."""
        for partition in self._next.keys() & self._consumer().assignment():
            self._consumer().seek(partition, self._next[partition])
