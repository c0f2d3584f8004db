"""A reader that stands still with a batch in hand applies nothing of it once another has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiokafka import TopicPartition

from shared.bus import Bus
from shared.bus.db import bus as bus_module
from shared.ids import new_id
from shared.settings import ServiceSettings
from tests.integration.shared.bus.conftest import applied
from tests.integration.shared.bus.test_delivery import TOPIC, Handlers, endorsed, withdrawn
from tests.simulation.world import Log, Member
from tests.stalls import stalled
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shared.bus.log.envelope import StoredRecord

    NewBus = Callable[..., Awaitable[Bus]]
PLACE = TopicPartition(TOPIC, 3)


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
