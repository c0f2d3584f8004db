"""How does the reader get records: at once when there are any, together in a stream, and one batch ahead?

What is ahead of the batch in hand was fetched and unpacked, and nothing else: no state was read for it, so that nothing
has to be undone. A seek throws it away, as it does with what the driver has fetched.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError

from shared.bus.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiokafka import ConsumerRecord

log = structlog.get_logger(__name__)

# So many records are worth a transaction of their own: who gathers waits only with fewer.
MANY = 100

R = TypeVar("R")


class Ahead(Generic[R]):
    """Records that come next, by partition; what is forgotten is fetched again from where a seek says."""

    def __init__(self) -> None:
        self._records: dict[TopicPartition, list[R]] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._records)

    def keep(self, records: dict[TopicPartition, list[R]]) -> None:
        """Hold `records` until they are taken."""
        self._records = records

    def forget(self, partition: TopicPartition) -> None:
        """Somebody went elsewhere in the partition: what is held of it does not come next."""
        self._records.pop(partition, None)

    def take(self, assigned: Collection[TopicPartition]) -> dict[TopicPartition, list[R]]:
        """What is held of the partitions that are still ours; nothing is held afterwards."""
        held, self._records = self._records, {}
        return {partition: records for partition, records in held.items() if partition in assigned}


class Waiting(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka is untyped
    """A consumer that gives records as soon as there are any, and never none.

    After an empty look FastStream sleeps as long as the look took: that would be the price of an event that comes out
    of the blue, or of looking a hundred times a second. With `gathers` it waits so many seconds for what follows, and
    without it while one record comes after the other.
    """

    def __init__(self, *, gathers: float, **options: Any) -> None:
        super().__init__(**options)
        self._gathers = gathers
        self._pace = Pace()
        self._sought: set[TopicPartition] = set()
        self._placed: set[TopicPartition] = set()
        self._ahead: Ahead[ConsumerRecord[bytes, bytes]] = Ahead()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on from an offset; records of that partition that are held or gathered are read again from there."""
        self._sought.add(partition)
        self._ahead.forget(partition)
        super().seek(partition, offset)
        if not self._subscription.reassignment_in_progress:  # else it is about to be given up, and perhaps given anew
            self._placed.add(partition)

    def leave(self) -> None:
        """The group shares its partitions out anew: nothing is given of one until somebody has sought in it.

        The driver goes on at once from where Kafka was told, which may lie beyond what a restored store has.
        """
        self._placed.clear()
        self._ahead = Ahead()

    def unplaced(self) -> set[TopicPartition]:
        """Those that are ours to stay, and of which nothing is given since nobody has sought in them."""
        return set() if self._subscription.reassignment_in_progress else set(self.assignment()) - self._placed

    async def _fetched(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int
    ) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        found = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        return {partition: records for partition, records in found.items() if partition in self._placed}

    async def seek_to_beginning(self, *partitions: TopicPartition) -> bool:
        """The same, from the oldest record that there is."""
        for partition in partitions:
            self._sought.add(partition)
            self._ahead.forget(partition)
        return bool(await super().seek_to_beginning(*partitions))

    async def look_ahead(self, most: int) -> None:
        """Unpack up to `most` records that have been fetched, for the next `getmany`, while somebody else works."""
        if self._ahead:  # of an attempt that has failed
            return
        if self._subscription.reassignment_in_progress:  # the driver would wait for its end, and so would all that
            return  # waits for the transaction that is open meanwhile; without a broker there is no end
        try:
            self._ahead.keep(await self._fetched(max_records=most))
        except (KafkaError, ConsumerStoppedError) as wrong:  # the batch in hand has nothing to do with it
            log.info("nothing could be read ahead", reason=repr(wrong))

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        """Wait for records; raises `ConsumerStoppedError` once it is stopped."""
        most = max_records or MANY
        found = self._ahead.take(self.assignment())
        while True:
            if not found:
                found = await self._fetched(*partitions, timeout_ms=timeout_ms, max_records=most)
            left = most - sum(len(records) for records in found.values())
            pause = max(self._gathers, self._pace.wait())
            if found and pause and left > max(most - MANY, 0):
                self._sought.clear()
                await asyncio.sleep(pause)
                try:
                    more = await self._fetched(*partitions, max_records=left)
                except KafkaError as wrong:  # what is in hand is not to be passed over; it comes up again if it lasts
                    log.info("no more could be gathered", reason=repr(wrong))
                    more = {}
                # What was taken before a seek is not what comes next by now: somebody may want what lies before it.
                for partition in self._sought:
                    found.pop(partition, None)
                for partition, records in more.items():
                    found.setdefault(partition, []).extend(records)
            if found:
                self._pace.went()
                return found
