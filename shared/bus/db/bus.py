"""Open the transactions and sessions of a service's store."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from shared.bus.db import lease_epoch
from shared.bus.db.processes import holder
from shared.bus.db.request_keys import keyed, request_key
from shared.bus.db.transaction import Tx, commit, compared
from shared.settings import plain_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

    from shared.bus.db.lease_epoch import Lease
    from shared.settings import ServiceSettings

_UNASKED = 10.0
"""Seconds for which a connection that was in use counts as alive, unless its end was reported."""
_IDLE = "2min"
"""After so long without a statement the store ends a transaction: that of a stopped process would keep its locks."""
_LONGEST = "15min"
"""After so long the store ends it whatever it does: a process may stop between the parts of one statement."""
_STATEMENTS = 400
"""Statements that a connection keeps prepared: the portal has hundreds, and preparing one costs two round trips."""


def engine_for(url: str, pool: int = 12, idle_seconds: int = 0) -> AsyncEngine:
    """Return an engine on asyncpg for a `postgresql://` address, with UTC sessions and a bounded pool.

    asyncpg itself reads the address, as for LISTEN, so that `?sslmode=...&sslrootcert=...` means the same everywhere.
    The connection that was used last is used next: its statements are prepared and the server's caches warm. The server
    closes one that is unused for `idle_seconds` (0: never).
    """
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg", query={}),
        pool_size=pool,
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=10,
        json_deserializer=orjson.loads,  # faster than the standard library's
        hide_parameters=True,  # an error's text goes to logs, and parameters may contain names
        connect_args={
            "dsn": plain_address(url),
            "server_settings": {
                "timezone": "UTC",
                "application_name": "tandem",
                "idle_in_transaction_session_timeout": _IDLE,
                "idle_session_timeout": f"{idle_seconds}s",
                "transaction_timeout": _LONGEST,
            },
            "timeout": 10,
            "prepared_statement_cache_size": _STATEMENTS,
        },
    )
    _watch(engine)
    return engine


def _watch(engine: AsyncEngine) -> None:
    """Keep transactions from beginning on a connection that is gone.

    A connection that the server closed is known to be closed. One that has been idle for a while is tested with the
    server: SQLAlchemy's own test costs three round trips each time.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def checked_in(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["used"] = monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def checked_out(connection: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        used = record.info.get("used")
        if used is None:  # it is new
            return
        driver = record.driver_connection
        if driver is None or driver.is_closed():
            raise DisconnectionError
        if monotonic() - used > _UNASKED:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as wrong:
                raise InvalidatePoolError from wrong


class Bus:
    """A service's store, and its way to record and announce changes."""

    def __init__(self, service: str, settings: ServiceSettings) -> None:
        self.service = service
        self.settings = settings
        self.engine = engine_for(
            settings.database_url.get_secret_value(), settings.database_pool, settings.database_idle_seconds
        )
        self._reading = self.engine.execution_options(postgresql_readonly=True)
        self._snapshots = self._reading.execution_options(isolation_level="REPEATABLE READ")
        self._glances = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.holder = holder(service)
        self.relays = False
        """Whether this process is the sender: then no other process need be notified of its facts."""
        self.recorded = asyncio.Event()
        """Set when facts of this process, or of another one, wait to be sent: for the relay."""

    @asynccontextmanager
    async def transaction(self, actor: str, lease: Lease | None = None) -> AsyncIterator[Tx]:
        """Open a transaction in the name of `actor` (a sign-in subject, or `system:<what>`), under a lease if given.

        Nobody else can take the lease before it ends; raises `LeaseLost` where somebody has taken it already.
        Commits when the block ends well; rolls all back, facts included, when it raises. Raises `Conflict`,
        `Outdated` where it would change a record of which the request that it belongs to names an older version, and
        `Refused` where another request with the same `Idempotency-Key` is at work.
        """
        session = AsyncSession(self.engine, expire_on_commit=False)
        try:
            tx = Tx(session, actor, None if self.relays else self.holder)
            if lease is not None:
                await lease_epoch.check(session, lease)
            async with keyed(session) if request_key.get() is not None else nullcontext():
                async with compared(session) as comparison:
                    yield tx
                    await comparison.before_commit(session, noted=tx.noted)
                await tx.flush()
                await commit(session)
            comparison.committed()
        except BaseException:
            await session.__aexit__(None, None, None)  # rolls back to the end, even if cancelled again
            raise
        await session.close()
        if tx.recorded:
            self.recorded.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session that can only read: PostgreSQL refuses a write in it."""
        async with _reading(self._reading) as session:
            yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """Open a session as `read` does, in which everything is as it was at one moment."""
        async with _reading(self._snapshots) as session:
            yield session

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncSession]:
        """Open a session for one query, or queries that need not agree: it begins and ends no transaction.

        One round trip instead of three, for queries with each request or each wake-up. Nothing may be written in it.
        """
        session = AsyncSession(self._glances, expire_on_commit=False, autoflush=False)
        try:
            yield session
            await session.close()
        except BaseException:
            await session.__aexit__(None, None, None)
            raise

    async def close(self) -> None:
        """Close the connections."""
        await self.engine.dispose()


@asynccontextmanager
async def _reading(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Open a session in one transaction, which ends with the block."""
    session = AsyncSession(engine, expire_on_commit=False)
    try:
        yield session
        await session.commit()
    except BaseException:
        await session.__aexit__(None, None, None)  # as in `Bus.transaction`
        raise
    await session.close()
