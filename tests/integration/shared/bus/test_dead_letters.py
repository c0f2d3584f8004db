"""Test that a dead letter stops its own subject only, and that a lease passes on when its holder is gone."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from shared.bus import Consumers, LeaseLost
from shared.bus.db import leases
from shared.bus.db.journal import partition_of
from shared.bus.db.transient_errors import is_transient
from shared.bus.dead_letters import letters, redrive
from shared.contracts.applications import ApplicationEndorsed
from shared.contracts.calls import CallClosed
from shared.contracts.matches import MatchOffered
from shared.ids import new_id
from tests.integration.shared.bus.conftest import applied
from tests.integration.shared.bus.test_delivery import TOPIC, endorsed, note, open_dead_letters, withdrawn
from tests.simulation.world import Log, Producer, SimulatedRelay
from tests.support import Feed
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shared.bus import Bus, Envelope, Tx
    from shared.bus.log.envelope import StoredRecord

    NewBus = Callable[..., Awaitable[Bus]]


class Reader:
    """A reader whose reaction to some subjects cannot be written: it names an aggregate that no table can hold."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.poison: set[str] = set()
        self.consumers = Consumers("matching", projections=("seen",))
        self.consumers.topic(TOPIC, evolve=self.evolve, react=self.react)
        self.feed = Feed(bus, self.consumers)

    async def evolve(self, tx: Tx, events: Sequence[Envelope]) -> None:
        """Write down what came."""
        await note(tx, events, "evolve")

    async def react(self, tx: Tx, events: Sequence[Envelope]) -> None:
        """Offer a match for each endorsement."""
        for each in events:
            if isinstance(each.data, ApplicationEndorsed):
                offered = MatchOffered.model_validate(dict(MatchOffered.example))
                await tx.react(each, offered, "\0" if each.subject in self.poison else new_id())

    async def of(self, subject: str) -> list[str]:
        """Return the applied events of a subject."""
        return [what for each, what in await applied(self.bus) if each == subject]


def unknown(record: StoredRecord) -> StoredRecord:
    """Return the same record with a type that nobody here knows."""
    headers = [(name, b"SomethingNew" if name == "ce_type" else value) for name, value in record.headers]
    return replace(record, headers=headers)


async def test_a_value_too_large_for_its_column_is_no_passing_error(new_bus: NewBus) -> None:
    """A value that the driver cannot encode makes the event a dead letter, and is not tried again for ever."""
    bus = await new_bus("matching")
    with pytest.raises(Exception, match="query argument") as raised:
        async with bus.transaction("test") as tx:
            await tx.session.execute(text("SELECT CAST(:count AS integer)"), {"count": 2**40})
    assert not is_transient(raised.value)


async def test_an_errors_text_holds_no_parameters(new_bus: NewBus) -> None:
    """An error's text in the log holds none of the values that were written to the store."""
    bus = await new_bus("matching")
    with pytest.raises(Exception, match="division") as raised:
        async with bus.transaction("test") as tx:
            await tx.session.execute(text("SELECT 1 / 0, CAST(:name AS text)"), {"name": "Ana Example"})
    assert "Ana Example" not in str(raised.value)


async def test_a_reaction_that_fails_leaves_no_fact(new_bus: NewBus) -> None:
    """Facts that a handler recorded before it failed are not written with the rest of the batch."""
    reader = Reader(await new_bus("matching"))
    bad, good = str(new_id()), str(new_id())

    async def fails(tx: Tx, events: Sequence[Envelope]) -> None:
        await reader.react(tx, events)
        if bad in {each.subject for each in events}:
            raise ArithmeticError

    reader.consumers.readings[TOPIC] = replace(reader.consumers.readings[TOPIC], react=fails)
    records = [reader.feed.record(endorsed(), subject) for subject in (bad, good)]
    await reader.feed.apply(records, one_by_one=True)
    async with reader.bus.read() as session:
        assert list(await session.scalars(text("SELECT correlationid FROM journal"))) == [good]
    assert await open_dead_letters(reader.bus, bad) == ["failed"]


