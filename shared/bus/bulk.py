"""How are whole partitions read, as fast as they come? By a library that fetches and decodes outside of Python.

Only a load reads like this. The reader's own consumer decodes each record in Python, which costs as much again as all
that the load does with it.
"""

from __future__ import annotations

import asyncio
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple

from aiokafka.errors import KafkaConnectionError
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from shared.bus import kafka

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from confluent_kafka import Consumer, Message

    from shared.bus.envelope import Record
    from shared.bus.offsets import Partition
    from shared.settings import ServiceSettings

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 60.0
"""So long without a record, and the log is given up."""
ANSWER_SECONDS = 20.0


class Span(NamedTuple):
    """What a partition holds: its first offset, and the one after its last."""

    topic: str
    partition: int
    first: int
    end: int

    @property
    def records(self) -> int:
        """How many there are at most; a compaction takes some away."""
        return self.end - self.first


class Taken(NamedTuple):
    """A record as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def spans(settings: ServiceSettings, service: str, partitions: Iterable[Partition]) -> list[Span]:
    """What each partition holds now; blocks. Raises `KafkaConnectionError` where no broker answers."""
    consumer = kafka.bulk_consumer(settings, service)
    until = monotonic() + ANSWER_SECONDS
    try:
        return [_span(consumer, each, until) for each in partitions]
    finally:
        consumer.close()


def _span(consumer: Consumer, partition: Partition, until: float) -> Span:
    """What a partition holds; asked again while it has no leader, as just after it was made or has moved."""
    while True:
        try:
            return Span(*partition, *consumer.get_watermark_offsets(TopicPartition(*partition), timeout=ANSWER_SECONDS))
        except KafkaException as wrong:
            if monotonic() > until:
                raise KafkaConnectionError(str(wrong)) from wrong
            sleep(0.2)


async def records_of(
    settings: ServiceSettings, service: str, wanted: Sequence[Span], most: int
) -> AsyncIterator[list[Record]]:
    """The records of partitions up to where each ended, `most` at a time.

    Raises `KafkaConnectionError` where they stop to come.
    """
    consumer = kafka.bulk_consumer(settings, service)
    try:
        left = {(each.topic, each.partition): each.end for each in wanted if each.records}
        consumer.assign([TopicPartition(each.topic, each.partition, each.first) for each in wanted if each.records])
        silent = 0.0
        while left:
            messages = await asyncio.to_thread(consumer.consume, most, POLL_SECONDS)
            records = _sorted_out(messages, left)
            silent = 0.0 if records else silent + POLL_SECONDS
            if silent > PATIENCE_SECONDS:
                raise KafkaConnectionError(f"{len(left)} partitions gave no record for {PATIENCE_SECONDS:g} seconds")
            if records:
                yield records
    finally:
        await asyncio.to_thread(consumer.close)


def _sorted_out(messages: Iterable[Message], left: dict[Partition, int]) -> list[Record]:
    """The records among messages; partitions that have come to their end are taken out of `left`."""
    records: list[Record] = []
    for message in messages:
        topic, number, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
        wrong, end = message.error(), left.get((topic, number))
        if wrong is not None and (wrong.fatal() or wrong.code() in _HOPELESS):
            raise KafkaConnectionError(wrong.str())
        if end is None:
            continue  # what has come since
        if wrong is None:
            if offset < end:
                records.append(Taken(topic, number, offset, message.key(), message.value(), _headers(message)))
            reached = offset + 1
        elif wrong.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's own name for it
            reached = offset  # also past what a compaction or a transaction's marker took away
        else:
            continue  # the library tries again by itself
        if reached >= end:
            del left[topic, number]
    return records


def _headers(message: Message) -> Sequence[tuple[str, bytes]]:
    """A record's headers; none where a name is not UTF-8, so that it is parked as what cannot be read."""
    try:
        return message.headers() or ()  # type: ignore[return-value]  # a list of pairs of text and bytes
    except UnicodeDecodeError:
        return ()


_HOPELESS = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._AUTHENTICATION,  # noqa: SLF001 - as above
    KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - as above
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - as above
}
"""What waiting does not mend."""
