"""Where do transactions begin? One place opens them for the whole service."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from shared.bus.processes import holder
from shared.bus.transaction import Tx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncEngine

    from shared.settings import ServiceSettings


def engine_for(url: str, pool: int = 12) -> AsyncEngine:
    """An engine on asyncpg for a `postgresql://` address, with UTC sessions and a bounded pool."""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=10,
        json_deserializer=orjson.loads,  # three times as fast as the standard library's
        hide_parameters=True,  # an error's text goes to logs, and parameters may be somebody's name
        connect_args={"server_settings": {"timezone": "UTC", "application_name": "tandem"}, "timeout": 10},
    )


class Bus:
    """A service's store and its way to tell of changes."""

    def __init__(self, service: str, settings: ServiceSettings) -> None:
        self.service = service
        self.settings = settings
        self.engine = engine_for(settings.database_url.get_secret_value(), settings.database_pool)
        self.holder = holder(service)

    @asynccontextmanager
    async def transaction(self, actor: str) -> AsyncIterator[Tx]:
        """A transaction in the name of `actor` (a sign-in subject, or `system:<what>`).

        Commits when the block ends well; rolls all back, facts included, when it raises. Raises `Conflict`.
        """
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            tx = Tx(session, actor)
            yield tx
            await tx.flush()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that can read only: PostgreSQL refuses a write in it."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            await session.execute(text("SET TRANSACTION READ ONLY"))
            yield session

    async def close(self) -> None:
        """Close the connections."""
        await self.engine.dispose()
