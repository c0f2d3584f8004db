"""Loops that look at the log go on after their client has failed, however it fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from shared.bus.db import leases
from shared.bus.inbox import missing
from shared.bus.inbox.consumers import Consumers
from shared.bus.log import kafka
from shared.bus.outbox import upkeep
from shared.bus.outbox.lost_records import LostRecords
from shared.contracts import TOPICS
from tests.integration.shared.bus.test_delivery import running
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from shared.bus import Bus

    NewBus = Callable[..., Awaitable[Bus]]

LOOKS = 3
"""So many looks must follow the failures."""


class Client:
    """A consumer on a log without records that counts what is asked of it."""

    def __init__(self, *, at_start: BaseException | None = None, at_reading: BaseException | None = None) -> None:
        """Raise `at_start` while it connects; raise `at_reading` while it reads, and while it leaves then."""
        self.at_start, self.at_reading = at_start, at_reading
        self.looks = self.left = 0
        self.requests: list[list[TopicPartition]] = []

    async def start(self) -> None:
        """Connect."""
        if self.at_start is not None:
            raise self.at_start

    async def stop(self) -> None:
        """Leave."""
        self.left += 1
        if isinstance(self.at_reading, TimeoutError):
            raise asyncio.CancelledError
        if self.at_start is not None or self.at_reading is not None:
            raise AssertionError("a task of the client had failed")

    def assign(self, places: Iterable[TopicPartition]) -> None:
        """Read these partitions."""

    async def topics(self) -> set[str]:
        """Return all topics."""
        return {*TOPICS, "exchange.heads"}

    async def getmany(self, *_: TopicPartition, **__: Any) -> dict[TopicPartition, list[Any]]:
        """Return nothing."""
        self.looks += 1
        if self.at_reading is not None:
            raise self.at_reading
        return {}

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Return that all is empty."""
        self.requests.append(list(places))
        return dict.fromkeys(places, 0)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """Six clients, each made after the one before has failed; the last one does not fail.

    One cancels its own work while it starts, one while it leaves.
    """
    made = [
        Client(at_start=asyncio.CancelledError()),
        Client(at_reading=TimeoutError("the broker stalled")),
        Client(at_start=KafkaConnectionError("the broker was killed")),
        Client(at_reading=ConnectionResetError("the broker was killed")),
        Client(at_reading=RuntimeError("an error that no document of the client names")),
        Client(),
    ]
    rest = iter(made)
    monkeypatch.setattr(kafka, "bare_consumer", lambda _: next(rest))
    monkeypatch.setattr(upkeep, "SERVE_SECONDS", 0.001)
    monkeypatch.setattr(missing, "LOOK_SECONDS", 0.001)
    return made


async def test_the_owner_goes_on_to_serve_its_readers_after_its_client_failed(
    new_bus: NewBus, clients: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each client that failed is left, also one that was half started, and the next one serves the requests."""
    owner = await new_bus("applications")
    written: list[str] = []

    async def write(_: object, service: str, __: object) -> None:
        written.append(service)

    monkeypatch.setattr(upkeep, "write", write)
    lease = await leases.acquire(owner, "relay")
    assert lease is not None
    async with running(lambda: upkeep.Upkeep(owner).run(lease)):
        await until(lambda: clients[-1].looks >= LOOKS, "the last client looks", within=60)
    assert [client.left for client in clients] == [1] * 6
    assert written, "the heads are published"


async def test_a_reader_goes_on_to_compare_heads_after_its_client_failed(
    new_bus: NewBus, clients: list[Client]
) -> None:
    """Each client that failed is left, and the next one compares."""
    store = await new_bus("matching")
    async with running(missing.Missing(store, Consumers("matching")).run):
        await until(lambda: clients[-1].looks >= LOOKS, "the last client looks", within=60)
    assert [client.left for client in clients] == [1] * 6


def test_the_pause_after_failures_grows_and_is_bounded() -> None:
    """Each failure in a row doubles the pause, up to half a minute."""
    pauses = [upkeep.pause_after(failures) for failures in (0, 1, 2, 3, 1000)]
    assert pauses == [upkeep.SERVE_SECONDS, 10.0, 20.0, upkeep.LONGEST_PAUSE, upkeep.LONGEST_PAUSE]


async def test_the_first_look_for_lost_records_asks_for_all_own_partitions(
    new_bus: NewBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A topic to which nothing was sent is known from the start, so that no later look waits for it."""
    client = Client()
    monkeypatch.setattr(kafka, "bare_consumer", lambda _: client)
    losses = LostRecords(await new_bus("applications"))
    assert await losses.look() == 0
    own = {
        TopicPartition(name, number)
        for name, topic in TOPICS.items()
        if topic.owner == "applications"
        for number in range(topic.partitions)
    }
    first = list(client.requests)
    assert {place for places in first for place in places} == own
    assert [len({place.topic for place in places}) for places in first] == [1] * len({place.topic for place in own})
    assert await losses.look() == 0
    assert client.requests == [*first, *first], "a later look asks for nothing new"
    await losses.close()
    assert client.left == 1
