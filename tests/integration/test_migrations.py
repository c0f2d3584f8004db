"""The migrations of each service make the tables that its store declares, as listed."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shared.bus.db.bus import engine_for
from shared.runtime.migrate import config
from tests.schema import LISTINGS, listing
from tests.support import SERVING, as_owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from tests.conftest import Databases

SERVICES = ("applications", "matching", "notifications", "reporting")


@pytest.fixture(params=SERVICES)
def migrated(request: pytest.FixtureRequest, postgres: Databases) -> Iterator[tuple[str, str]]:
    """Return a service, and the address of a database as its migrations make it."""
    service: str = request.param
    address = postgres.new(postgres.of_service(service))
    yield service, address
    postgres.drop(address)


async def test_the_migrations_make_the_declared_tables(migrated: tuple[str, str]) -> None:
    """Migrations have one head, and autogenerate finds no difference from the tables of the store."""
    service, address = migrated
    engine = engine_for(as_owner(address))
    declared = importlib.import_module(f"services.{service}.schema").metadata

    def differences(connection: sa.Connection) -> Any:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return compare_metadata(context, declared)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_the_migrations_make_the_declared_indexes(migrated: tuple[str, str], postgres: Databases) -> None:
    """Each index has the columns, order and condition that the store declares, which autogenerate does not compare."""
    service, address = migrated
    created = postgres.new()
    engine = engine_for(as_owner(created))
    declared = importlib.import_module(f"services.{service}.schema").metadata
    async with engine.begin() as connection:
        await connection.run_sync(declared.create_all)
    await engine.dispose()
    found = [await _indexes(database) for database in (address, created)]
    postgres.drop(created)
    assert found[0] == found[1]


async def _indexes(address: str) -> dict[str, str]:
    return {
        line.split(" ON ")[0]: line
        for line in map(str.strip, (await listing(address)).splitlines())
        if line.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX"))
    }


async def test_the_migrations_make_the_listed_schema(migrated: tuple[str, str]) -> None:
    """Tables, columns, constraints, indexes, triggers and grants are those of the committed listing.

    After a new migration `python -m tests.schema` writes the listing again.
    """
    service, address = migrated
    assert await listing(address) == (LISTINGS / f"{service}.txt").read_text(encoding="utf-8")


async def test_the_migrations_can_be_reversed(migrated: tuple[str, str]) -> None:
    """A downgrade leaves only Alembic's own table, and an upgrade makes the same schema again."""
    service, address = migrated
    settings = config(service, as_owner(address), SERVING)
    before = await listing(address)
    await asyncio.to_thread(command.downgrade, settings, "base")
    heads = [line for line in (await listing(address)).splitlines() if line and not line.startswith(" ")]
    assert heads == [
        "table alembic_version grants {owner=arwdDxtm/owner,serving=r/owner}",
        "extension plpgsql",
        "schema public grants {pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}",
    ]
    await asyncio.to_thread(command.upgrade, settings, "head")
    assert await listing(address) == before
