"""Create and upgrade the tables of a service's database.

One Alembic environment a service, in `services/<name>/migrations`; its `env.py` calls `run`. The store's declarations
are loaded only to draft a new migration: upgrading does not need them, and they are slow to load.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from shared.bus.db.bus import engine_for
from shared.bus.db.grants import grant

if TYPE_CHECKING:
    from collections.abc import Collection

    from alembic.runtime.environment import EnvironmentContext
    from sqlalchemy import Connection, MetaData

ROOT = Path(__file__).resolve().parents[2]
# Two processes that start together must not both migrate: any number will do, if it is always the same.
_LOCK = 7_206_301


def config(service: str, url: str, role: str | None = None) -> Config:
    """Return Alembic's configuration for `service` and the database at `url`; `role` is the one that serves."""
    settings = Config()
    settings.set_main_option("script_location", str(ROOT / "services" / service / "migrations"))
    settings.attributes["url"] = url
    settings.attributes["role"] = role
    return settings


def migrate(service: str, url: str, role: str | None = None) -> None:
    """Upgrade the database of `service`, and grant `role`, under which it runs, what it needs.

    `url` is the owner's address; without a role nobody else may use the tables. Does nothing if all is up to date. Must
    not be called in a running loop.
    """
    command.upgrade(config(service, url, role), "head")


def revise(service: str, url: str, message: str) -> None:
    """Write a migration from the database at `url`, which is at the newest one, to the store's declarations."""
    settings = config(service, url)
    settings.attributes["declared"] = import_module(f"services.{service}.schema").metadata
    command.revision(settings, message=message, autogenerate=True)


def run(context: EnvironmentContext, insert_only: Collection[str] = ()) -> None:
    """Run an `env.py`: connect, take the lock, run Alembic's commands and the grants in one transaction.

    `insert_only` are the service's own tables to which it only adds.
    """
    asyncio.run(_run(context, insert_only))


async def _run(context: EnvironmentContext, insert_only: Collection[str]) -> None:
    engine = engine_for(context.config.attributes["url"], 1)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL transaction_timeout = 0"))  # large tables take their time
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_migrate, context, insert_only)
    finally:
        await engine.dispose()


def _migrate(connection: Connection, context: EnvironmentContext, insert_only: Collection[str]) -> None:
    declared: MetaData | None = context.config.attributes.get("declared")
    context.configure(connection=connection, target_metadata=declared, compare_type=True, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()
    role: str | None = context.config.attributes.get("role")
    if role is not None:
        grant(connection, role, insert_only)
