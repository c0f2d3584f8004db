"""Test that a stream of single facts is sent and applied in batches, without waiting for the lag figures."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.bus import Consumers
from shared.bus.db import leases
from shared.bus.db.journal import partition_of
from shared.bus.inbox.reader import Reader
from shared.bus.log import batching
from shared.bus.log.batching import EVERY_SECONDS, FEW, FIRST, BatchTiming
from shared.bus.outbox.relay import Relay
from shared.ids import new_id
from tests.integration.shared.bus.test_delivery import TOPIC, _count, _is, endorsed, running, until
from tests.integration.shared.bus.test_gathering import _behind, _came

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any

    from shared.bus import Bus, Envelope, Tx

    NewBus = Callable[..., Awaitable[Bus]]

TURN = 0.321
"""As long as no other pause."""


async def _write(owner: Bus, subject: str) -> None:
    async with owner.transaction("coordinator") as tx:
        await tx.record(endorsed(), subject)


@pytest.fixture
def _slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round waits for a turn."""
    monkeypatch.setattr(BatchTiming, "wait", lambda _: TURN)


@pytest.mark.usefixtures("_slow")
async def test_facts_committed_while_the_relay_waits_are_sent_together(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts that were committed one by one within a turn go out in one round, in their order."""
    owner = await new_bus("applications", kafka=topics)
    first, then = [str(new_id())], [str(new_id()) for _ in range(5)]
    left = [first, then]
    sent: list[list[str]] = []
    sends, sleeps = Relay._send, asyncio.sleep

    async def send(relay: Relay, lease: leases.Lease, rows: Sequence[Any]) -> Any:
        sent.append([row["aggregateid"] for row in rows])
        return await sends(relay, lease, rows)

    async def sleep(seconds: float) -> None:
        """Ordinary, but in the relay's turns facts are committed."""
        if seconds == TURN and left:
            for subject in left.pop(0):
                await _write(owner, subject)
        else:
            await sleeps(seconds)

    monkeypatch.setattr(Relay, "_send", send)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    async with running(Relay(owner).run):
        await until(lambda: _is(_count(owner, "sent_record"), 6))
    assert sent == [first, then]


async def test_the_relay_takes_a_round_with_many_facts_for_one_of_a_stream(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few facts in one round the next round is made at once; after a dozen it waits its turn."""
    owner = await new_bus("applications", kafka=topics)
    relay, lease = Relay(owner), await leases.acquire(owner, "relay")
    assert lease is not None
    monkeypatch.setattr(batching, "monotonic", lambda: 1_000.0)  # no time passes in which turns would come back
    waited = []
    for many in (FEW, FIRST):
        async with owner.transaction("coordinator") as tx:
            for _ in range(many):
                await tx.record(endorsed(), str(new_id()))
        assert await relay.send_on(lease) == many
        waited.append(relay._pace.wait())
        await relay.settled()
    await relay.close()
    assert waited == [0, pytest.approx(EVERY_SECONDS)]


@pytest.mark.usefixtures("_slow")
async def test_events_that_come_while_the_reader_waits_are_applied_together(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that need not gather applies with the event in hand what comes until its turn."""
    owner = await new_bus("applications", kafka=topics)
    bus = await new_bus("matching", kafka=topics)
    relay, lease = Relay(owner), await leases.acquire(owner, "relay")
    assert lease is not None
    first, second, third = (str(new_id()) for _ in range(3))
    batches: list[list[tuple[str, str]]] = []
    in_hand = asyncio.Event()
    sleeps = asyncio.sleep

    async def evolve(_: Tx, events: Sequence[Envelope]) -> None:
        batches.append([(each.subject, each.type) for each in events if each.subject in {first, second, third}])

    consumers = Consumers("matching")
    consumers.topic(TOPIC, evolve=evolve)
    reader = Reader(bus, consumers)

    async def sleep(seconds: float) -> None:
        """Ordinary, but in the turn for which the second event waits the third one arrives."""
        if seconds == TURN and in_hand.is_set():
            in_hand.clear()
            await _write(owner, third)
            await relay.send_once(lease)
            await until(lambda: _behind(reader, 2))
        else:
            await sleeps(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    async with running(reader.run):
        await _write(owner, first)
        await relay.send_once(lease)
        await until(lambda: _came(batches, first))
        in_hand.set()
        await _write(owner, second)
        await relay.send_once(lease)
        await until(lambda: _came(batches, third))
        await until(lambda: _behind(reader, 0))
        await relay.close()
    assert [[subject for subject, _ in batch] for batch in batches if batch] == [[first], [second, third]]


async def test_kafka_gets_the_offset_after_the_batch(new_bus: NewBus, topics: str) -> None:
    """A second after a batch, or with the reader's end, Kafka's offset of the group is what the database says."""
    owner = await new_bus("applications", kafka=topics)
    bus = await new_bus("matching", kafka=topics)
    relay, lease = Relay(owner), await leases.acquire(owner, "relay")
    assert lease is not None
    first, last = str(new_id()), str(new_id())
    batches: list[list[tuple[str, str]]] = []

    async def evolve(_: Tx, events: Sequence[Envelope]) -> None:
        batches.append([(each.subject, each.type) for each in events])

    consumers = Consumers("matching")
    consumers.topic(TOPIC, evolve=evolve)
    reader = Reader(bus, consumers)
    async with running(reader.run):
        await _write(owner, first)
        await relay.send_once(lease)
        await until(lambda: _came(batches, first))
        await until(lambda: _kafka_has_offset(topics, first, reader))
        await _write(owner, last)
        await relay.send_once(lease)
        await until(lambda: _came(batches, last))
        await until(lambda: _behind(reader, 0))
        await relay.close()
    assert await _kafka_has_offset(topics, last, reader)


async def _kafka_has_offset(kafka: str, subject: str, reader: Reader) -> bool:
    """Return whether Kafka has the reader's place in the partition of `subject`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets("matching")
    finally:
        await admin.close()
    number = partition_of(TOPIC, subject)
    at = offsets.get(TopicPartition(TOPIC, number))
    return at is not None and at.offset == reader._known[TOPIC, number]
