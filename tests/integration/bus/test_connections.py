"""Do transactions keep their promises on connections that are used again and again, and that the server may end?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.bus import bus as module
from shared.bus.transaction import driver
from tests.integration.bus.conftest import seen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus
    from tests.conftest import Databases

    NewBus = Callable[..., Awaitable[Bus]]

WRITE = "INSERT INTO seen VALUES ('one', 'x', 'evolve')"


async def process(session: AsyncSession) -> int:
    """Which process of the server answers."""
    return int((await session.execute(text("SELECT pg_backend_pid()"))).scalar_one())


def end(postgres: Databases, bus: Bus) -> None:
    """Have the server end all connections of a bus; this process hears of it only when it waits next."""
    database = bus.engine.url.database
    postgres.server.sql(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'")


async def test_what_reads_cannot_write_and_leaves_no_trace_on_its_connection(new_bus: NewBus) -> None:
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
    assert await seen(bus) == [("one", "x")]


async def test_a_snapshot_shows_one_moment(new_bus: NewBus) -> None:
    """What is committed while a snapshot is read is not in it, and is in the next one."""
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
    """What the driver writes first in a transaction is gone where it is rolled back, and kept where it commits."""
    bus = await new_bus("matching")
    async with bus.transaction("test") as tx:
        await (await driver(tx.session)).execute(WRITE)
        await tx.session.rollback()
    assert await seen(bus) == []
    async with bus.transaction("test") as tx:
        await (await driver(tx.session)).execute(WRITE)
    assert await seen(bus) == [("one", "x")]


async def test_connections_that_the_server_ended_are_not_used(new_bus: NewBus, postgres: Databases) -> None:
    """After the server has ended all connections, the next transactions begin on new ones as if nothing had been."""
    bus = await new_bus("matching")
    async with bus.read() as first, bus.read() as second:
        before = {await process(first), await process(second)}
    end(postgres, bus)
    await asyncio.sleep(0.05)  # in which this process hears of it
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
