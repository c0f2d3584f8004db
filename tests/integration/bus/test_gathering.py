"""Does a reader that gathers apply what follows together with what it has in hand, in order and once?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shared.bus import Consumers
from shared.bus.reader import Reader
from shared.bus.relay import Relay
from shared.ids import new_id
from tests.integration.bus.test_chain import TOPIC, _count, _is, endorsed, running, until, withdrawn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import pytest

    from shared.bus import Bus, Envelope, Tx

    NewBus = Callable[..., Awaitable[Bus]]

GATHERS_MS = 123


async def test_what_follows_is_applied_in_the_same_transaction(
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
            await until(lambda: _is(_count(owner, "pending"), 0))
            await until(lambda: _behind(reader, 2))
        else:
            await sleeps(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    async with running(Relay(owner).run, reader.run):
        async with owner.transaction("coordinator") as tx:
            await tx.record(endorsed(), first)
        await until(lambda: _came(batches, first))
        gathering.set()
        async with owner.transaction("coordinator") as tx:
            await tx.record(endorsed(), second)
        await until(lambda: _came(batches, second))
        await until(lambda: _behind(reader, 0))
    told = [batch for batch in batches if batch]
    assert told == [
        [(first, "ApplicationEndorsed")],
        [(second, "ApplicationEndorsed"), (second, "ApplicationWithdrawn")],
    ]


async def _behind(reader: Reader, many: int) -> bool:
    return reader.behind() == many


async def _came(batches: list[list[tuple[str, str]]], subject: str) -> bool:
    return any(each == subject for batch in batches for each, _ in batch)
