"""What if the group shares its partitions out anew while a reader is at work, or before it knows where to begin?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from aiokafka import TopicPartition

from shared.bus import Consumers
from shared.bus.db import leases
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.inbox import fetched
from shared.bus.inbox.fetched import Waiting
from shared.bus.inbox.reader import Reader
from shared.bus.log import envelope, offsets
from shared.bus.outbox.relay import Relay
from shared.ids import new_id
from tests.integration.shared.bus.test_batching import _told
from tests.integration.shared.bus.test_delivery import TOPIC, _is, endorsed, running, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any

    from shared.bus import Bus, Envelope, Tx
    from shared.bus.log.envelope import ReadRecord, Record

    NewBus = Callable[..., Awaitable[Bus]]


class Seen:
    """A reader of one topic that writes down what came of some subjects; `meanwhile` is called with the first."""

    def __init__(self, *subjects: str, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        self.subjects = subjects
        self.numbers: dict[str, list[int]] = {each: [] for each in subjects}
        self.meanwhile = meanwhile
        self.consumers = Consumers("matching")
        self.consumers.topic(TOPIC, evolve=self.evolve)

    async def evolve(self, _: Tx, events: Sequence[Envelope]) -> None:
        """Write down what came."""
        for each in events:
            if each.subject in self.subjects:
                self.numbers[each.subject].append(each.sequence)
        if self.meanwhile is not None and any(each.subject in self.subjects for each in events):
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()


async def _write(owner: Bus, *subjects: str) -> None:
    async with owner.transaction("coordinator") as tx:
        for subject in subjects:
            await tx.record(endorsed(), subject)


async def _send(owner: Bus) -> None:
    lease, relay = await leases.acquire(owner, "relay"), Relay(owner)
    assert lease is not None
    await relay.send_once(lease)
    await relay.close(lease)


@pytest.mark.parametrize("when", ["before it reads ahead", "while it reads ahead"])
async def test_a_full_batch_is_committed_while_the_group_cannot_agree(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Nothing more can be read ahead then, and nobody waits for it in an open transaction, which holds its rows."""
    owner = await new_bus("applications", kafka=topics)
    bus = await new_bus("matching", kafka=topics, reader_batch=2)
    subject = str(new_id())
    taken: list[int] = []
    begun = ahead = False
    looks = Waiting.look_ahead

    def begin() -> None:
        nonlocal begun
        if taken and not begun:
            begun = True
            reader._consumer._subscription.begin_reassignment()

    async def look_ahead(consumer: Waiting, most: int) -> None:
        nonlocal ahead
        if when == "before it reads ahead":
            begin()
        ahead = True
        await looks(consumer, most)
        ahead = False

    def take(record: Record) -> ReadRecord:
        read = envelope.take(record)
        if read.event.subject == subject and read.event.sequence and not begun:
            taken.append(read.event.sequence)
            if ahead and when == "while it reads ahead":
                begin()
        return read

    monkeypatch.setattr(fetched, "FEW", 1)
    monkeypatch.setattr(fetched, "take", take)
    monkeypatch.setattr(Waiting, "look_ahead", look_ahead)
    seen = Seen(subject)
    reader = Reader(bus, seen.consumers)
    await _write(owner, *[subject] * 6)
    await _send(owner)
    async with running(reader.run):
        await until(lambda: _is(_noted_of(bus, subject, begun), taken[-1:]))
        assert taken[-1] < 6
        reader._consumer._coordinator.request_rejoin()
        await until(lambda: _is(_noted(bus, subject), 6))
    assert seen.numbers == {subject: [1, 2, 3, 4, 5, 6]}


async def _noted_of(bus: Bus, subject: str, begun: bool) -> list[int | None] | None:  # noqa: FBT001 - as it is now
    return [await _noted(bus, subject)] if begun else None


async def _noted(bus: Bus, subject: str) -> int | None:
    """How far a subject has come, as others see it."""
    async with bus.read() as session:
        connection = await driver(session)
        noted: int | None = await connection.fetchval("SELECT sequence FROM applied WHERE subject = $1", subject)
    return noted


async def _all_noted(bus: Bus, subjects: Sequence[str]) -> set[int | None]:
    return {await _noted(bus, subject) for subject in subjects}


