"""Provide a small reader and a small owner, with real stores and a real log, for the tests of the bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Column, MetaData, Table, Text, text

from deploy.kafka.topics import apply
from shared.bus import Bus, bus_tables
from shared.settings import ServiceSettings
from tests.support import as_owner, create_all, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.conftest import Databases

metadata = MetaData()
bus_tables(metadata)
# What the reader saw, in the order in which it applied it: nothing here would hide a second application.
Table("seen", metadata, Column("subject", Text), Column("what", Text), Column("how", Text))


@pytest.fixture
async def new_bus(postgres: Databases) -> AsyncIterator[Callable[..., Awaitable[Bus]]]:
    """A function that gives a bus for a service on a fresh database; `kafka` and other settings by name.

    It has the rights of a service; with `owner`, those of the role that makes tables.
    """
    made: list[tuple[Bus, str]] = []

    async def make(service: str, *, owner: bool = False, **changes: Any) -> Bus:
        url = changes.pop("database_url", None) or postgres.new()
        await create_all(url, metadata)
        bus = Bus(service, ServiceSettings(**settings_for(as_owner(url) if owner else url, **changes)))
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
