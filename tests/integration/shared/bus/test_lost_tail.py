"""A broker that comes back without its newest records, or without a topic, while the services run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from deploy.kafka.topics import apply
from shared.bus.db.journal import partition_of
from shared.bus.inbox.reader import Reader
from shared.bus.outbox.relay import Relay
from shared.ids import new_id
from tests.integration.shared.bus.conftest import applied
from tests.integration.shared.bus.test_delivery import TOPIC, Handlers, endorsed, running, withdrawn
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from deploy.local.kafka import Broker
    from shared.bus import Bus

    NewBus = Callable[..., Awaitable[Bus]]


def cut(folder: Path, topic: str, partition: int, count: int) -> None:
    """Cut the last batches of records off a partition's file, as a disk does that never got them."""
    file = folder / "data" / f"{topic}-{partition}" / f"{0:020d}.log"
    content = file.read_bytes()
    ends, at = [0], 0
    while at + 12 <= len(content) and (length := int.from_bytes(content[at + 8 : at + 12], "big")):
        at += 12 + length
        ends.append(at)
    file.write_bytes(content[: ends[-1 - count]])


def alike(count: int) -> list[str]:
    """Return ids of subjects whose events all lie in one partition."""
    found: list[str] = [str(new_id())]
    while len(found) < count:
        other = str(new_id())
        if partition_of(TOPIC, other) == partition_of(TOPIC, found[0]):
            found.append(other)
    return found


async def write(bus: Bus, *subjects: str) -> None:
    """Write an endorsement of each subject in a transaction of its own."""
    for subject in subjects:
        async with bus.transaction("coordinator") as tx:
            await tx.record(endorsed(), subject)


async def sent(bus: Bus, count: int) -> None:
    """Wait until the log has acknowledged so many events, one after the other."""
    from sqlalchemy import text

    async def all_sent() -> bool:
        async with bus.read() as session:
            return bool(await session.scalar(text("SELECT count(*) >= :n FROM sent"), {"n": count}))

    await until(all_sent)


async def test_events_written_after_a_lost_tail_reach_a_reader_that_ran_on(
    new_bus: NewBus, new_broker: Callable[[], Broker]
) -> None:
    """The broker loses its newest records; new events at the same offsets are applied, and nothing is applied twice."""
    broker = new_broker()
    await apply(broker.bootstrap)
    owner, store = (
        await new_bus("applications", kafka=broker.bootstrap),
        await new_bus("matching", kafka=broker.bootstrap),
    )
    handlers = Handlers()
    old, new = (lambda found: (found[:5], found[5:]))(alike(7))
    async with running(Relay(owner).run, Reader(store, handlers.consumers).run):
        for number, subject in enumerate(old, 1):
            await write(owner, subject)
            await sent(owner, number)

        async def seen(count: int) -> bool:
            return len(await applied(store)) >= count

        await until(lambda: seen(5))
        await asyncio.to_thread(broker.child.kill)
        cut(broker.folder, TOPIC, partition_of(TOPIC, old[0]), 3)
        await write(owner, *new)
        broker.start()
        await until(lambda: seen(7), "the new events are applied", within=60)
    assert sorted(subject for subject, _ in await applied(store)) == sorted([*old, *new])
