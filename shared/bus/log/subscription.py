"""Read topics as a member of a consumer group, and hand over what arrives as raw records.

FastStream hands over each record through a parser and a decoder that pass the raw record on and never raise: otherwise
a bad header or an empty value would lose it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage

from shared.bus.log import kafka

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from aiokafka import AIOKafkaConsumer
    from aiokafka.abc import ConsumerRebalanceListener

    from shared.bus.log.envelope import Record
    from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

MAX_POLL_MS = 300_000
METADATA_MS = 15_000
# The broker answers a fetch at once when there is something, else after so long: a quiet reader asks no more often.
FETCH_MS = 2_000


class Subscription:
    """The membership of one process in a service's group; `consumer` is the driver's, once it has started."""

    def __init__(
        self,
        settings: ServiceSettings,
        service: str,
        topics: Iterable[str],
        listener: ConsumerRebalanceListener,
        handle: Callable[[tuple[Record, ...]], Awaitable[None]],
    ) -> None:
        """Read `topics`; `handle` gets the next record, and takes those after it from the consumer itself."""
        self._handle = handle
        self._broker = KafkaBroker(
            settings.kafka.split(","),
            security=kafka.security(settings),
            client_id=f"{service}-reader",
            apply_types=False,
            allow_auto_create_topics=False,
            metadata_max_age_ms=METADATA_MS,  # so soon a topic that was deleted and made anew is read again
            consumer_only=True,  # the relay sends, with a producer that it can replace
            logger=None,
            graceful_timeout=10.0,
        )
        self._subscriber = self._broker.subscriber(
            *topics,
            # One record at a time: a batching subscriber of FastStream asks and sleeps in turn while nothing arrives.
            # `Intake` takes the records that follow.
            group_id=service,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            fetch_max_wait_ms=FETCH_MS,
            max_poll_interval_ms=MAX_POLL_MS,
            session_timeout_ms=10_000,
            parser=self._parse,
            decoder=self._decode,
            listener=listener,
            no_reply=True,
        )
        self._subscriber(self._take)

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The driver's consumer; None before the start and after the end."""
        return self._subscriber.consumer

    async def start(self) -> None:
        """Connect; wait for a broker that is not up yet, with a limit for each attempt."""
        while True:
            try:
                await kafka.start(self._broker)
            except (KafkaError, OSError) as wrong:
                log.warning("the reader waits for Kafka", reason=wrong)
                await asyncio.sleep(1)
            else:
                return

    async def stop(self) -> None:
        """Leave the group. Raises Kafka errors."""
        await kafka.stop(self._broker)

    async def _parse(self, record: Record) -> KafkaMessage:
        consumer = self._subscriber.consumer
        assert consumer is not None, "records arrive while it is started"
        return KafkaMessage(body=b"", raw_message=record, headers={}, consumer=consumer)

    async def _decode(self, message: KafkaMessage) -> KafkaMessage:
        return message

    async def _take(self, message: KafkaMessage) -> None:
        record = message.raw_message
        assert not isinstance(record, tuple)
        # FastStream leaves the message in a cycle: the record would stay until the garbage collector's next run,
        # which would then be slow.
        message.raw_message = ()
        await self._handle((record,))
