"""Test transactions on connections that are used many times and that the server may close."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.bus import Bus
from shared.bus.db import bus as module
from shared.bus.db import lease_epoch, leases
from shared.bus.db.transaction import driver
from shared.contracts.applications import ApplicationSubmitted
from shared.ids import new_id
from tests.integration.shared.bus.conftest import applied
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from tests.conftest import Databases

    NewBus = Callable[..., Awaitable[Bus]]

SUBMITTED = ApplicationSubmitted.model_validate(dict(ApplicationSubmitted.example))
WRITE = "INSERT INTO seen VALUES ('one', 'x', 'evolve')"


async def process(session: AsyncSession) -> int:
    """Return which process of the server answers."""
    return int((await session.execute(text("SELECT pg_backend_pid()"))).scalar_one())


def end(postgres: Databases, bus: Bus) -> None:
    """Have the server end all connections of a bus; this process hears of it only when it waits next."""
    database = bus.engine.url.database
    postgres.server.sql(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'")


async def test_a_read_cannot_write_and_leaves_no_trace_on_its_connection(new_bus: NewBus) -> None:
    """The server refuses a write in a read and in a snapshot; on the same connection a transaction writes."""
    bus = await new_bus("matching")
    processes = set()
    for reading in (bus.read, bus.snapshot):
        async with bus.glance() as session:
            processes.add(await process(session))
        async with reading() as session:
            processes.add(await process(session))
            with pytest.raises(DBAPIError, match="read-only transaction"):
                await session.execute(text(WRITE))
    async with bus.transaction("test") as tx:
        processes.add(await process(tx.session))
        level = await tx.session.scalar(text("SHOW transaction_isolation"))
        await tx.session.execute(text(WRITE))
    assert (len(processes), level) == (1, "read committed")
    assert await applied(bus) == [("one", "x")]


async def test_a_snapshot_shows_one_moment(new_bus: NewBus) -> None:
    """A row committed while a snapshot is read is not in it, and is in the next one."""
    bus = await new_bus("matching")
    count = text("SELECT count(*) FROM seen")
    async with bus.snapshot() as session:
        before = await session.scalar(count)
        async with bus.transaction("test") as tx:
            await tx.session.execute(text(WRITE))
        assert await session.scalar(count) == before
    async with bus.snapshot() as session:
        assert await session.scalar(count) == 1


async def test_the_driver_writes_within_the_transaction(new_bus: NewBus) -> None:
    """The driver's first write in a transaction is undone by a rollback, and kept by a commit."""
    bus = await new_bus("matching")
    async with bus.transaction("test") as tx:
        await (await driver(tx.session)).execute(WRITE)
        await tx.session.rollback()
    assert await applied(bus) == []
    async with bus.transaction("test") as tx:
        await (await driver(tx.session)).execute(WRITE)
    assert await applied(bus) == [("one", "x")]


async def test_connections_that_the_server_ended_are_not_used(new_bus: NewBus, postgres: Databases) -> None:
    """After the server has ended all connections, the next transactions begin on new ones as if nothing had been."""
    bus = await new_bus("matching")
    async with bus.read() as first, bus.read() as second:
        before = {await process(first), await process(second)}
        connections = [await driver(first), await driver(second)]
    end(postgres, bus)
    await until(lambda: all(each.is_closed() for each in connections), "this process hears of it")
    async with bus.read() as first, bus.read() as second:
        after = {await process(first), await process(second)}
    assert len(after) == 2
    assert not before & after


