"""Provide a small reader and a small owner, with real stores and a real log, for the tests of the bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Column, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from deploy.kafka.topics import apply
from shared.bus import Bus, bus_tables
from shared.settings import ServiceSettings
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.conftest import Databases

metadata = MetaData()
bus_tables(metadata)
# What the reader saw, in the order in which it applied it: nothing here would hide a second application.
Table("seen", metadata, Column("subject", Text), Column("what", Text), Column("how", Text))


@pytest.fixture
async def new_bus(postgres: Databases) -> AsyncIterator[Callable[..., Awaitable[Bus]]]:
    """A function that gives a bus for a service on a fresh database; `kafka` and other settings by name."""
    made: list[tuple[Bus, str]] = []

    async def make(service: str, **changes: Any) -> Bus:
        url = changes.pop("database_url", None) or postgres.new()
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()
        bus = Bus(service, ServiceSettings(**settings_for(url, **changes)))
        made.append((bus, url))
        return bus

    yield make
    for bus, _ in made:
        await bus.close()
    for url in {url for _, url in made}:
        postgres.drop(url)


@pytest.fixture
async def topics(kafka: str) -> str:
    """The broker with all topics; give its address."""
    await apply(kafka)
    return kafka


async def applied(bus: Bus, how: str = "evolve") -> list[tuple[str, str]]:
    """Return what the reader saw: (subject, what) in order."""
    async with bus.read() as session:
        rows = await session.execute(
            text("SELECT subject, what FROM seen WHERE how = :how ORDER BY ctid"), {"how": how}
        )
        return [(row.subject, row.what) for row in rows]
