"""Test that a reader that gathers applies what follows together with its batch, in order and once."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, cast

import pytest

from shared.bus import Consumers
from shared.bus.db.journal import partition_of
from shared.bus.inbox.reader import Reader
from shared.bus.log import offsets
from shared.bus.outbox.relay import Relay
from shared.ids import new_id
from tests.integration.shared.bus.test_delivery import TOPIC, _count, _is, endorsed, running, until, withdrawn
from tests.rebuilding import empty_projections
from tests.support import Feed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any

    from shared.bus import Bus, Envelope, Tx
    from shared.bus.inbox.reader import Records

    NewBus = Callable[..., Awaitable[Bus]]

GATHERS_MS = 123


async def test_the_next_event_is_applied_in_the_same_transaction(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that arrives while the one before it is in hand is applied with it, after it; neither comes again."""
    owner = await new_bus("applications", kafka=topics)
    bus = await new_bus("matching", kafka=topics, reader_gathers_ms=GATHERS_MS)
    first, second = str(new_id()), str(new_id())
    batches: list[list[tuple[str, str]]] = []
    gathering = asyncio.Event()
    sleeps = asyncio.sleep

    async def evolve(_: Tx, events: Sequence[Envelope]) -> None:
        batches.append([(each.subject, each.type) for each in events if each.subject in {first, second}])

    consumers = Consumers("matching")
    consumers.topic(TOPIC, evolve=evolve)
    reader = Reader(bus, consumers)

    async def sleep(seconds: float) -> None:
        """Ordinary, but in the reader's pause with the first event about `second` in hand another one arrives."""
        if seconds == GATHERS_MS / 1000 and gathering.is_set():
            gathering.clear()
            async with owner.transaction("officer") as tx:
                await tx.record(withdrawn(), second)
            await until(lambda: _is(_count(owner, "outbox"), 0))
            await until(lambda: _behind(reader, 2))
        else:
            await sleeps(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    async with running(Relay(owner).run, reader.run):
        async with owner.transaction("coordinator") as tx:
            await tx.record(endorsed(), first)
        await until(lambda: _came(batches, first))
        await until(lambda: _behind(reader, 0))  # nothing that others have left on the log is being gathered
        gathering.set()
        async with owner.transaction("coordinator") as tx:
            await tx.record(endorsed(), second)
        await until(lambda: _came(batches, second))
        await until(lambda: _behind(reader, 0))
    full = [batch for batch in batches if batch]
    assert full == [
        [(first, "ApplicationEndorsed")],
        [(second, "ApplicationEndorsed"), (second, "ApplicationWithdrawn")],
    ]


@pytest.mark.parametrize("when", ["gathering", "locking"])
async def test_a_record_in_hand_does_not_pass_over_a_rebuild(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The reader goes back to the start while it holds a later record: all before that one come again, and it too."""
    owner = await new_bus("applications", kafka=topics)
    bus = await new_bus("matching", kafka=topics, reader_gathers_ms=GATHERS_MS if when == "gathering" else 0)
    first = str(new_id())
    others = (str(new_id()) for _ in count())
    second = next(each for each in others if partition_of(TOPIC, each) == partition_of(TOPIC, first))
    came: list[str] = []
    in_hand = asyncio.Event()
    sleeps, locks = asyncio.sleep, offsets.lock

    async def evolve(_: Tx, events: Sequence[Envelope]) -> None:
        came.extend(each.subject for each in events if each.subject in {first, second})

    consumers = Consumers("matching", projections=("seen",))
    consumers.topic(TOPIC, evolve=evolve)
    reader = Reader(bus, consumers)

    async def rebuild() -> None:
        in_hand.clear()
        await empty_projections(bus, consumers, "operator")
        await reader._look_back()

    async def sleep(seconds: float) -> None:
        """Ordinary, but the pause in which the rebuild comes ends before the records have come again."""
        if when == "gathering" and seconds == GATHERS_MS / 1000 and in_hand.is_set():
            await rebuild()
        else:
            await sleeps(seconds)

    async def lock(*arguments: Any) -> dict[offsets.Partition, offsets.Position]:
        if when == "locking" and in_hand.is_set():
            await rebuild()
        return await locks(*arguments)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(offsets, "lock", lock)
    async with running(Relay(owner).run, reader.run):
        async with owner.transaction("coordinator") as tx:
            await tx.record(endorsed(), first)
        await until(lambda: _is(_all(came), [first]))
        in_hand.set()
        async with owner.transaction("coordinator") as tx:
            await tx.record(endorsed(), second)
        await until(lambda: _is(_all(came), [first, first, second]))


async def test_a_partition_assigned_during_a_batch_is_still_to_be_compared(
    new_bus: NewBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the partitions that the batch compared with the log are done; one assigned meanwhile is not."""
    bus = await new_bus("matching")
    consumers = Consumers("matching")
    consumers.topic(TOPIC)
    reader = Reader(bus, consumers)
    record = Feed(bus, consumers).record(endorsed(), new_id())
    compared, another = (TOPIC, record.partition), (TOPIC, record.partition + 1)
    locks = offsets.lock

    async def lock(*arguments: Any) -> dict[offsets.Partition, offsets.Position]:
        reader._unverified[another] = offsets.Position(1, None)
        return await locks(*arguments)

    monkeypatch.setattr(offsets, "lock", lock)
    sought = {compared: offsets.Position(0, None)}
    reader._unverified |= sought
    await reader._transact(cast("Records", (record,)), {}, sought, one_by_one=False)
    assert list(reader._unverified) == [another]


async def _all(came: list[str]) -> list[str]:
    return list(came)


async def _behind(reader: Reader, many: int) -> bool:
    return reader.behind() == many


async def _came(batches: list[list[tuple[str, str]]], subject: str) -> bool:
    return any(each == subject for batch in batches for each, _ in batch)