async def test_a_batch_that_is_applied_while_its_partition_comes_again_is_not_taken_for_a_change_of_the_log(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place was read before the batch was committed; what is compared is the record before that place."""
    owner = await new_bus("applications", kafka=topics)
    bus = await new_bus("matching", kafka=topics)
    first, subject = str(new_id()), str(new_id())
    sought = asyncio.Event()
    seeks, restarts = Reader.seek, Reader._restart
    changed: list[object] = []

    async def seek(reader: Reader, assigned: Any) -> None:
        await seeks(reader, assigned)
        sought.set()

    async def restart(reader: Reader, partition: offsets.Partition, records: Any) -> None:
        changed.append(partition)
        await restarts(reader, partition, records)

    async def comes_again() -> None:
        sought.clear()
        reader._consumer._coordinator.request_rejoin()
        await sought.wait()

    monkeypatch.setattr(Reader, "seek", seek)
    monkeypatch.setattr(Reader, "_restart", restart)
    seen = Seen(subject, meanwhile=comes_again)
    reader = Reader(bus, seen.consumers)
    await _write(owner, first, subject, subject)
    await _send(owner)
    async with running(reader.run):
        await until(lambda: _is(_noted(bus, subject), 2))
        await _write(owner, subject)
        await _send(owner)
        await until(lambda: _is(_noted(bus, subject), 3))
    assert changed == []
    assert seen.numbers == {subject: [1, 2, 3]}


async def test_who_seeks_while_the_group_shares_out_does_not_place_the_partitions_that_come(
    new_bus: NewBus, topics: str
) -> None:
    """A look back, or a batch that has failed, goes to a place among what is given up: what comes is still unplaced."""
    owner, bus = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    subject = str(new_id())
    await _write(owner, subject)
    await _send(owner)
    reader = Reader(bus, Seen(subject).consumers)
    async with running(reader.run):
        await until(lambda: _is(_noted(bus, subject), 1))
        consumer = cast("Waiting", reader._consumer)
        assert consumer.unplaced() == set()
        consumer._subscription.begin_reassignment()
        reader.leave()
        await reader._look_back()
        reader._seek(TopicPartition(TOPIC, partition_of(TOPIC, subject)), 0)
        assert consumer._placed == set()
        consumer._coordinator.request_rejoin()
        await _write(owner, subject)
        await _send(owner)
        await until(lambda: _is(_noted(bus, subject), 2))
        assert (consumer.unplaced(), consumer._placed) == (set(), set(consumer.assignment()))


@pytest.mark.parametrize("answers", [True, False])
async def test_nothing_is_applied_before_the_database_has_said_from_where(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch, *, answers: bool
) -> None:
    """A restored store lacks what Kafka was told of: that comes first, also where the store is slow or cannot say."""
    owner = await new_bus("applications", kafka=topics)
    before, restored = await new_bus("matching", kafka=topics), await new_bus("matching", kafka=topics)
    subject = str(new_id())
    await _write(owner, subject)
    await _send(owner)
    reader = Reader(before, Seen(subject).consumers)
    async with running(reader.run):
        await until(lambda: _is(_noted(before, subject), 1))
        await until(lambda: _told(topics, subject, reader))
    asked, positions = asyncio.Event(), offsets.positions

    async def slow(*given: Any) -> dict[offsets.Partition, offsets.Position]:
        if not asked.is_set():
            asked.set()
            await asyncio.sleep(3)
            if not answers:
                raise ArithmeticError("it cannot say")
        return await positions(*given)

    monkeypatch.setattr(offsets, "positions", slow)
    seen = Seen(subject)
    async with running(Reader(restored, seen.consumers).run):
        await asked.wait()
        await _write(owner, subject)
        await _send(owner)
        await until(lambda: _is(_noted(restored, subject), 2))
    assert seen.numbers == {subject: [1, 2]}


async def test_two_processes_share_the_partitions_and_each_tells_how_far_behind_it_is(
    new_bus: NewBus, topics: str
) -> None:
    """Where half of what a reader knew went to another one, both tell of theirs, and each event is applied once."""
    owner = await new_bus("applications", kafka=topics)
    bus = await new_bus("matching", kafka=topics)
    subjects = [str(new_id()) for _ in range(12)]
    seen = Seen(*subjects)
    one, other = Reader(bus, seen.consumers), Reader(bus, seen.consumers)

    async def shared() -> bool:
        return bool(other._known)

    async def told() -> bool:
        return (one.behind(), other.behind()) == (0, 0)

    await _write(owner, *subjects)
    await _send(owner)
    async with running(one.run):
        await until(lambda: _is(_all_noted(bus, subjects), {1}))
        async with running(other.run):
            await until(shared)
            await _write(owner, *subjects)
            await _send(owner)
            await until(lambda: _is(_all_noted(bus, subjects), {2}))
            await until(told)
            assert 0 < len(one._consumer.assignment()) < len(one._known)
    assert seen.numbers == {subject: [1, 2] for subject in subjects}
