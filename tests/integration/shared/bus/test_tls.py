"""Test that one setting encrypts every connection to PostgreSQL: engine, LISTEN, migrations and COPY."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from shared.bus import Bus
from shared.bus.db.transaction import driver
from shared.runtime.migrate import migrate
from shared.settings import ServiceSettings
from shared.web.live import Live
from tests.support import as_owner, settings_for
from tests.tls_front import Authority, authority, tls_front
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import Databases


@pytest.fixture
def trusted(tmp_path: Path) -> Authority:
    """Return the authority that vouches for the database."""
    return authority(tmp_path, "trusted")


@pytest.fixture
async def front(trusted: Authority, postgres: Databases) -> AsyncIterator[int]:
    """Return the port at which PostgreSQL is reached by TLS only."""
    async with tls_front(trusted.server, postgres.server.port) as port:
        yield port


def settings(database: str, port: int, parameters: str = "", host: str = "127.0.0.1") -> ServiceSettings:
    """Return the settings of a service whose database is behind the front, with `parameters` in the one address."""
    address = make_url(database).set(drivername="postgresql", host=host, port=port)
    url = address.render_as_string(hide_password=False) + (f"?{parameters}" if parameters else "")
    return ServiceSettings(**settings_for(url))


async def test_engine_listen_copy_and_migrations_use_the_one_setting(
    database: str, front: int, trusted: Authority
) -> None:
    """With `sslmode=verify-full` and the authority's file in the address, all four work through TLS."""
    found = settings(as_owner(database), front, f"sslmode=verify-full&sslrootcert={trusted.file}")
    url = found.database_url.get_secret_value()
    await asyncio.to_thread(migrate, "notifications", url)
    bus, heard = Bus("notifications", found), asyncio.Event()
    try:
        async with bus.read() as session:
            assert (await session.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one()
        listening = await asyncpg.connect(found.direct_url)
        await listening.add_listener("tandem_tls", lambda *_: heard.set())
        async with bus.transaction("system:tests") as tx:
            connection = await driver(tx.session)
            await connection.execute("CREATE TABLE copied (number int)")
            await connection.copy_records_to_table("copied", records=[(1,), (2,)])
            await connection.execute("NOTIFY tandem_tls")
        await asyncio.wait_for(heard.wait(), PATIENCE)
        await listening.close()
        async with bus.read() as session:
            assert (await session.execute(sa.text("SELECT sum(number) FROM copied"))).scalar_one() == 3
    finally:
        await bus.close()


async def test_pages_learn_of_changes_through_tls(database: str, front: int, trusted: Authority) -> None:
    """The connection of the live updates is encrypted by the same setting."""
    found = settings(database, front, f"sslmode=verify-full&sslrootcert={trusted.file}")
    live = Live(found.direct_url)
    await live.start()
    try:
        await asyncio.wait_for(live.listening.wait(), PATIENCE)
    finally:
        await live.stop()


@pytest.mark.parametrize(
    ("parameters", "host", "refusal"),
    [
        ("sslmode=disable", "127.0.0.1", asyncpg.InvalidAuthorizationSpecificationError),
        ("sslmode=verify-full&sslrootcert={other}", "127.0.0.1", ssl.SSLCertVerificationError),
        ("sslmode=verify-ca&sslrootcert={other}", "127.0.0.1", ssl.SSLCertVerificationError),
        ("sslmode=verify-full&sslrootcert={trusted}", "localhost", ssl.SSLCertVerificationError),
    ],
)
async def test_a_plain_connection_another_authority_and_another_host_are_refused(
    database: str,
    front: int,
    trusted: Authority,
    tmp_path: Path,
    parameters: str,
    host: str,
    refusal: type[Exception],
) -> None:
    """Engine, LISTEN and migrations refuse alike, rather than go on without what the setting demands."""
    other = authority(tmp_path, "other").file
    found = settings(database, front, parameters.format(other=other, trusted=trusted.file), host)
    with pytest.raises(refusal):
        await asyncpg.connect(found.direct_url)
    bus = Bus("notifications", found)
    try:
        with pytest.raises((refusal, sa.exc.DBAPIError)) as refused:
            async with bus.read() as session:
                await session.execute(sa.text("SELECT 1"))
        assert _is(refused.value, refusal)
    finally:
        await bus.close()
    with pytest.raises((refusal, sa.exc.DBAPIError)) as refused:
        await asyncio.to_thread(migrate, "notifications", found.database_url.get_secret_value())
    assert _is(refused.value, refusal)


def _is(error: BaseException | None, kind: type[Exception]) -> bool:
    """Return whether an error, or one that led to it, is of that kind."""
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or getattr(error, "orig", None)
    return False


def test_an_address_without_a_pooler_is_as_encrypted_as_the_other() -> None:
    """`database_direct_url` takes the parameters of `database_url`, unless it has its own."""
    addresses = {
        "database_url": "postgresql://a@pooler/x?sslmode=verify-full",
        "database_direct_url": "postgresql://a@db/x",
    }
    assert ServiceSettings(**settings_for("") | addresses).direct_url == "postgresql://a@db/x?sslmode=verify-full"
    own = addresses | {"database_direct_url": "postgresql://a@db/x?sslmode=require"}
    assert ServiceSettings(**settings_for("") | own).direct_url == "postgresql://a@db/x?sslmode=require"
