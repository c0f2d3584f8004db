"""How does the reader get records: at once when there are any, together in a stream, and one batch ahead?

What is ahead of the batch in hand was fetched and read, and nothing else: the store was not asked about it, so that
nothing has to be undone. A seek throws it away, as it does with what the driver has fetched.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError

from shared.bus.log.batching import BatchTiming
from shared.bus.log.envelope import take

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from shared.bus.log.envelope import ReadRecord

log = structlog.get_logger(__name__)

# So many records are worth a transaction of their own: who gathers waits only with fewer.
MANY = 100
# So many records are unpacked and read at a time: with fewer the driver is asked too often, with more they do not fit.
FEW = 64

Hand = dict[TopicPartition, list["ReadRecord"]]
"""Records that were taken and not given yet."""

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
    """A consumer that gives records with their events as soon as there are any, and never none.

    After an empty look FastStream sleeps as long as the look took: that would be the price of an event that comes out
    of the blue, or of looking a hundred times a second. With `gathers` it waits so many seconds for what follows, and
    without it while one record comes after the other.
    """

    def __init__(self, *, gathers: float, **options: Any) -> None:
        super().__init__(**options)
        self._gathers = gathers
        self._pace = BatchTiming()
        self._hands: dict[int, Hand] = {}
        self._placed: set[TopicPartition] = set()
        self._next: dict[TopicPartition, int] = {}
        self._ahead: Ahead[ReadRecord] = Ahead()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on from an offset; records of that partition that are held or gathered are read again from there."""
        self._forget(partition)
        super().seek(partition, offset)
        self._next[partition] = offset
        if not self._subscription.reassignment_in_progress:  # else it is about to be given up, and perhaps given anew
            self._placed.add(partition)

    async def seek_to_beginning(self, *partitions: TopicPartition) -> bool:
        """The same, from the oldest record that there is."""
        for partition in partitions:
            self._forget(partition)
            self._next.pop(partition, None)
        return bool(await super().seek_to_beginning(*partitions))

    def _forget(self, partition: TopicPartition) -> None:
        """What was taken before a seek is not what comes next: somebody may want what lies before it."""
        self._ahead.forget(partition)
        for hand in self._hands.values():
            hand.pop(partition, None)

    def leave(self) -> None:
        """The group shares its partitions out anew: nothing is given of one until somebody has sought in it.

        The driver goes on at once from where Kafka was told, which may lie beyond what a restored store has.
        """
        self._placed.clear()
        self._next.clear()
        self._ahead = Ahead()
        for hand in self._hands.values():
            hand.clear()

    def unplaced(self) -> set[TopicPartition]:
        """Those that are ours to stay, and of which nothing is given since nobody has sought in them."""
        return set() if self._subscription.reassignment_in_progress else set(self.assignment()) - self._placed

    @contextmanager
    def _holding(self, hand: Hand) -> Iterator[Hand]:
        """While `hand` is being filled, a seek takes out of it what has to be read again."""
        self._hands[id(hand)] = hand
        try:
            yield hand
        finally:
            del self._hands[id(hand)]

    async def _fill(self, hand: Hand, most: int, *, timeout_ms: int = 0) -> None:
        """Put up to `most` records into `hand`, where there are any; wait, if at all, for the first.

        Raises what the driver does, but while something is in hand, which is not to be passed over.
        A few at a time are unpacked and read: what they leave behind is thrown away while it is still in the
        processor's cache, and the next few come into its place. Others who wait for their turn have it in between.
        """
        while True:
            try:
                found = await super().getmany(timeout_ms=timeout_ms, max_records=min(FEW, most))
            except ConsumerStoppedError:
                raise
            except Exception as wrong:
                self._take_up()
                if not hand:
                    raise
                log.info("no more could be taken", reason=repr(wrong))
                return
            for partition, records in found.items():
                most -= len(records)
                if partition in self._placed:
                    self._next[partition] = records[-1].offset + 1
                    hand.setdefault(partition, []).extend([take(record) for record in records])
            if not found or most <= 0:
                return
            timeout_ms = 0
            await asyncio.sleep(0)
            if self._subscription.reassignment_in_progress:
                return

    def _take_up(self) -> None:
        """Go on from what was taken last: where the driver fails at one partition it has dropped what it took before.

        It would go on behind that, for instance with a batch damaged on its way beside records that are whole.
        """
        for partition in self._placed & self._next.keys() & self.assignment():
            super().seek(partition, self._next[partition])

    async def look_ahead(self, most: int) -> None:
        """Read up to `most` records that have been fetched, for the next `getmany`, while somebody else works."""
        if self._ahead:  # of an attempt that has failed
            return
        if self._subscription.reassignment_in_progress:  # the driver would wait for its end, and what comes after the
            return  # batch in hand with it; without a broker there is no end
        with self._holding({}) as hand:
            try:
                await self._fill(hand, most)
            except Exception as wrong:  # noqa: BLE001 - the batch in hand has nothing to do with it; it comes again
                log.info("no more could be read ahead", reason=repr(wrong))
            self._ahead.keep(hand)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ReadRecord]]:
        """Wait for records; raises `ConsumerStoppedError` once it is stopped."""
        assert not partitions, "all are read"
        most = max_records or MANY
        with self._holding(self._ahead.take(self.assignment())) as hand:
            while True:
                if not hand:
                    await self._fill(hand, most, timeout_ms=timeout_ms)
                left = most - sum(len(records) for records in hand.values())
                pause = max(self._gathers, self._pace.wait())
                if hand and pause and left > max(most - MANY, 0):
                    await asyncio.sleep(pause)
                    await self._fill(hand, left)
                if hand:
                    self._pace.went()
                    return hand
