"""Test that an event reaches the reader's tables exactly once, whatever fails on the way."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from shared.bus import Conflict, Consumers
from shared.bus.db.erasure import ErasureKeys
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.dead_letters import letters, redrive
from shared.bus.inbox.reader import Reader
from shared.bus.outbox import replay
from shared.bus.outbox.relay import Relay
from shared.bus.outbox.verification import Finding, findings
from shared.contracts.applications import ApplicationEndorsed, ApplicationNotEndorsed, ApplicationWithdrawn
from shared.contracts.matches import MatchOffered
from shared.ids import new_id
from tests.integration.shared.bus.conftest import applied
from tests.rebuilding import empty_projections
from tests.support import owner_of
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from shared.bus import Bus, Envelope, Tx
    from shared.contracts import Event

    NewBus = Callable[..., Awaitable[Bus]]

TOPIC = "exchange.applications"


def endorsed() -> Event:
    """Return an event with little in it."""
    return ApplicationEndorsed.model_validate(dict(ApplicationEndorsed.example))


def withdrawn() -> Event:
    """Another one."""
    return ApplicationWithdrawn.model_validate(dict(ApplicationWithdrawn.example))


async def note(tx: Tx, events: Sequence[Envelope], how: str) -> None:
    """Write down what came."""
    await (await driver(tx.session)).executemany(
        "INSERT INTO seen VALUES ($1, $2, $3)", [(each.subject, each.type, how) for each in events]
    )


class Handlers:
    """A reader's two functions; `poison` names subjects at which `evolve` raises."""

    def __init__(self) -> None:
        self.poison: set[str] = set()
        self.consumers = Consumers("matching", projections=("seen",))
        self.consumers.topic(TOPIC, evolve=self.evolve, react=self.react)

    async def evolve(self, tx: Tx, events: Sequence[Envelope]) -> None:
        """Write down what came, or fail."""
        for each in events:
            if each.subject in self.poison:
                raise ArithmeticError("this subject breaks the reader")
        await note(tx, events, "evolve")

    async def react(self, tx: Tx, events: Sequence[Envelope]) -> None:
        """Offer a match for each endorsement, so that a chain of causes can be followed."""
        await note(tx, events, "react")
        for each in events:
            if isinstance(each.data, ApplicationEndorsed):
                await tx.react(each, MatchOffered.model_validate(dict(MatchOffered.example)), new_id())


