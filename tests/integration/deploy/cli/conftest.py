"""Provide an installation for the tools: four real databases with the bus's tables, and a story."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from deploy.cli.system import SERVICES, System
from shared.bus import bus_tables
from shared.contracts import EVENTS, TOPICS
from shared.ids import new_id
from tests.support import as_owner, create_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Databases


@pytest.fixture
def system(postgres: Databases) -> Iterator[System]:
    """An installation of four databases; nothing else of it runs."""
    template = postgres.template("bus_only", lambda url: asyncio.run(create_tables(url, bus_tables)))
    addresses = {name: postgres.new(template) for name in SERVICES}
    urls = {
        f"TANDEM_DATABASE_URL_{name.upper()}": address.replace("+asyncpg", "") for name, address in addresses.items()
    }
    owners = {name.replace("URL", "OWNER_URL"): as_owner(url) for name, url in urls.items()}
    yield System({"TANDEM_KAFKA": "127.0.0.1:1", **urls, **owners})
    for address in addresses.values():
        postgres.drop(address)


@pytest.fixture
def with_events(system: System) -> System:
    """The same installation after each owner has recorded three events of each of its kinds."""

    async def record() -> None:
        for service in SERVICES:
            bus = system.bus(service)
            for name, event in sorted(EVENTS.items()):
                if TOPICS[event.topic].owner == service:
                    subject = new_id()
                    for _ in range(3):
                        async with bus.transaction(f"test:{name}") as tx:
                            await tx.record(event.model_validate(event.example), subject)
            await bus.close()

    asyncio.run(record())
    return system
