"""Which installation do the tools work on in these tests? Four real databases with the bus's tables, and a story."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData

from deploy.cli.system import SERVICES, System
from shared.bus import bus_tables
from shared.bus.bus import engine_for
from shared.contracts import EVENTS, TOPICS
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Databases


def _fill(address: str) -> None:
    async def create() -> None:
        metadata = MetaData()
        bus_tables(metadata)
        engine = engine_for(address)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()

    asyncio.run(create())


@pytest.fixture
def system(postgres: Databases) -> Iterator[System]:
    """An installation of four databases; nothing else of it runs."""
    template = postgres.template("bus_only", _fill)
    addresses = {name: postgres.new(template) for name in SERVICES}
    urls = {
        f"TANDEM_DATABASE_URL_{name.upper()}": address.replace("+asyncpg", "") for name, address in addresses.items()
    }
    yield System({"TANDEM_KAFKA": "127.0.0.1:1", **urls})
    for address in addresses.values():
        postgres.drop(address)


@pytest.fixture
def told(system: System) -> System:
    """The same installation after each owner has told three events of each of its kinds."""

    async def tell() -> None:
        for service in SERVICES:
            bus = system.bus(service)
            for name, event in sorted(EVENTS.items()):
                if TOPICS[event.topic].owner == service:
                    subject = new_id()
                    for _ in range(3):
                        async with bus.transaction(f"test:{name}") as tx:
                            await tx.record(event.model_validate(event.example), subject)
            await bus.close()

    asyncio.run(tell())
    return system