async def test_a_passing_error_makes_no_dead_letter(new_bus: NewBus) -> None:
    """While the database is away a batch is raised, to be read again; no event of it becomes a dead letter."""
    reader = Reader(await new_bus("matching"))
    subject = str(new_id())

    async def away(*_: object) -> None:
        raise ConnectionResetError

    record = reader.feed.record(endorsed(), subject)
    reader.consumers.readings[TOPIC] = replace(reader.consumers.readings[TOPIC], evolve=away)
    with pytest.raises(ConnectionResetError):
        await reader.feed.apply([record], one_by_one=True)
    assert await open_dead_letters(reader.bus, subject) == []


async def test_a_deadlock_passes(new_bus: NewBus) -> None:
    """Of two transactions that wait for each other the one that is ended may be tried again."""
    bus = await new_bus("matching")
    begun = asyncio.Barrier(2)

    async def work(first: int, second: int) -> None:
        async with bus.transaction("test") as tx:
            await tx.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": first})
            await begun.wait()
            await tx.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": second})

    ends = await asyncio.gather(work(1, 2), work(2, 1), return_exceptions=True)
    wrong = [end for end in ends if end is not None]
    assert [is_transient(each) for each in wrong] == [True]


async def test_a_reaction_that_cannot_be_written_makes_one_dead_letter(new_bus: NewBus) -> None:
    """A fact that the journal refuses is the fault of the event that led to it; those beside it are applied."""
    reader = Reader(await new_bus("matching"))
    bad, good = str(new_id()), str(new_id())
    reader.poison = {bad}
    records = [reader.feed.record(endorsed(), subject) for subject in (bad, good)]
    await reader.feed.apply(records, one_by_one=True)
    assert (await reader.of(bad), await reader.of(good)) == ([], ["ApplicationEndorsed"])
    assert await open_dead_letters(reader.bus, bad) == ["failed"]


