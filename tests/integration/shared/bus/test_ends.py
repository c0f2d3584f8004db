"""A reader notices that the log ends before what it has read, although no record comes that would show it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from aiokafka import TopicPartition
from sqlalchemy import text

from shared.bus.inbox import reader as reader_module
from shared.bus.inbox.reader import Reader
from shared.ids import new_id
from tests.integration.shared.bus.conftest import applied
from tests.integration.shared.bus.test_delivery import TOPIC, Handlers, endorsed
from tests.simulation.services.log import GroupConsumer, Log
from tests.support import Feed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus

    NewBus = Callable[..., Awaitable[Bus]]
PLACE = TopicPartition(TOPIC, 3)


@pytest.mark.parametrize("known", [True, False])
async def test_a_log_that_ends_before_what_was_read_is_read_from_its_start(
    new_bus: NewBus,
    monkeypatch: pytest.MonkeyPatch,
    known: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """If the driver knows the end, and if the broker is asked, all is read again, and nothing is applied twice."""
    if not known:
        monkeypatch.setattr(GroupConsumer, "highwater", lambda *_: None)
        monkeypatch.setattr(reader_module, "ENDS_SECONDS", -1.0)
    bus, handlers, log = await new_bus("matching"), Handlers(), Log()
    reader, consumer = Reader(bus, handlers.consumers), GroupConsumer(log)
    reader._subscription = SimpleNamespace(consumer=consumer)  # type: ignore[assignment]  # all it uses
    feed, subjects = Feed(bus, handlers.consumers), [str(new_id()) for _ in range(4)]
    records = [feed.record(endorsed(), subject) for subject in subjects]
    consumer.at = {PLACE: 0}
    await reader.assigned({PLACE})

    async def read() -> None:
        for found in (await consumer.getmany(max_records=100)).values():
            await reader._handle(tuple(found))

    for record in records[:3]:
        log.append(PLACE, record.key, record.value, record.headers)
    await read()
    await reader._look_at_ends()
    assert await _next_offset(bus) == 3, "nothing was lost"
    log.lose(PLACE, 3)
    await reader._look_at_ends()
    assert await _next_offset(bus) == 0
    for record in [records[3], *records[:3]]:  # the new one stands where an old one was, and the old ones come again
        log.append(PLACE, record.key, record.value, record.headers)
    await read()
    assert [subject for subject, _ in await applied(bus)] == subjects
    assert await _next_offset(bus) == 4


async def _next_offset(bus: Bus) -> int:
    async with bus.read() as session:
        return int(await session.scalar(text("SELECT next_offset FROM read_position WHERE partition = 3")) or 0)