@asynccontextmanager
async def running(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Loops that run while the block does."""
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(what: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
    """Wait until `what` holds; fail if it does not in time."""
    async with asyncio.timeout(seconds):
        while not await what():  # noqa: ASYNC110 - the store has no event to wait for
            await asyncio.sleep(0.05)


async def of(bus: Bus, subject: str, how: str = "evolve") -> list[str]:
    """Return what the reader saw of one subject."""
    return [what for each, what in await applied(bus, how) if each == subject]


async def open_dead_letters(bus: Bus, subject: str) -> list[str]:
    """Return why events of a subject are dead letters, in order."""
    async with bus.read() as session:
        return [each.reason for each in await letters.open_events(session, limit=1000) if each.subject == subject]


async def test_the_sender_forgets_old_keys_of_requests(new_bus: NewBus, topics: str) -> None:
    """The running sender deletes the keys of requests that are older than a day, and keeps the others."""
    owner = await new_bus("applications", kafka=topics)
    async with owner.engine.begin() as connection:
        some = "SELECT 'person a', n::text, '', '', now() - n * interval '1 hour' FROM generate_series(20, 1000) n"
        await connection.execute(text(f"INSERT INTO request_key (sender, key, request, rights, since) {some}"))

    async def swept() -> bool:
        async with owner.read() as session:
            kept = (await session.execute(text("SELECT key FROM request_key ORDER BY key"))).scalars().all()
        return kept == ["20", "21", "22", "23"]

    async with running(Relay(owner).run):
        await until(swept)


async def test_one_event_crosses_once_with_its_story_and_cause(new_bus: NewBus, topics: str) -> None:
    """A fact reaches the reader once, and what it brings about names it as cause and belongs to the same story."""
    owner, reader = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    handlers = Handlers()
    subject = str(new_id())

    async def acknowledged() -> tuple[int, int]:
        async with owner.read() as session:
            query = text("SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM sent_record)")
            unsent, sent = (await session.execute(query)).one()
            return unsent, sent

    async with running(Relay(owner).run, Reader(reader, handlers.consumers).run):
        async with owner.transaction("coordinator") as tx:
            fact = await tx.record(endorsed(), subject)
        await until(lambda: _is(of(reader, subject), ["ApplicationEndorsed"]))
        await until(lambda: _is(acknowledged(), (0, 1)))  # the reader may have the event before the relay knows
    again = Reader(reader, handlers.consumers)

    async def caught_up() -> bool:
        return again.behind() == 0

    async with running(again.run):
        await until(caught_up)
    assert await of(reader, subject) == ["ApplicationEndorsed"]
    async with reader.read() as session:
        row = (await session.execute(text("SELECT * FROM journal WHERE correlationid = :s"), {"s": subject})).one()
    assert (row.type, row.causationid, row.actor) == ("MatchOffered", fact, "system:matching")
    assert await acknowledged() == (0, 1)


async def _is(found: Awaitable[object], wanted: object) -> bool:
    return await found == wanted


async def test_a_bad_event_is_a_dead_letter_alone_and_comes_back_in_order(new_bus: NewBus, topics: str) -> None:
    """A handler that fails on one subject stops that subject only; after the mend a redrive applies it."""
    owner, reader = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    handlers = Handlers()
    bad, good = str(new_id()), str(new_id())
    handlers.poison = {bad}
    async with running(Relay(owner).run, Reader(reader, handlers.consumers).run):
        for subject, event in ((bad, endorsed()), (good, endorsed()), (bad, withdrawn()), (good, withdrawn())):
            async with owner.transaction("coordinator") as tx:
                await tx.record(event, subject)
        await until(lambda: _is(of(reader, good), ["ApplicationEndorsed", "ApplicationWithdrawn"]))
        await until(lambda: _is(open_dead_letters(reader, bad), ["failed", "behind"]))
        assert await of(reader, bad) == []
        handlers.poison = set()
        assert await redrive.redrive(reader, handlers.consumers, TOPIC, bad, "coordinator", "mended") == (2, 0)
        assert await of(reader, bad) == ["ApplicationEndorsed", "ApplicationWithdrawn"]
        assert await open_dead_letters(reader, bad) == []


async def test_bytes_that_are_no_event_do_no_harm(new_bus: NewBus, topics: str) -> None:
    """Headers that are not UTF-8, empty values and broken JSON become dead letters; what comes with them is applied."""
    owner, reader = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    handlers = Handlers()
    subject, wild = str(new_id()), str(new_id())
    producer = AIOKafkaProducer(bootstrap_servers=topics)
    await producer.start()
    partition = partition_of(TOPIC, subject)
    await producer.send_and_wait(TOPIC, b"{", key=wild.encode(), partition=partition, headers=[("ce_id", b"\xff\xfe")])
    await producer.send_and_wait(TOPIC, None, key=wild.encode(), partition=partition)
    await producer.stop()
    async with running(Relay(owner).run, Reader(reader, handlers.consumers).run):
        async with owner.transaction("coordinator") as tx:
            await tx.record(endorsed(), subject)
        await until(lambda: _is(of(reader, subject), ["ApplicationEndorsed"]))
        assert await open_dead_letters(reader, wild) == ["undecodable", "tombstone"]


async def test_a_skip_passes_one_event_over(new_bus: NewBus, topics: str) -> None:
    """A skipped event is settled with its reason, and what waited behind it is applied."""
    owner, reader = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    handlers = Handlers()
    bad = str(new_id())
    handlers.poison = {bad}
    async with running(Relay(owner).run, Reader(reader, handlers.consumers).run):
        for event in (endorsed(), withdrawn()):
            async with owner.transaction("coordinator") as tx:
                await tx.record(event, bad)
        await until(lambda: _is(open_dead_letters(reader, bad), ["failed", "behind"]))
    handlers.poison = set()
    async with reader.read() as session:
        first = next(each.id for each in await letters.open_events(session) if each.subject == bad)
    assert await redrive.skip(reader, handlers.consumers, first, "coordinator", "entered twice") == (1, 0)
    assert await of(reader, bad) == ["ApplicationWithdrawn"]
    with pytest.raises(redrive.NoSuchDeadLetter):
        await redrive.skip(reader, handlers.consumers, first, "coordinator", "again")


async def test_a_log_that_lost_records_gets_them_again(new_bus: NewBus, topics: str) -> None:
    """The relay sends the lost events again after the log's end fell behind what it acknowledged."""
    owner, reader = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    handlers = Handlers()
    subject = str(new_id())
    async with owner.transaction("coordinator") as tx:
        await tx.record(endorsed(), subject)
    async with running(Relay(owner).run):
        await until(lambda: _is(_count(owner, "outbox"), 0))
    # As if the broker had come back with an older end: the owner remembers an offset that the log does not have.
    async with owner.transaction("test") as tx:
        await tx.session.execute(text('UPDATE sent_record SET "offset" = "offset" + 1000000'))
    async with running(Relay(owner).run, Reader(reader, handlers.consumers).run):
        await until(lambda: _lies_below(owner, 1_000_000))
        await until(lambda: _is(of(reader, subject), ["ApplicationEndorsed"]))
    assert await of(reader, subject) == ["ApplicationEndorsed"]


async def _lies_below(bus: Bus, offset: int) -> bool:
    async with bus.read() as session:
        rows = await session.execute(text('SELECT "offset" FROM sent_record'))
        return [row.offset < offset for row in rows] == [True]


async def _written(bus: Bus, story: str) -> int:
    async with bus.read() as session:
        found = await session.execute(text("SELECT count(*) FROM journal WHERE correlationid = :s"), {"s": story})
        return int(found.scalar_one())


async def _count(bus: Bus, table: str) -> int:
    async with bus.read() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def test_a_gap_is_healed_by_the_owners_replay(new_bus: NewBus, topics: str) -> None:
    """Events after a missing one wait; when the owner tells its story again they are applied in order."""
    owner, reader = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    handlers = Handlers()
    subject = str(new_id())
    async with owner.transaction("coordinator") as tx:
        await tx.record(endorsed(), subject)
        await tx.flush()
        await tx.session.execute(text("DELETE FROM outbox"))
        await tx.record(withdrawn(), subject)
    async with running(Relay(owner).run, Reader(reader, handlers.consumers).run):
        await until(lambda: _is(open_dead_letters(reader, subject), ["gap"]))
        async with owner.transaction("operator") as tx:
            sent, _ = await replay.replay(await driver(tx.session), TOPIC, [subject])
        assert sent == 2
        await until(lambda: _is(of(reader, subject), ["ApplicationEndorsed", "ApplicationWithdrawn"]))
        assert await open_dead_letters(reader, subject) == []


async def test_a_rebuild_evolves_and_does_not_react(new_bus: NewBus, topics: str) -> None:
    """A rebuilt projection equals the old one, and no reaction is repeated."""
    owner, reader = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    handlers = Handlers()
    subject = str(new_id())
    async with running(Relay(owner).run, Reader(reader, handlers.consumers).run):
        async with owner.transaction("coordinator") as tx:
            await tx.record(endorsed(), subject)
        await until(lambda: _is(of(reader, subject), ["ApplicationEndorsed"]))
        journal = await _written(reader, subject)
        await empty_projections(reader, handlers.consumers, "operator")
        async with owner.transaction("coordinator") as tx:
            await tx.record(withdrawn(), subject)
        await until(lambda: _is(of(reader, subject), ["ApplicationEndorsed", "ApplicationWithdrawn"]))
    assert await of(reader, subject, "react") == ["ApplicationWithdrawn"]  # the first note went with the table
    assert await _written(reader, subject) == journal == 1


async def test_two_writers_of_one_aggregate_cannot_pass_each_other(new_bus: NewBus) -> None:
    """The one that decided on an older state is refused and leaves nothing behind."""
    owner = await new_bus("applications")
    subject = str(new_id())
    async with owner.transaction("coordinator") as tx:
        await tx.record(endorsed(), subject, expected=0)
    with pytest.raises(Conflict):
        async with owner.transaction("coordinator") as tx:
            await tx.record(withdrawn(), subject, expected=0)
    assert await _count(owner, "journal") == 1


async def test_facts_written_alone_and_together_make_one_chain(new_bus: NewBus) -> None:
    """A lone fact is one statement, takes its number where four others write at the same time, and the chain holds."""
    owner = await new_bus("applications")
    first, second = str(new_id()), str(new_id())
    statements: list[str] = []

    async def alone(subject: str) -> None:
        async with owner.transaction("coordinator") as tx:
            connection = await driver(tx.session)
            await tx.record(endorsed(), subject, correlation="a story")
            with connection.query_logger(lambda query: statements.append(query.query)):
                await tx.flush()

    await asyncio.gather(*(alone(first) for _ in range(5)))
    assert len(statements) == 5
    async with owner.transaction("coordinator") as tx:
        for _ in range(2):
            await tx.record(withdrawn(), first, correlation="another story")
            await tx.record(withdrawn(), second)
    await alone(first)
    await alone(second)
    async with owner.read() as session:
        assert [each async for each in findings(session, ErasureKeys("")) if isinstance(each, Finding)] == []
        rows = await session.execute(text("SELECT aggregateid, sequence, correlationid FROM outbox ORDER BY position"))
        pending = [tuple(row) for row in rows]
    assert [place for place in pending if place[0] == first] == [(first, number, "a story") for number in range(1, 9)]
    assert [place for place in pending if place[0] == second] == [(second, number, second) for number in range(1, 4)]


async def test_a_changed_journal_does_not_verify(new_bus: NewBus) -> None:
    """A changed payload, a removed event or a missing end is found."""
    owner = await new_bus("applications")
    first, second, third = (str(new_id()) for _ in range(3))
    async with owner.transaction("coordinator") as tx:
        for subject in (first, second, third):
            await tx.record(endorsed(), subject)
            await tx.record(ApplicationNotEndorsed.model_validate(dict(ApplicationNotEndorsed.example)), subject)
            await tx.record(withdrawn(), subject)
    async with owner.read() as session:
        assert [each async for each in findings(session, ErasureKeys("")) if isinstance(each, Finding)] == []
    async with owner_of(owner) as administrator, administrator.transaction("thief") as tx:
        await tx.session.execute(
            text("UPDATE journal SET payload = '{}' WHERE aggregateid = :s AND sequence = 2"), {"s": first}
        )
        await tx.session.execute(text("DELETE FROM journal WHERE aggregateid = :s AND sequence = 2"), {"s": second})
        await tx.session.execute(text("DELETE FROM journal WHERE aggregateid = :s AND sequence = 3"), {"s": third})
    async with owner.read() as session:
        found = {each.subject async for each in findings(session, ErasureKeys("")) if isinstance(each, Finding)}
    assert found == {first, second, third}


async def test_a_recreated_log_is_read_from_its_start(new_bus: NewBus, topics: str) -> None:
    """A partition whose record before the reader's position has changed is read again, and nothing is lost."""
    owner, reader = await new_bus("applications", kafka=topics), await new_bus("matching", kafka=topics)
    handlers = Handlers()
    subject = str(new_id())
    async with running(Relay(owner).run, Reader(reader, handlers.consumers).run):
        async with owner.transaction("coordinator") as tx:
            await tx.record(endorsed(), subject)
        await until(lambda: _is(of(reader, subject), ["ApplicationEndorsed"]))
    async with reader.transaction("test") as tx:
        await tx.session.execute(text("UPDATE read_position SET last_ce_id = :other"), {"other": new_id()})
    async with owner.transaction("coordinator") as tx:
        await tx.record(withdrawn(), subject)
    async with running(Relay(owner).run, Reader(reader, handlers.consumers).run):
        await until(lambda: _is(of(reader, subject), ["ApplicationEndorsed", "ApplicationWithdrawn"]))