@pytest.mark.parametrize("first", [True, False])
async def test_a_type_unknown_here_beside_an_event_that_fails(new_bus: NewBus, first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A subject that stops keeps its place also where types that nobody knows come before or after."""
    reader = Reader(await new_bus("matching"))
    subject = str(new_id())
    reader.poison = {subject}
    records = [reader.feed.record(endorsed(), subject) for _ in range(2)]
    records[0 if first else 1] = unknown(records[0 if first else 1])
    await reader.feed.apply([*records, reader.feed.record(withdrawn(), subject)], one_by_one=True)
    assert await open_dead_letters(reader.bus, subject) == (
        ["failed", "behind"] if first else ["failed", "behind", "behind"]
    )
    reader.poison = set()
    await redrive.redrive(reader.bus, reader.consumers, TOPIC, subject, "coordinator", "mended")
    assert await reader.of(subject) == ["ApplicationEndorsed", "ApplicationWithdrawn"]
    assert await open_dead_letters(reader.bus, subject) == []


async def test_only_the_first_dead_letter_of_a_subject_can_be_skipped(new_bus: NewBus) -> None:
    """Skipping a later one would count those before it as applied."""
    reader = Reader(await new_bus("matching"))
    subject = str(new_id())
    reader.poison = {subject}
    records = [reader.feed.record(event, subject) for event in (endorsed(), withdrawn())]
    await reader.feed.apply(records, one_by_one=True)
    async with reader.bus.read() as session:
        _, later = [each.id for each in await letters.open_events(session)]
    with pytest.raises(redrive.NoSuchDeadLetter, match="comes first"):
        await redrive.skip(reader.bus, reader.consumers, later, "coordinator", "not needed")
    assert await open_dead_letters(reader.bus, subject) == ["failed", "behind"]


async def test_a_process_takes_over_at_once_from_one_that_was_killed_here(new_bus: NewBus) -> None:
    """The lease of a process of this machine that runs no more is free; that of one that runs is not."""
    bus = await new_bus("matching")
    mine = await leases.acquire(bus, "work")
    assert mine is not None
    own = bus.holder
    place, _, mark = own.split("/")
    bus.holder = f"{place}/{os.getppid()}/another"
    assert await leases.acquire(bus, "work") is None
    gone = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await gone.wait()
    async with bus.transaction("test") as tx:
        await tx.session.execute(text("UPDATE lease SET holder = :holder"), {"holder": f"{place}/{gone.pid}/{mark}"})
    taken = await leases.acquire(bus, "work")
    assert taken is not None
    assert taken.epoch == mine.epoch + 1
    with pytest.raises(LeaseLost):
        async with bus.transaction("test") as tx:
            await leases.check(tx.session, mine)


async def test_a_lease_that_ran_out_and_nobody_took_still_holds(new_bus: NewBus) -> None:
    """Work that takes longer than its lease is kept, unless another process has begun it meanwhile."""
    bus = await new_bus("matching")
    lease = await leases.acquire(bus, "work", 0.0)
    assert lease is not None
    async with bus.transaction("test") as tx:
        await leases.check(tx.session, lease)


class Stumbling(Producer):
    """A producer whose first record is not acknowledged, while those behind it are."""

    async def send(self, topic: str, **record: Any) -> Any:
        """As the other, but for the first one."""
        self.fails = set() if self.log.partitions or self.fails else {record["partition"]}
        return await super().send(topic, **record)


async def test_a_relay_without_its_lease_settles_nothing(new_bus: NewBus) -> None:
    """A relay that was stopped while another took over deletes nothing from the outbox and notes no place."""
    owner, log = await new_bus("applications"), Log()
    relay = SimulatedRelay(owner, log)
    lease = await leases.acquire(owner, "relay")
    assert lease is not None
    assert await relay.send_once(lease) == 0
    for _ in range(2):
        async with owner.transaction("officer") as tx:
            await tx.record(endorsed(), str(new_id()))
    async with owner.transaction("test") as tx:  # another process takes over, and this one has not looked since
        await tx.session.execute(text("UPDATE lease SET epoch = epoch + 1"))
    with pytest.raises(LeaseLost):
        await relay.send_once(lease)
    async with owner.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 2
        assert await session.scalar(text("SELECT count(*) FROM sent_record")) == 0


async def test_unacknowledged_events_stay_in_the_outbox(new_bus: NewBus) -> None:
    """Of a batch in which one partition fails, exactly what was acknowledged leaves the outbox."""
    owner, log = await new_bus("applications"), Log()
    subjects = [str(new_id()) for _ in range(12)]
    async with owner.transaction("coordinator") as tx:
        for subject in subjects:
            await tx.record(endorsed(), subject)
    relay = SimulatedRelay(owner, log)
    relay.producer.fails = {partition_of(TOPIC, subjects[0])}
    lease = await leases.acquire(owner, "relay")
    assert lease is not None
    await relay.send_once(lease)
    async with owner.read() as session:
        left = set(await session.scalars(text("SELECT aggregateid FROM outbox")))
    assert left == {each for each in subjects if partition_of(TOPIC, each) in relay.producer.fails}


async def test_a_compacted_topic_ends_with_the_newest_state_although_a_record_failed(new_bus: NewBus) -> None:
    """Records acknowledged behind one that failed are sent again after it: a compacted topic keeps the last."""
    owner, log = await new_bus("applications"), Log()
    for _ in range(2):
        async with owner.transaction("coordinator") as tx:
            await tx.record(CallClosed.model_validate(dict(CallClosed.example)), "call")
    relay = SimulatedRelay(owner, log)
    relay.producer = Stumbling(log)
    lease = await leases.acquire(owner, "relay")
    assert lease is not None
    for _ in range(2):
        relay._held_back.clear()
        await relay.send_once(lease)
    ((_, records),) = log.partitions.items()
    assert [dict(record.headers)["ce_sequence"] for record in records] == [b"2", b"1", b"2"]


class Slow(SimulatedRelay):
    """A relay whose database takes its time to settle a batch: until `go` is set, and then as `wrong` says."""

    def __init__(self, bus: Bus, log: Log, wrong: type[Exception] | None = None) -> None:
        """Send the facts of `bus` to `log`, one a batch."""
        super().__init__(bus, log)
        self._batch = 1
        self.go = asyncio.Event()
        self.wrong = wrong

    async def _settle(self, lease: Any, acknowledged: Any) -> None:
        await self.go.wait()
        if self.wrong is not None:
            raise self.wrong
        await super()._settle(lease, acknowledged)


async def _two_states_of_a_call(owner: Bus) -> None:
    for _ in range(2):
        async with owner.transaction("coordinator") as tx:
            await tx.record(CallClosed.model_validate(dict(CallClosed.example)), "call")


def _sequences_sent(log: Log) -> list[bytes | None]:
    ((_, records),) = log.partitions.items()
    return [dict(record.headers)["ce_sequence"] for record in records]


async def _one_on_its_way(relay: Slow, log: Log, lease: leases.Lease) -> asyncio.Task[int]:
    """Two batches of `relay`: the first is being settled, the second is on the log; gives what waits to settle it."""
    assert await relay.send_on(lease) == 1
    second = asyncio.create_task(relay.send_on(lease))
    await until(lambda: len(_sequences_sent(log)) >= 2, "two events are on the log", unless=second)
    return second


async def test_a_batch_being_settled_is_not_sent_again(new_bus: NewBus) -> None:
    """While the database settles a batch the next one leaves, each event once; in the end the outbox is empty."""
    owner, log = await new_bus("applications"), Log()
    await _two_states_of_a_call(owner)
    relay = Slow(owner, log)
    lease = await leases.acquire(owner, "relay")
    assert lease is not None
    second = await _one_on_its_way(relay, log, lease)
    async with asyncio.timeout(PATIENCE):
        relay.go.set()
        assert await second == 1
        assert await relay.send_on(lease) == 0
        await relay.settled()
    assert _sequences_sent(log) == [b"1", b"2"]
    async with owner.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 0
        assert await session.scalar(text("SELECT count(*) FROM sent_record")) == 2


async def test_events_behind_an_unsettled_batch_are_sent_again_after_it(new_bus: NewBus) -> None:
    """Of a compacted topic the newest state stays last, although an older one has to be sent a second time."""
    owner, log = await new_bus("applications"), Log()
    await _two_states_of_a_call(owner)
    relay = Slow(owner, log, ConnectionResetError)
    lease = await leases.acquire(owner, "relay")
    assert lease is not None
    second = await _one_on_its_way(relay, log, lease)
    async with asyncio.timeout(PATIENCE):
        relay.go.set()
        with pytest.raises(ConnectionResetError):
            await second
        relay.wrong = None
        while await relay.send_on(lease):
            pass
        await relay.settled()
    assert _sequences_sent(log) == [b"1", b"2", b"1", b"2"]
    async with owner.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 0


@pytest.mark.parametrize("number", [2**63, 10**30])
async def test_a_number_that_no_table_can_hold_makes_one_dead_letter(new_bus: NewBus, number: int) -> None:
    """A sequence beyond a bigint cannot be read; what comes beside it is applied."""
    reader = Reader(await new_bus("matching"))
    bad, good = str(new_id()), str(new_id())
    records = [reader.feed.record(endorsed(), subject) for subject in (bad, good)]
    headers = [(name, b"%d" % number if name == "ce_sequence" else value) for name, value in records[0].headers]
    await reader.feed.apply([replace(records[0], headers=headers), records[1]])
    assert await reader.of(good) == ["ApplicationEndorsed"]
    assert await open_dead_letters(reader.bus, bad) == ["undecodable"]


@pytest.mark.parametrize("name", ["ce_subject", "ce_source", "ce_type"])
async def test_a_name_that_no_index_can_hold_makes_one_dead_letter(new_bus: NewBus, name: str) -> None:
    """A subject, source or type of some kilobytes cannot be kept; what comes beside it is applied."""
    reader = Reader(await new_bus("matching"))
    good, long = str(new_id()), secrets.token_urlsafe(20_000)
    records = [reader.feed.record(endorsed(), subject) for subject in (str(new_id()), good)]
    headers = [(each, long.encode() if each == name else value) for each, value in records[0].headers]
    key = long.encode() if name == "ce_subject" else records[0].key
    await reader.feed.apply([replace(records[0], key=key, headers=headers), records[1]])
    assert await reader.of(good) == ["ApplicationEndorsed"]
    async with reader.bus.read() as session:
        assert [each.reason for each in await letters.open_events(session)] == ["undecodable"]
