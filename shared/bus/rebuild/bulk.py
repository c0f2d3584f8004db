"""Read whole partitions quickly, with a library that fetches and decodes outside Python.

Only a load reads like this. The reader's own consumer decodes each record in Python, which costs as much again as the
rest of a load.
"""

from __future__ import annotations

import asyncio
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple

from aiokafka.errors import KafkaConnectionError
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from shared.bus.log import kafka

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from confluent_kafka import Consumer, Message

    from shared.bus.log.envelope import Record
    from shared.bus.log.offsets import Partition
    from shared.settings import ServiceSettings

POLL_SECONDS = 0.05
"""Seconds for which a batch waits to be full."""
AHEAD = 10_000
"""With so few records left, the next partition is taken: its records arrive meanwhile."""
PATIENCE_SECONDS = 60.0
"""Seconds without a record after which the load fails."""
ANSWER_SECONDS = 20.0


class Span(NamedTuple):
    """The offsets of a partition: its first, and the one after its last."""

    topic: str
    partition: int
    first: int
    end: int

    @property
    def records(self) -> int:
        """Return how many there are at most; a compaction removes some."""
        return self.end - self.first


class BulkRecord(NamedTuple):
    """A record as it came."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def spans(settings: ServiceSettings, service: str, partitions: Iterable[Partition]) -> list[Span]:
    """Return the offsets of each partition now; blocks. Raises `KafkaConnectionError` where no broker answers."""
    consumer = kafka.bulk_consumer(settings, service)
    until = monotonic() + ANSWER_SECONDS
    try:
        return [_span(consumer, each, until) for each in partitions]
    finally:
        consumer.close()


def _span(consumer: Consumer, partition: Partition, until: float) -> Span:
    """Return the offsets of a partition; retried while it has no leader, as just after its creation or move."""
    while True:
        try:
            return Span(*partition, *consumer.get_watermark_offsets(TopicPartition(*partition), timeout=ANSWER_SECONDS))
        except KafkaException as wrong:
            if monotonic() > until:
                raise KafkaConnectionError(str(wrong)) from wrong
            sleep(0.2)


async def records_of(
    settings: ServiceSettings, service: str, wanted: Iterable[Span], most: int
) -> AsyncIterator[list[Record]]:
    """Read the records of partitions up to where each ended, `most` at a time, and the next partition ahead.

    Raises `KafkaConnectionError` where no more records arrive.
    """
    consumer = kafka.bulk_consumer(settings, service)
    try:
        await asyncio.to_thread(_look_up, consumer)
        coming = (each for each in wanted if each.records)
        left: dict[Partition, Span] = {}
        silent = 0.0
        while True:
            while sum(each.records for each in left.values()) < AHEAD and (new := next(coming, None)):
                left[new.topic, new.partition] = new
                consumer.incremental_assign([TopicPartition(new.topic, new.partition, new.first)])
            if not left:
                break
            messages = await asyncio.to_thread(consumer.consume, most, POLL_SECONDS)
            records = _sorted_out(messages, left)
            silent = 0.0 if records else silent + POLL_SECONDS
            if silent > PATIENCE_SECONDS:
                raise KafkaConnectionError(f"{len(left)} partitions gave no record for {PATIENCE_SECONDS:g} seconds")
            if records:
                yield records
    finally:
        await asyncio.to_thread(consumer.close)


def _look_up(consumer: Consumer) -> None:
    """Look up once which broker has which partitions; otherwise each topic's first partition waits for it."""
    try:
        consumer.list_topics(timeout=ANSWER_SECONDS)
    except KafkaException as wrong:
        raise KafkaConnectionError(str(wrong)) from wrong


def _sorted_out(messages: Iterable[Message], left: dict[Partition, Span]) -> list[Record]:
    """Return the records among messages; the rest `left` of each partition begins after them, and ends are removed."""
    records: list[Record] = []
    reached: dict[Partition, int] = {}
    for message in messages:
        topic, number, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
        wrong, span = message.error(), left.get((topic, number))
        if wrong is not None and (wrong.fatal() or wrong.code() in _HOPELESS):
            raise KafkaConnectionError(wrong.str())
        if span is None:
            continue  # what has come since
        if wrong is None:
            if offset < span.end:
                records.append(BulkRecord(topic, number, offset, message.key(), message.value(), _headers(message)))
            reached[topic, number] = offset + 1
        elif wrong.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's own name for it
            reached[topic, number] = offset  # also past what a compaction or a transaction's marker took away
    for partition, first in reached.items():
        span = left.pop(partition)
        if first < span.end:
            left[partition] = span._replace(first=first)
    return records


def _headers(message: Message) -> Sequence[tuple[str, bytes]]:
    """Return a record's headers; none where a name is not UTF-8, so that the record counts as unreadable."""
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
"""Errors that do not pass by waiting."""
