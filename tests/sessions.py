"""Sign people in for tests: a session as the portal keeps it, and the key for its cookie."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from services.applications.sessions.actions import StoredSessions
from services.applications.sessions.store import SessionRow
from shared.identity.session import ABSOLUTE, digest_of, new_key
from shared.identity.state import identity_of
from shared.ids import new_id
from tests.support import SERVING, as_owner

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    import sqlalchemy as sa
    from fastapi import FastAPI

_TABLE = str(CreateTable(SessionRow.__table__, if_not_exists=True).compile(dialect=postgresql.dialect()))  # type: ignore[attr-defined, no-untyped-call]  # SQLModel adds the table
_INSERT = (
    "INSERT INTO sign_in_session (digest, id, subject, begun_at, seen_at, over_at, browser, system)"
    " VALUES ($1, $2, $3, $4, $4, $5, 'Firefox', 'Linux')"
)


def session_table(metadata: sa.MetaData) -> None:
    """Add the portal's table of sessions to a metadata."""
    SessionRow.__table__.to_metadata(metadata)  # type: ignore[attr-defined]  # as above


def session_key(app: FastAPI, subject: str, *, ago: float = 0) -> str:
    """Begin a session of `subject`, `ago` seconds ago, and return the key for its cookie.

    A service that is tested without the portal keeps its sessions as the portal does, in its own database.
    """
    url = app.state.service.settings.database_url.get_secret_value().replace("+asyncpg", "")
    alone = identity_of(app).keeper is None
    key = new_key()
    _run(_insert(url, key, subject, datetime.now(UTC) - timedelta(seconds=ago), create=alone))
    if alone:
        identity_of(app).keep_sessions(StoredSessions(app.state.service.bus, identity_of(app).sign_ins))
    return key


def session_cookie(app: FastAPI, subject: str, *, ago: float = 0) -> str:
    """Begin a session as `session_key` does and return its cookie, `name=key`."""
    return f"{identity_of(app).cookies.session}={session_key(app, subject, ago=ago)}"


async def _insert(url: str, key: str, subject: str, begun: datetime, *, create: bool) -> None:
    if create:
        await _create_table(url)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_INSERT, digest_of(key), new_id(), subject, begun, begun + ABSOLUTE)
    finally:
        await connection.close()


async def _create_table(url: str) -> None:
    """Create the portal's table of sessions as the database's owner, who alone may."""
    connection = await asyncpg.connect(as_owner(url))
    try:
        await connection.execute(_TABLE)
        await connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_session TO {SERVING}")
    finally:
        await connection.close()


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a thread with a loop of its own, so that tests with and without a loop can sign in."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
