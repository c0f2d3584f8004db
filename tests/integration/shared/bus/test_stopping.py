"""Test that a task ends when it is cancelled, also while a client of Kafka is stopping."""

from __future__ import annotations

import asyncio

from shared.bus.log import kafka
from shared.settings import ServiceSettings
from tests.support import settings_for


async def test_a_cancel_is_not_lost_while_a_client_stops(topics: str) -> None:
    """Cancelled at any step of the stopping of a producer, its user does not go on."""
    settings = ServiceSettings(**settings_for("postgresql+asyncpg://nobody@localhost/none", kafka=topics))
    for steps in range(1, 12):
        producer = kafka.producer(settings, "tests")
        await producer.start()
        working = asyncio.create_task(kafka.stop(producer))
        for _ in range(steps):
            await asyncio.sleep(0)
        stopped_before = not working.cancel()
        await asyncio.wait([working])
        assert stopped_before or working.cancelled()
