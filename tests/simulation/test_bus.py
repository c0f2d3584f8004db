"""Every event takes effect exactly once and in order, under duplicates, losses, reordering, poison and kills.

A state machine drives the real bus through arbitrary interleavings; at the end of each it lets everything settle and
compares the reader's tables with the owner's journal.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.structs import TopicPartition
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Column, MetaData, Table, Text, text

from shared.bus import Bus, Consumers, bus_tables
from shared.bus.db import leases
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.dead_letters import redrive
from shared.bus.inbox import missing as missing_module
from shared.bus.inbox import reader as reader_module
from shared.bus.inbox.missing import Missing
from shared.bus.log import heads as heads_module
from shared.bus.log import kafka
from shared.bus.outbox import upkeep as upkeep_module
from shared.bus.outbox.upkeep import Upkeep
from shared.contracts.applications import ApplicationEndorsed
from shared.contracts.offers import OfferEndorsed
from shared.ids import new_id
from shared.settings import ServiceSettings
from tests.rebuilding import empty_projections
from tests.simulation.services.log import clients
from tests.simulation.world import Crash, Heads, Log, Member, SimulatedRelay
from tests.support import create_all, settings_for

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from shared.bus import Envelope, Tx
    from tests.conftest import Databases

APPLICATIONS, OFFERS = "exchange.applications", "exchange.offers"
SUBJECTS = 4
metadata = MetaData()
bus_tables(metadata)
for name in ("evolved", "reacted"):
    Table(name, metadata, Column("topic", Text), Column("subject", Text), Column("number", Text))

_servers: list[Databases] = []


def _tables(address: str) -> None:
    asyncio.run(create_all(address, metadata))


class BusMachine(RuleBasedStateMachine):
    """Two instances of a reader, one owner, one log, and every fault that can happen between them."""

    def __init__(self) -> None:
        """Make the stores and the log."""
        super().__init__()
        self.loop = asyncio.Runner()
        server = _servers[0]
        template = server.template("simulation", _tables)
        self.addresses = [server.new(template), server.new(template)]
        self.owner = Bus("applications", ServiceSettings(**settings_for(self.addresses[0], relay_batch=5)))
        # Small enough for full batches, and large enough for the reader to add to what it was handed.
        self.store = Bus("matching", ServiceSettings(**settings_for(self.addresses[1], reader_batch=5)))
        self.log = Log()
        self.broker = Heads()
        for name, client in clients(self.broker).items():
            vars(kafka)[name] = client
        self.relay = SimulatedRelay(self.owner, self.log)
        self.lease: leases.Lease | None = None
        # An application and the offer that its reaction waits for, in different topics: either may come first.
        self.subjects = [(str(new_id()), str(new_id())) for _ in range(SUBJECTS)]
        self.offer_of = dict(self.subjects)
        self.poison: set[str] = set()
        self.crash_in_handler = False
        # The log itself lost or misplaced something, so that the reader may have to ask for it.
        self.damaged = False
        self.sound = True
        self.consumers = Consumers("matching", projections=("evolved",))
        self.consumers.topic(APPLICATIONS, evolve=self.evolve, react=self.react)
        self.consumers.topic(OFFERS, evolve=self.evolve, react=self.react)
        self.members = [self.member(), self.member()]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end; a crash ends it early, as it would end a process."""
        try:
            return self.loop.run(work)
        except Crash:
            return None

    def member(self) -> Member:
        """Return a new instance of the reading service."""
        return Member(self.store, self.consumers, self.log)

    async def evolve(self, tx: Tx, events: Sequence[Envelope]) -> None:
        """Record the event, or fail, or crash half-way."""
        connection = await driver(tx.session)
        for each in events:
            if each.subject in self.poison:
                raise ArithmeticError("poisoned")
            await connection.execute(
                "INSERT INTO evolved VALUES ($1, $2, $3)", each.topic, each.subject, str(each.sequence)
            )
        if self.crash_in_handler:
            raise Crash

    async def react(self, tx: Tx, events: Sequence[Envelope]) -> None:
        """Record the reaction; to the first event of an application only once its placement is known."""
        connection = await driver(tx.session)
        for each in events:
            offer = self.offer_of.get(each.subject)
            if each.topic == APPLICATIONS and each.sequence == 1 and offer is not None:
                known = await connection.fetchval("SELECT count(*) FROM evolved WHERE subject = $1", offer)
                if not known:
                    await tx.wait(each, OFFERS, offer)
                    continue
            await connection.execute(
                "INSERT INTO reacted VALUES ($1, $2, $3)", each.topic, each.subject, str(each.sequence)
            )

    @initialize(sound=st.booleans())
    def begin(self, sound: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        """Begin with one member; on a log without losses no intervention may be needed."""
        self.sound = sound
        self.run(self._assign(2 ** (2 * SUBJECTS) - 1))

    def partitions(self) -> list[TopicPartition]:
        """Return the partitions of the subjects."""
        both = [(APPLICATIONS, subject) for subject, _ in self.subjects] + [
            (OFFERS, other) for _, other in self.subjects
        ]
        return sorted({TopicPartition(topic, partition_of(topic, subject)) for topic, subject in both})

    async def _assign(self, bits: int, *, eagerly: bool = False) -> None:
        first = {each for place, each in enumerate(self.partitions()) if bits >> place & 1}
        await self.members[0].assign(first, eagerly=eagerly)
        await self.members[1].assign(set(self.partitions()) - first, eagerly=eagerly)

    @rule(which=st.integers(0, SUBJECTS - 1), offer=st.booleans(), count=st.integers(1, 3))
    def write(self, which: int, offer: bool, count: int) -> None:  # noqa: FBT001 - hypothesis passes by name
        """Write several facts of the owner in one transaction."""
        self.run(self._write(which, count, offer=offer))

    async def _write(self, which: int, count: int, *, offer: bool) -> None:
        model = OfferEndorsed if offer else ApplicationEndorsed
        async with self.owner.transaction("test") as tx:
            for _ in range(count):
                await tx.record(model.model_validate(dict(model.example)), self.subjects[which][offer])

    @rule(which=st.integers(0, SUBJECTS - 1))
    def write_and_crash(self, which: int) -> None:
        """Crash the owner before its commit: nothing happened."""
        self.run(self._write_and_die(which))

    async def _write_and_die(self, which: int) -> None:
        async with self.owner.transaction("test") as tx:
            await tx.record(
                ApplicationEndorsed.model_validate(dict(ApplicationEndorsed.example)), self.subjects[which][0]
            )
            await tx.flush()
            raise Crash

    @rule(
        fails=st.sets(st.integers(0, 11), max_size=4),
        arrived_all_the_same=st.booleans(),
        dies=st.booleans(),
    )
    def send(self, fails: set[int], arrived_all_the_same: bool, dies: bool) -> None:  # noqa: FBT001 - as above
        """Send a batch by the relay: partitions fail, acknowledgements get lost, or it crashes before it settles."""
        self.relay.producer.fails = set() if self.sound else fails
        self.damaged = self.damaged or bool(self.relay.producer.fails)
        self.relay.producer.loses_acknowledgement = arrived_all_the_same
        self.relay.crashes_before_settling = dies
        self.run(self._send())
        self.relay.producer.fails = set()
        self.relay.crashes_before_settling = False
        if dies:  # another process takes over
            self.relay = SimulatedRelay(self.owner, self.log)
            self.owner.holder = f"another-{new_id()}"
            self.run(self._expire())

    async def _expire(self) -> None:
        async with self.owner.transaction("test") as tx:
            await tx.session.execute(text("UPDATE lease SET until = now() - interval '1 second'"))

    async def _send(self) -> int:
        if self.lease is None or not await leases.prolong(self.owner, [self.lease]):
            self.lease = await leases.acquire(self.owner, "relay")
            await self.relay._take_over()
        assert self.lease is not None
        self.relay._held_back.clear()
        return await self.relay.send_once(self.lease)

    @rule(place=st.integers(0, 200), partition=st.integers(0, 2 * SUBJECTS - 1))
    def duplicate(self, place: int, partition: int) -> None:
        """Append a copy of an earlier record."""
        chosen = self.partitions()[partition % len(self.partitions())]
        records = self.log.partitions[chosen.topic, chosen.partition]
        if records:
            again = records[place % len(records)]
            self.log.append(again.topic, again.partition, again.key, again.value, list(again.headers))

    @precondition(lambda self: not self.sound)
    @rule(partition=st.integers(0, 2 * SUBJECTS - 1), count=st.integers(1, 4))
    def lose(self, partition: int, count: int) -> None:
        """Lose the newest records of the broker; the next start or acknowledgement of the relay notices it."""
        chosen = self.partitions()[partition % len(self.partitions())]
        self.damaged = True
        self.log.lose(chosen.topic, chosen.partition, count)

    @rule(partition=st.integers(0, 2 * SUBJECTS - 1), key=st.binary(max_size=3), value=st.none() | st.just(b"{"))
    def write_garbage(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Write bytes that are not an event."""
        chosen = self.partitions()[partition % len(self.partitions())]
        self.log.append(chosen.topic, chosen.partition, key, value, [("ce_id", b"\xff")])

    @rule(bits=st.integers(0, 2 ** (2 * SUBJECTS) - 1), eagerly=st.booleans())
    def rebalance(self, bits: int, eagerly: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        """Move partitions between the instances, whatever batches they have at the moment."""
        self.run(self._assign(bits, eagerly=eagerly))

    @rule(who=st.integers(0, 1), most=st.integers(1, 8))
    def poll(self, who: int, most: int) -> None:
        """Let an instance take a batch without handling it yet."""
        self.members[who].take(most)

    @rule(who=st.integers(0, 1), dies=st.sampled_from(["no", "no", "in handler", "before acknowledging"]))
    def handle(self, who: int, dies: str) -> None:
        """Let an instance handle its batch, or crash in between and be replaced."""
        member = self.members[who]
        member.take(3)
        self.crash_in_handler = dies == "in handler"
        member.consumer.crashes_before_acknowledging = dies == "before acknowledging"
        self.run(member.handle())
        self.crash_in_handler = False
        if dies != "no":
            self.members[who] = self.member()
            self.run(self.members[who].assign(set(member.consumer.at)))

    @rule(who=st.integers(0, 1))
    def fail_at_the_end(self, who: int) -> None:
        """Fail at the very end of a batch, event by event too: it is read again from its start."""
        member = self.members[who]
        member.take(4)
        applier = member.reader._applier
        works = applier.apply

        async def fails(*args: Any, **options: Any) -> None:
            await works(*args, **options)
            raise RuntimeError("the store cannot take it")

        applier.apply = fails  # type: ignore[method-assign]  # put back below
        self.run(member.handle())
        applier.apply = works  # type: ignore[method-assign]  # as it was

    @rule()
    def rebuild_all(self) -> None:
        """Empty the projection while everything runs."""
        self.run(empty_projections(self.store, self.consumers, "operator"))

    @rule(most=st.integers(1, 8))
    def handle_both_at_once(self, most: int) -> None:
        """Let both instances handle overlapping batches at the same time, as around a rebalance."""
        first, second = self.members
        first.take(most)
        its = set(second.consumer.at)

        async def both() -> None:
            if not second.fetched_records:  # for a moment both take what the first holds to be theirs
                await second.assign(
                    its | {TopicPartition(each.topic, each.partition) for each in first.fetched_records}
                )
                second.fetched_records = first.fetched_records
            await asyncio.gather(first.handle(), second.handle())
            await second.assign(its)

        self.run(both())

    @rule(which=st.integers(0, SUBJECTS - 1))
    def poison_application(self, which: int) -> None:
        """Let the handler fail on this application from now on."""
        self.poison.add(self.subjects[which][0])

    @rule()
    def repair(self) -> None:
        """Repair the handler; the poisoned subjects are redriven later."""
        self.poison.clear()

    @invariant()
    def events_are_applied_once_and_in_order(self) -> None:
        """The applied events of a subject are always 1, 2, 3 … without a gap, with one reaction at most."""
        positions = self.run(self._positions_seen("evolved"))
        for numbers in positions.values():
            assert numbers == list(range(1, len(numbers) + 1))
        for numbers in self.run(self._positions_seen("reacted")).values():
            assert len(numbers) == len(set(numbers))

    async def _positions_seen(self, table: str) -> dict[str, list[int]]:
        async with self.store.read() as session:
            rows = await session.execute(text(f"SELECT subject, number FROM {table} ORDER BY ctid"))
            found: dict[str, list[int]] = {}
            for subject, number in rows:
                found.setdefault(subject, []).append(int(number))
            return found

    def teardown(self) -> None:
        """Let everything settle and compare applied with written events: once, in order, with reactions."""
        try:
            self.poison.clear()
            self.run(self._settle())
            written = self.run(self._written())
            assert self.run(self._positions_seen("evolved")) == {
                key: list(range(1, n + 1)) for key, n in written.items()
            }
            reacted = {key: sorted(numbers) for key, numbers in self.run(self._positions_seen("reacted")).items()}
            expected = {key: list(range(1, n + 1)) for key, n in written.items()}
            for application, offer in self.subjects:
                if application in expected and offer not in expected:
                    expected[application] = expected[application][1:]  # its first reaction still waits
            assert reacted == {key: numbers for key, numbers in expected.items() if numbers}
        finally:
            self.run(self._close())
            self.loop.close()
            for address in self.addresses:
                _servers[0].drop(address)

    async def _settle(self) -> None:
        if not self.damaged:  # then nobody's help may be needed, but for the poisoned
            await self._expire()
            self.lease = None
            while await self._send():
                pass
            await self._read_all()
            await self._redrive_all()
            await self._read_all()
            assert {
                key: len(numbers) for key, numbers in (await self._positions_seen("evolved")).items()
            } == await self._written()
        upkeep, missing = Upkeep(self.owner), Missing(self.store, self.consumers)
        for _ in range(3):
            await self._expire()
            self.lease = None  # the relay starts anew and compares the log's ends
            await self._send_and_read()
            await self._redrive_all()
            await self._ask_for_what_is_missing(upkeep, missing)
        await self._send_and_read()
        async with self.store.transaction("system:matching") as tx:
            await self.members[0].reader._applier.sweep(tx)

    async def _send_and_read(self) -> None:
        while await self._send():
            pass
        await self._read_all()

    async def _ask_for_what_is_missing(self, upkeep: Upkeep, missing: Missing) -> None:
        """Let the owner publish its heads, the reader compare, and the owner send what the reader asks for."""
        self.broker.take(self.log)
        await upkeep.publish()
        for _ in range(2):  # what is missing twice in a row is asked for
            await missing.look()
        assert self.lease is not None
        await upkeep.serve(self.lease)

    async def _read_all(self) -> None:
        for member in self.members:
            await member.handle()
            await member.reader._look_back()
        for _ in range(400):
            before = [dict(member.consumer.at) for member in self.members]
            for member in self.members:
                member.take(50)
                await member.handle()
            if before == [member.consumer.at for member in self.members]:
                return
        raise AssertionError("the reader does not come to an end")

    async def _redrive_all(self) -> None:
        async with self.store.read() as session:
            rows = await session.execute(
                text(
                    "SELECT DISTINCT topic, subject FROM dead_letter WHERE settled_at IS NULL AND ce_id IS NOT NULL"
                    " ORDER BY topic, subject"
                )
            )
            subjects = [tuple(row) for row in rows]
        for topic, subject in subjects:
            await redrive.redrive(self.store, self.consumers, topic, subject, "operator", "mended")

    async def _written(self) -> dict[str, int]:
        async with self.owner.read() as session:
            rows = await session.execute(text("SELECT aggregateid, sequence FROM aggregate ORDER BY aggregateid"))
            return {subject: sequence for subject, sequence in rows if sequence}

    async def _close(self) -> None:
        await self.owner.close()
        await self.store.close()


def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the reader try again, ask again, be served and find the heads read to their end at once.

    Nothing comes to the log in memory while somebody waits for it. What a machine exchanges is put back at the end.
    """
    monkeypatch.setattr(reader_module, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(reader_module, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(missing_module, "PAUSES", (0.0,) * 4)
    monkeypatch.setattr(upkeep_module, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(heads_module, "WAIT_MS", 0)
    for name in clients(Heads()):
        monkeypatch.setattr(kafka, name, vars(kafka)[name])


@pytest.mark.timeout(1500)  # a bounded number of examples, however busy the machine
def test_any_interleaving_ends_with_every_event_applied_once(
    postgres: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any interleaving the reader has applied each written event once, in order, with its reactions."""
    _without_pauses(monkeypatch)
    _servers[:] = [postgres]
    run_state_machine_as_test(
        BusMachine,
        settings=settings(
            max_examples=int(os.environ.get("TANDEM_SIMULATIONS", "10")),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_the_same_instance_reads_a_failed_batch_again(postgres: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed batch is read again without a restart, a rebalance or an operator."""
    _without_pauses(monkeypatch)
    _servers[:] = [postgres]
    machine = BusMachine()
    machine.begin(sound=True)
    machine.write(which=0, offer=False, count=3)
    machine.send(fails=set(), arrived_all_the_same=False, dies=False)
    machine.fail_at_the_end(who=0)
    machine.write(which=0, offer=False, count=1)
    machine.teardown()
