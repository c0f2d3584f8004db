"""A relay that stands still for longer than its lease sends at most one batch again, and leaves no old state last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from shared.bus import Bus
from shared.bus.db import leases
from shared.bus.db.journal import partition_of
from shared.bus.log import kafka
from shared.bus.outbox.relay import Relay
from shared.contracts.calls import CallClosed
from shared.ids import new_id
from shared.settings import ServiceSettings
from tests.integration.shared.bus.test_delivery import TOPIC, endorsed
from tests.stalls import ENDED, stalled
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiokafka.structs import ConsumerRecord

    from shared.contracts import Event

    NewBus = Callable[..., Awaitable[Bus]]
CALLS = "exchange.calls"


async def relay_until_lost(address: str, log: str) -> None:
    """Send until another process has the lease; the work of the process that stands still."""
    bus = Bus("applications", ServiceSettings(**settings_for(address, kafka=log)))
    relay = Relay(bus)
    async with leases.hold(bus, "relay") as lease:
        try:
            await relay._send_for_ever(lease)
        finally:
            await relay.close()


async def _write(owner: Bus, event: Event, subject: str) -> None:
    async with owner.transaction("coordinator") as tx:
        await tx.record(event, subject)


async def _send(owner: Bus) -> None:
    relay = Relay(owner)
    async with leases.hold(owner, "relay") as lease:
        while await relay.send_once(lease):
            pass
        await relay.close()


async def _sequences(owner: Bus, topic: str, subject: str) -> list[bytes | None]:
    """Return the numbers of the events about a subject, as they lie on the log."""
    consumer = kafka.bare_consumer(owner.settings)
    await consumer.start()
    try:
        partition = TopicPartition(topic, partition_of(topic, subject))
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        await consumer.seek_to_beginning(partition)
        found: list[ConsumerRecord[bytes, bytes]] = []
        while await consumer.position(partition) < end:
            found += (await consumer.getmany(partition, timeout_ms=1000)).get(partition, ())
        return [dict(record.headers)["ce_sequence"] for record in found if record.key == subject.encode()]
    finally:
        await consumer.stop()


async def test_a_relay_that_slept_before_it_sent_sends_nothing(new_bus: NewBus, topics: str) -> None:
    """It has read a batch when it stops; when it goes on another has sent it, and it sends none of it."""
    owner, subject = await new_bus("applications", kafka=topics), str(new_id())
    await _write(owner, endorsed(), subject)
    address = owner.settings.database_url.get_secret_value()
    at = "shared.bus.outbox.relay:Relay._send"
    async with stalled(__name__, relay_until_lost, address, topics, at=at) as process:
        await _send(owner)
        assert await process.go_on() in ENDED
    assert await _sequences(owner, TOPIC, subject) == [b"1"]


async def test_of_a_compacted_topic_the_newest_state_stays_last(new_bus: NewBus, topics: str) -> None:
    """A relay that stops while it sends, and goes on after another has sent a newer state, has that sent once more."""
    owner, subject = await new_bus("applications", kafka=topics), str(new_id())
    closed = CallClosed.model_validate(dict(CallClosed.example))
    await _write(owner, closed, subject)
    address = owner.settings.database_url.get_secret_value()
    at = "shared.bus.outbox.relay:headers_of"  # after it has looked at its lease
    async with stalled(__name__, relay_until_lost, address, topics, at=at) as process:
        await _write(owner, closed, subject)
        await _send(owner)
        assert await _sequences(owner, CALLS, subject) == [b"1", b"2"]
        assert await process.go_on() in ENDED
    assert await _sequences(owner, CALLS, subject) == [b"1", b"2", b"1"]
    await _send(owner)
    assert await _sequences(owner, CALLS, subject) == [b"1", b"2", b"1", b"2"]


async def test_a_relay_that_stops_in_a_transaction_is_followed_all_the_same(new_bus: NewBus, topics: str) -> None:
    """The store ends the transaction of a process that stands still, so that its lock on the lease is gone."""
    owner, subject = await new_bus("applications", kafka=topics), str(new_id())
    await _write(owner, endorsed(), subject)
    address = owner.settings.database_url.get_secret_value()
    at = "shared.bus.outbox.lost_records:LostRecords.notice"
    async with stalled(__name__, relay_until_lost, address, topics, at=at) as process:
        await _send(owner)
        assert await process.go_on() in ENDED
    assert await _sequences(owner, TOPIC, subject) == [b"1", b"1"]
