"""A reader that stands still with a batch in hand applies nothing of it once another has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import TopicPartition
from faststream.kafka import KafkaBroker

from shared.bus import Bus
from shared.bus.db import bus as bus_module
from shared.bus.inbox.reader import Reader
from shared.bus.log import subscription
from shared.bus.outbox.relay import Relay
from shared.ids import new_id
from shared.settings import ServiceSettings
from tests.integration.shared.bus.conftest import applied
from tests.integration.shared.bus.test_delivery import TOPIC, Handlers, _is, endorsed, of, running, until, withdrawn
from tests.simulation.world import Log, Member
from tests.stalls import stalled
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shared.bus.log.envelope import StoredRecord

    NewBus = Callable[..., Awaitable[Bus]]
PLACE = TopicPartition(TOPIC, 3)
GROUP_MS = 6000
"""The broker allows no less time after which it goes on without a member that stands still."""


async def _read(bus: Bus, records: Sequence[StoredRecord]) -> None:
    """Read a partition with these records to its end, as the only member of the group."""
    log = Log()
    for record in records:
        log.append(PLACE.topic, PLACE.partition, record.key, record.value, list(record.headers))
    member = Member(bus, Handlers().consumers, log)
    await member.assign({PLACE})
    member.take(len(records))
    await member.handle()


async def read_records(address: str, records: Sequence[StoredRecord]) -> None:
    """Read; the work of the process that stands still, whose transaction the store ends after two seconds."""
    bus_module._IDLE = "2s"
    await _read(Bus("matching", ServiceSettings(**settings_for(address))), records)


@pytest.mark.parametrize("at", ["reader:offsets.lock", "apply:letters.advance"])
async def test_a_reader_that_slept_applies_nothing_twice(new_bus: NewBus, at: str) -> None:
    """It stops before it locks its place, or with all written; the other applies each event once, and it none."""
    bus, subjects = await new_bus("matching"), [str(new_id()) for _ in range(3)]
    feed = Feed(bus, Handlers().consumers)
    records = [feed.record(endorsed(), subject) for subject in subjects]
    address = bus.settings.database_url.get_secret_value()
    async with stalled(__name__, read_records, address, records, at=f"shared.bus.inbox.{at}") as process:
        assert await applied(bus) == []
        await _read(bus, [*records, feed.record(withdrawn(), subjects[0])])
        wanted = [*((subject, "ApplicationEndorsed") for subject in subjects), (subjects[0], "ApplicationWithdrawn")]
        assert await applied(bus) == wanted
        assert await applied(bus, "react") == wanted
        assert await process.go_on() == "done"
    assert await applied(bus) == wanted
    assert await applied(bus, "react") == wanted


async def read_in_group(address: str, log: str) -> None:
    """Read as a member of the group until one batch is handled; the work of the process that stands still."""
    handled = asyncio.Event()

    class Once(Reader):
        async def _handle(self, records: tuple[Any, ...]) -> None:
            await super()._handle(records)
            handled.set()

    class Broker(KafkaBroker):
        def subscriber(self, *topics: Any, **options: Any) -> Any:
            return super().subscriber(*topics, **options | {"session_timeout_ms": GROUP_MS})

    vars(subscription)["KafkaBroker"] = Broker
    bus = Bus("matching", ServiceSettings(**settings_for(address, kafka=log)))
    async with running(Once(bus, Handlers().consumers).run):
        await handled.wait()


async def _until_seen(bus: Bus, subject: str, wanted: list[str]) -> None:
    await until(lambda: _is(of(bus, subject), wanted))


async def test_a_member_of_a_group_that_slept_applies_nothing_twice(new_bus: NewBus, topics: str) -> None:
    """Its group goes on without it; what it had in hand is applied once, by another, and no event is lost."""
    owner, reader = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    subjects = [str(new_id()) for _ in range(3)]
    async with running(Relay(owner).run):
        async with owner.transaction("coordinator") as tx:
            for subject in subjects:
                await tx.record(endorsed(), subject)
        address = reader.settings.database_url.get_secret_value()
        at = "shared.bus.inbox.reader:offsets.lock"
        async with (
            stalled(__name__, read_in_group, address, topics, at=at) as process,
            running(Reader(reader, Handlers().consumers).run),
        ):
            for subject in subjects:
                await _until_seen(reader, subject, ["ApplicationEndorsed"])
            assert await process.go_on() == "done"
            async with owner.transaction("coordinator") as tx:
                for subject in subjects:
                    await tx.record(withdrawn(), subject)
            wanted = ["ApplicationEndorsed", "ApplicationWithdrawn"]
            for subject in subjects:
                await _until_seen(reader, subject, wanted)
    for how in ("evolve", "react"):
        assert [await of(reader, subject, how) for subject in subjects] == [wanted] * 3