async def test_a_connection_that_was_left_alone_is_asked_first(
    new_bus: NewBus, postgres: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was not used for a while is not trusted: where it is dead, unheard of, a new one takes its place."""
    monkeypatch.setattr(module, "_UNASKED", -1.0)
    bus = await new_bus("matching")
    async with bus.read() as session:
        before = await process(session)
    async with bus.read() as session:
        assert await process(session) == before
    end(postgres, bus)
    async with bus.read() as session:  # the loop has not run since, so nobody has heard that it is dead
        assert await process(session) != before


async def test_an_unused_connection_is_closed_by_the_server(new_bus: NewBus) -> None:
    """Of two connections the one in a transaction stays, the idle one ends; two are there when two are needed."""
    bus = await new_bus("matching", database_idle_seconds=1)
    async with bus.read() as first:
        kept = await process(first)
        async with bus.read() as second:
            idle, ended = await driver(second), await process(second)
        await until(idle.is_closed, "the server closes the idle one")
        assert await process(first) == kept
    async with bus.read() as first, bus.read() as second:
        pair = {await process(first), await process(second)}
    assert len(pair - {ended}) == 2


SLOW_COMMIT = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON seen DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (new.how = 'slow') EXECUTE FUNCTION slow();
"""


@pytest.mark.parametrize("where", ["statement", "facts", "commit"])
async def test_cancelled_wherever_it_waits_nothing_is_left(new_bus: NewBus, postgres: Databases, where: str) -> None:
    """Cut off in a statement, while its facts are written or in the commit itself: all is rolled back, and all goes on.

    As many are cut off as there are connections, so that one which was left in the middle would be met again.
    """
    bus = await new_bus("applications", database_pool=3)
    postgres.server.sql(SLOW_COMMIT, bus.engine.url.database or "")
    subjects = [str(new_id()) for _ in range(3)]

    async def cut_off(subject: str) -> None:
        async with bus.transaction("test") as tx:
            how = "slow" if where == "commit" else "evolve"
            await tx.session.execute(text("INSERT INTO seen VALUES (:subject, 'x', :how)"), _row(subject, how))
            await tx.record(SUBMITTED, subject)
            if where == "statement":
                await tx.session.execute(text("SELECT pg_sleep(60)"))

    async with bus.transaction("test") as blocking:
        if where == "facts":  # each of them has a head that another transaction holds
            for subject in subjects:
                await blocking.record(SUBMITTED, subject)
            await blocking.flush()
        tasks = [asyncio.create_task(cut_off(subject)) for subject in (subjects[:2] if where == "facts" else subjects)]
        await _waits(postgres, bus, len(tasks))
        for task in tasks:
            task.cancel()
        assert [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)] == [
            asyncio.CancelledError
        ] * len(tasks)
        await blocking.session.rollback()
    assert await applied(bus) == []
    assert await _facts(bus) == 0
    for subject in subjects:  # in three at once, each on a connection of its own
        async with bus.transaction("test") as tx, bus.read() as first, bus.read() as second:
            assert [await process(each) for each in (first, second)]
            await tx.session.execute(text("INSERT INTO seen VALUES (:subject, 'x', :how)"), _row(subject, "evolve"))
            await tx.record(SUBMITTED, subject)
    # New rows may take the room of those that were cut off, so their order in the table says nothing.
    assert sorted(subject for subject, _ in await applied(bus)) == sorted(subjects)
    assert await _facts(bus) == 3


async def test_cancelled_twice_it_still_rolls_back_to_its_end(new_bus: NewBus, postgres: Databases) -> None:
    """A second cancel while the first is rolling back does not leave a transaction open on the server."""
    bus = await new_bus("applications")

    async def cut_off() -> None:
        async with bus.transaction("test") as tx:
            await tx.session.execute(text(WRITE))
            await tx.session.execute(text("SELECT pg_sleep(60)"))

    task = asyncio.create_task(cut_off())
    await _waits(postgres, bus, 1)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await applied(bus) == []
    async with bus.transaction("test") as tx:
        await tx.session.execute(text(WRITE))
    assert await applied(bus) == [("one", "x")]
    open_ = "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND state LIKE 'idle in transaction%'"
    assert postgres.server.sql(open_.format(bus.engine.url.database)) == "0"


async def test_a_savepoint_that_fails_takes_back_its_own_only(new_bus: NewBus) -> None:
    """Rows written before a savepoint stay after its rollback, by session and driver."""
    bus = await new_bus("matching")
    async with bus.transaction("test") as tx:
        await tx.session.execute(text(WRITE))
        savepoint = await tx.session.begin_nested()
        await (await driver(tx.session)).execute("INSERT INTO seen VALUES ('two', 'x', 'evolve')")
        with pytest.raises(DBAPIError):
            await tx.session.execute(text("SELECT 1 / 0"))
        await savepoint.rollback()
        await (await driver(tx.session)).execute("INSERT INTO seen VALUES ('three', 'x', 'evolve')")
    assert await applied(bus) == [("one", "x"), ("three", "x")]


def _row(subject: str, how: str) -> dict[str, str]:
    return {"subject": subject, "how": how}


async def _facts(bus: Bus) -> int:
    """Return how many facts are written down, and are waiting to be sent."""
    async with bus.read() as session:
        counts = text("SELECT (SELECT count(*) FROM journal), (SELECT count(*) FROM outbox)")
        written, waiting = (await session.execute(counts)).one()
    assert written == waiting
    return int(written)


async def _waits(postgres: Databases, bus: Bus, many: int) -> None:
    """Until so many statements sleep or wait for a lock on the server."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND wait_event IN ('PgSleep', 'transactionid')"
    await until(lambda: int(postgres.server.sql(query.format(bus.engine.url.database))) >= many, "they wait")


async def test_a_process_that_stopped_within_a_statement_gives_up_its_lease(
    new_bus: NewBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that stands still between preparing a statement and running it counts as busy; another still takes over."""
    for name in ("LEASE_SECONDS", "IDLE_SECONDS", "LONGEST_SECONDS"):
        monkeypatch.setattr(lease_epoch, name, 1.0)
    bus = await new_bus("matching")
    other = Bus("matching", bus.settings)
    lease = await leases.acquire(bus, "relay")
    assert lease is not None

    async def stand_still() -> None:
        async with bus.transaction("test", lease) as tx:
            await (await driver(tx.session)).prepare("SELECT count(*) FROM lease")
            async with asyncio.timeout(60), leases.hold(other, "relay") as taken:
                assert taken.epoch > lease.epoch

    try:
        with pytest.raises(DBAPIError):  # the server has ended the transaction
            await stand_still()
    finally:
        await other.close()
