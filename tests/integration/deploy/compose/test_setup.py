"""Test the set-up of compose with PostgreSQL and Apache Kafka themselves."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import asyncpg
import pytest

from deploy.compose import secrets
from deploy.local import postgres
from deploy.local.folder import ROOT
from deploy.local.ports import HOST, free_port
from deploy.local.postgres import Postgres
from shared.contracts.topics import EVERY_TOPIC, SERVICES
from tests.integration.shared.bus.test_broker_access import GuardedBroker
from tests.unit.deploy.compose.test_compose import secrets_of
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of secrets as the command makes it."""
    made = tmp_path_factory.mktemp("compose") / ".secrets"
    secrets.write(made)
    return made


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Return a server whose databases the script of compose has made."""
    place = tmp_path_factory.mktemp("postgres")
    password = (folder / "postgres_password").read_text("utf-8")
    found = Postgres(place / "data", free_port(), password, log=place / "log", durable=False)
    try:
        found.start()
        subprocess.run(
            ["sh", ROOT / "deploy/compose/databases.sh"],
            env={
                "PATH": f"{postgres.BINARIES}:{os.environ['PATH']}",
                "SECRETS": str(folder),
                "PGHOST": HOST,
                "PGPORT": str(found.port),
                "PGPASSWORD": password,
                "PGDATABASE": "postgres",
            },
            check=True,
            capture_output=True,
        )
        yield found
    finally:
        found.child.kill()


def _here(address: str, server: Postgres) -> str:
    """Return an address of compose with the place of the server of this test."""
    return address.replace("@postgres/", f"@{HOST}:{server.port}/")


async def test_each_role_has_a_password_of_its_own(folder: Path, server: Postgres) -> None:
    """Each address opens its own database, and the password of one role opens nothing for another."""
    names = [name for group in secrets.groups() for name in group if name.endswith("_url")]
    addresses = {name: (folder / name).read_text("utf-8") for name in names}
    assert len(addresses) == 8
    keycloak = (folder / "keycloak_database_password").read_text("utf-8")
    addresses["keycloak"] = f"postgresql://keycloak:{keycloak}@postgres/keycloak"
    passwords = {name: re.findall(r"://\w+:([^@]+)@", address)[0] for name, address in addresses.items()}
    assert len(set(passwords.values())) == len(passwords)
    for name, address in addresses.items():
        connection = await asyncpg.connect(_here(address, server))
        await connection.close()
        other = next(password for password in passwords.values() if password != passwords[name])
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(_here(address, server).replace(passwords[name], other))
        for database in {"applications", "keycloak", "reporting"} - {address.rpartition("/")[2].partition("?")[0]}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(re.sub(r"/\w+(\?|$)", rf"/{database}\1", _here(address, server)))


def _set_up(folder: Path, server: Postgres, kafka: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run the set-up with the secrets that compose gives it, in a container's folder."""
    place.mkdir()
    for target, source in secrets_of("setup").items():
        (place / target).write_text(_here((folder / source).read_text("utf-8"), server), "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "deploy.compose.setup"],
        env={"PATH": os.environ["PATH"], "TANDEM_SECRETS_DIR": str(place), "TANDEM_KAFKA": kafka},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_the_set_up_makes_all_and_can_be_run_again(folder: Path, server: Postgres, tmp_path: Path) -> None:
    """Users, rights, topics and tables are there after it; a second run changes nothing."""
    (tmp_path / "kafka").mkdir()
    broker = GuardedBroker(tmp_path / "kafka", (folder / "kafka_admin_password").read_text("utf-8"))
    broker.child.start()
    try:
        broker.child.wait_ready(broker.is_healthy, PATIENCE)
        for number, created in enumerate((len(EVERY_TOPIC), 0)):
            done = await asyncio.to_thread(_set_up, folder, server, broker.bootstrap, tmp_path / str(number))
            assert done.returncode == 0, done.stderr
            assert f"Kafka has its users and rights. Topics created: {created}." in done.stdout
    finally:
        broker.child.kill()
    for service in SERVICES:
        connection = await asyncpg.connect(_here((folder / f"{service}_database_url").read_text("utf-8"), server))
        assert await connection.fetchval("SELECT count(*) FROM journal") == 0
        await connection.close()


def test_other_secrets_than_those_of_the_data_are_named(server: Postgres, tmp_path: Path) -> None:
    """New secrets beside old volumes stop the start, before a service runs with them, with what to do."""
    other = tmp_path / ".secrets"
    secrets.write(other)
    done = _set_up(other, server, f"{HOST}:1", tmp_path / "mounted")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "PostgreSQL refuses the passwords in .secrets: the data in the volumes was made with other ones. "
        "Put the folder .secrets of that time back. Or remove the data: docker compose down --volumes"
    )
