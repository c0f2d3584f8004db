"""Know whether Apache Kafka answers, for the readiness of a service."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

import structlog
from aiokafka.errors import KafkaError

from shared.bus.log import kafka

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

    from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

EVERY_SECONDS = 5.0
ASK_SECONDS = 5.0
"""Seconds that the broker has for an answer."""
AGAIN_SECONDS = 1.0
SILENT_SECONDS = 20.0
"""After so long without an answer Kafka counts as away: a broker that starts again takes less."""


class LogWatch:
    """Asks the broker now and then, with a client of its own, since the others wait for it in silence."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._since: float | None = None

    def answers(self) -> bool:
        """Return whether the broker answered in the last `SILENT_SECONDS`; true while nobody watches."""
        return self._since is None or monotonic() - self._since < SILENT_SECONDS

    async def run(self) -> None:
        """Ask until cancelled."""
        self._since = monotonic()
        while True:
            consumer = kafka.bare_consumer(self._settings, answer_seconds=ASK_SECONDS)
            try:
                await kafka.start(consumer)
                await self._ask(consumer)
            except (KafkaError, OSError) as wrong:
                log.info("Kafka does not answer", reason=wrong)
            finally:
                await kafka.leave(consumer)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _ask(self, consumer: AIOKafkaConsumer) -> None:
        """Ask until there is no answer. Raises Kafka errors."""
        while True:
            await consumer.topics()
            self._since = monotonic()
            await asyncio.sleep(EVERY_SECONDS)
