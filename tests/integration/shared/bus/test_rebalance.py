"""A rebalance while a reader is at work, or before it knows where to begin, loses and doubles nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

from shared.bus import Consumers
from shared.bus.db import leases
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.inbox import intake
from shared.bus.inbox.reader import Reader
from shared.bus.log import offsets
from shared.bus.outbox.relay import Relay
from shared.ids import new_id
from tests.integration.shared.bus.test_batching import _kafka_has_offset
from tests.integration.shared.bus.test_delivery import TOPIC, _is, endorsed, running, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from typing import Any

    from shared.bus import Bus, Envelope, Tx

    NewBus = Callable[..., Awaitable[Bus]]


class Recorder:
    """A reader of one topic that records the events of some subjects; `meanwhile` is called with the first."""

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
    relay = Relay(owner)
    async with leases.hold(owner, "relay") as lease:
        await relay.send_once(lease)
        await relay.close()


class Slow(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Of a member that gives its partitions up only when it is let go, once it is `armed`."""

    def __init__(self) -> None:
        self.armed = False
        self.goes = asyncio.Event()

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Have all others wait."""
        if self.armed and revoked:
            await self.goes.wait()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Nothing to do."""


class Group:
    """The group of a reader, with a member that can keep it from agreeing; the others read another topic."""

    def __init__(self, topics: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Note when the reader learns that its partitions are reassigned, and when it continues."""
        self.topics = topics
        self.slow = Slow()
        self.members: list[AIOKafkaConsumer] = []
        self.joins: asyncio.Task[None] | None = None
        self.revoked_times = 0
        self.agreed = 0
        revokes, assigns = Reader.revoked, Reader.assigned

        def revoked(reader: Reader) -> None:
            revokes(reader)
            self.revoked_times += 1

        async def assigned(reader: Reader, partitions: Any) -> None:
            await assigns(reader, partitions)
            self.agreed += 1

        monkeypatch.setattr(Reader, "revoked", revoked)
        monkeypatch.setattr(Reader, "assigned", assigned)

    def member(self, listener: ConsumerRebalanceListener | None = None) -> AIOKafkaConsumer:
        """Another member, which has not joined yet."""
        member = AIOKafkaConsumer(
            bootstrap_servers=self.topics,
            group_id="matching",
            enable_auto_commit=False,
            session_timeout_ms=60_000,
            heartbeat_interval_ms=200,
        )
        member.subscribe(["exchange.offers"], listener=listener)
        self.members.append(member)
        return member

    async def cannot_agree(self) -> None:
        """One more joins, the reader hears of it, and the slow member lets all wait."""
        self.slow.armed = True
        await self.shares_out()

    async def shares_out(self) -> None:
        """One more joins, and the reader hears of it."""
        before = self.revoked_times
        self.joins = asyncio.create_task(self.member().start())
        await until(lambda: _true(self.revoked_times > before))

    async def agrees(self) -> None:
        """The slow member gives its partitions up, and the reader has got its own."""
        self.slow.goes.set()
        assert self.joins is not None
        await self.joins
        await until(lambda: _true(self.agreed == self.revoked_times))


@asynccontextmanager
async def _group(topics: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Group]:
    group = Group(topics, monkeypatch)
    await group.member(group.slow).start()
    try:
        yield group
    finally:
        group.slow.goes.set()
        for member in group.members:
            await member.stop()


@pytest.mark.parametrize("when", ["taken", "applied", "the next is read ahead"])
async def test_a_full_batch_is_committed_while_the_group_cannot_agree(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Nobody waits for the group in an open transaction, which holds its rows; what is being taken is given up."""
    owner = await new_bus("applications", kafka=topics)
    bus = await new_bus("matching", kafka=topics, reader_batch=2)
    subject = str(new_id())
    sleeps = asyncio.sleep
    begun = False

    async def begin() -> None:
        nonlocal begun
        begun = True
        await group.cannot_agree()

    async def sleep(seconds: float) -> None:
        """Ordinary, but while the first batch of ours is taken, or the next, the group begins to share out."""
        waits = [each.event for some in reader._intake._batch.values() for each in some if seconds == 0 and not begun]
        least = 1 if when == "taken" else 3
        if any(each.subject == subject and (each.sequence or 0) >= least for each in waits):
            await begin()
        await sleeps(seconds)

    monkeypatch.setattr(intake, "FEW", 1)
    if when != "applied":
        monkeypatch.setattr(asyncio, "sleep", sleep)
    seen = Recorder(subject, meanwhile=begin if when == "applied" else None)
    reader = Reader(bus, seen.consumers)
    async with _group(topics, monkeypatch) as group, running(reader.run):
        await _write(owner, *[subject] * 6)
        await _send(owner)
        await until(lambda: _true(begun and group.revoked_times > group.agreed))
        if when == "taken":
            await sleeps(1)
        else:
            await until(lambda: _noted_some(bus, subject))
        noted = await _noted(bus, subject)
        assert (noted is None) == (when == "taken")
        assert noted is None or noted < 6
        assert group.revoked_times == group.agreed + 1
        await group.agrees()
        await until(lambda: _is(_noted(bus, subject), 6))
    assert seen.numbers == {subject: [1, 2, 3, 4, 5, 6]}


async def _true(what: bool) -> bool:  # noqa: FBT001 - as it is now
    return what


async def _noted_some(bus: Bus, subject: str) -> bool:
    return await _noted(bus, subject) is not None


async def _noted(bus: Bus, subject: str) -> int | None:
    """Return how far a subject has come, as others see it."""
    async with bus.read() as session:
        connection = await driver(session)
        noted: int | None = await connection.fetchval(
            "SELECT sequence FROM applied_sequence WHERE subject = $1", subject
        )
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
    restarts = Reader._restart
    changed: list[object] = []

    async def restart(reader: Reader, partition: offsets.Partition) -> None:
        changed.append(partition)
        await restarts(reader, partition)

    async def comes_again() -> None:
        await group.shares_out()
        await group.agrees()

    monkeypatch.setattr(Reader, "_restart", restart)
    seen = Recorder(subject, meanwhile=comes_again)
    reader = Reader(bus, seen.consumers)
    await _write(owner, first, subject, subject)
    await _send(owner)
    async with _group(topics, monkeypatch) as group, running(reader.run):
        await until(lambda: _is(_noted(bus, subject), 2))
        await _write(owner, subject)
        await _send(owner)
        await until(lambda: _is(_noted(bus, subject), 3))
    assert changed == []
    assert seen.numbers == {subject: [1, 2, 3]}


async def test_a_seek_during_a_rebalance_does_not_place_new_partitions(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look back, or a batch that has failed, goes to a place among what is given up: what comes is still unplaced."""
    owner, bus = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    subject = str(new_id())
    await _write(owner, subject)
    await _send(owner)
    reader = Reader(bus, Recorder(subject).consumers)
    async with _group(topics, monkeypatch) as group, running(reader.run):
        await until(lambda: _is(_noted(bus, subject), 1))
        taking = reader._intake
        assert taking.unplaced() == set()
        await group.cannot_agree()
        await reader._look_back()
        taking.seek(TopicPartition(TOPIC, partition_of(TOPIC, subject)), 0)
        assert (taking.placed(), taking.unplaced()) == (set(), set())
        await group.agrees()
        await _write(owner, subject)
        await _send(owner)
        await until(lambda: _is(_noted(bus, subject), 2))
        assert (taking.unplaced(), taking.placed()) == (set(), set(reader._consumer.assignment()))


@pytest.mark.parametrize("answers", [True, False])
async def test_nothing_is_applied_before_the_database_has_said_from_where(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch, *, answers: bool
) -> None:
    """Events missing from a restored store come first, also where Kafka has a later offset and the store is slow."""
    owner = await new_bus("applications", kafka=topics)
    before, restored = await new_bus("matching", kafka=topics), await new_bus("matching", kafka=topics)
    subject = str(new_id())
    await _write(owner, subject)
    await _send(owner)
    reader = Reader(before, Recorder(subject).consumers)
    async with running(reader.run):
        await until(lambda: _is(_noted(before, subject), 1))
        await until(lambda: _kafka_has_offset(topics, subject, reader))
    reached, positions = asyncio.Event(), offsets.positions

    async def slow(*given: Any) -> dict[offsets.Partition, offsets.Position]:
        if not reached.is_set():
            reached.set()
            await asyncio.sleep(3)  # in which a reader that does not wait for this would read what is sent meanwhile
            if not answers:
                raise ArithmeticError("it cannot say")
        return await positions(*given)

    monkeypatch.setattr(offsets, "positions", slow)
    seen = Recorder(subject)
    async with running(Reader(restored, seen.consumers).run):
        await reached.wait()
        await _write(owner, subject)
        await _send(owner)
        await until(lambda: _is(_noted(restored, subject), 2))
    assert seen.numbers == {subject: [1, 2]}


async def test_two_processes_share_the_partitions_and_report_their_lag(new_bus: NewBus, topics: str) -> None:
    """Two processes each report the lag of their own partitions, and each event is applied once."""
    owner = await new_bus("applications", kafka=topics)
    bus = await new_bus("matching", kafka=topics)
    subjects = [str(new_id()) for _ in range(12)]
    seen = Recorder(*subjects)
    first, other = Reader(bus, seen.consumers), Reader(bus, seen.consumers)

    async def shared() -> bool:
        return bool(other._known)

    async def both_report() -> bool:
        return (first.behind(), other.behind()) == (0, 0)

    await _write(owner, *subjects)
    await _send(owner)
    async with running(first.run):
        await until(lambda: _is(_all_noted(bus, subjects), {1}))
        async with running(other.run):
            await until(shared)
            await _write(owner, *subjects)
            await _send(owner)
            await until(lambda: _is(_all_noted(bus, subjects), {2}))
            await until(both_report)
            assert 0 < len(first._consumer.assignment()) < len(first._known)
    assert seen.numbers == {subject: [1, 2] for subject in subjects}
