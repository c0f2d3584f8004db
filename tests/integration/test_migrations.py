"""Do the migrations of each service follow each other, and make the tables that its store declares?"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shared.bus.bus import engine_for
from shared.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from tests.conftest import Databases

SERVICES = ("applications", "matching", "notifications", "reporting")


@pytest.fixture(params=SERVICES)
def migrated(request: pytest.FixtureRequest, postgres: Databases) -> Iterator[tuple[str, str]]:
    """A service, and the address of a database as its migrations make it."""
    service: str = request.param
    address = postgres.new(postgres.template(service, lambda url: migrate(service, url.replace("+asyncpg", ""))))
    yield service, address
    postgres.drop(address)


async def test_the_migrations_make_what_the_store_declares(migrated: tuple[str, str]) -> None:
    """They are one line to one newest, and autogenerate finds no difference between it and the store's tables."""
    service, address = migrated
    engine = engine_for(address)
    declared = importlib.import_module(f"services.{service}.store").metadata

    def differences(connection: sa.Connection) -> Any:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return compare_metadata(context, declared)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
