"""Test that clients of Kafka are left whole: however they start, and however their user is cancelled."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest
from aiokafka.errors import KafkaError

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


async def test_a_start_that_is_cancelled_leaves_no_connection_open(topics: str) -> None:
    """Cancelled at any moment of the start, a consumer's user goes no further and no connection stays open."""
    settings = ServiceSettings(**settings_for("postgresql+asyncpg://nobody@localhost/none", kafka=topics))

    async def use() -> None:
        async with kafka.started(kafka.bare_consumer(settings)):
            await asyncio.Event().wait()

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for steps in range(1, 40):
            starting = asyncio.create_task(use())
            for _ in range(steps):
                await asyncio.sleep(0.0002)
            starting.cancel()
            await asyncio.wait([starting])
        del starting
        gc.collect()
    assert [str(each.message) for each in warned if "Unclosed" in str(each.message)] == []


async def test_a_client_that_cannot_start_is_closed() -> None:
    """Without a broker, consumer and producer are closed before the error is raised."""
    settings = ServiceSettings(**settings_for("postgresql+asyncpg://nobody@localhost/none", kafka="127.0.0.1:1"))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for client in (kafka.bare_consumer, lambda settings: kafka.producer(settings, "tests")):
            with pytest.raises(KafkaError):
                async with kafka.started(client(settings)):
                    pytest.fail("nobody listens there")
        gc.collect()
    assert [str(each.message) for each in warned if "Unclosed" in str(each.message)] == []


class Ended:
    """A client whose own work is cancelled from inside, as that of a client may be that has lost its broker."""

    def __init__(self) -> None:
        """Count how often it was stopped."""
        self.stops = 0

    async def start(self) -> None:
        """Connect in vain."""
        raise asyncio.CancelledError

    async def stop(self) -> None:
        """Leave in vain."""
        self.stops += 1
        raise asyncio.CancelledError


async def test_a_client_that_cancels_its_own_work_has_failed() -> None:
    """Neither its start nor its end cancels its user, who reads of an error, or of nothing where none is of use."""
    client = Ended()
    with pytest.raises(KafkaError, match="cancelled its own work"):
        await kafka.start(client)
    with pytest.raises(KafkaError, match="cancelled its own work"):
        await kafka.stop(client)
    await kafka.leave(client)
    assert client.stops == 3


async def test_a_user_who_is_cancelled_ends_although_its_client_cancels_itself_as_well() -> None:
    """A cancel of the user is never taken for one of the client."""

    async def use() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await kafka.leave(Ended())

    using = asyncio.create_task(use())
    await asyncio.sleep(0)
    using.cancel()
    await asyncio.wait([using])
    assert using.cancelled()
