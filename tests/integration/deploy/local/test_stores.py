"""Test that the embedded PostgreSQL and Apache Kafka keep what the design promises."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.kafka import jars, topics
from deploy.local.postgres import Passwords
from shared.contracts.topics import EVERY_TOPIC, TOPICS
from tests.support import as_owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deploy.local.kafka import Broker
    from tests.conftest import Databases


async def test_a_services_role_reaches_its_own_database_only(postgres: Databases) -> None:
    """A role connects to its own database; another's, the administrator's, and with a wrong password none."""
    server = postgres.server
    yours = Passwords("owner's", "it's")
    server.provide({"mine": Passwords("first of owner", "first"), "yours": yours})
    server.provide({"mine": Passwords("second of owner", "second"), "yours": yours})
    for role, password in (("mine", "second"), ("mine_owner", "second of owner")):
        connection = await asyncpg.connect(server.url("mine", role, password))
        await connection.close()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(server.url("yours", role, password))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(server.url("postgres", role, password))
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url("mine", role, password.replace("second", "first")))


async def test_only_the_owner_makes_tables_and_grants_rights(postgres: Databases) -> None:
    """The role of the service can make nothing in its database, not even for the moment, nor widen its rights."""
    server = postgres.server
    server.provide({"house": Passwords("of owner", "of service")})
    owner = await asyncpg.connect(server.url("house", "house_owner", "of owner"))
    await owner.execute("CREATE TABLE fact (id integer)")
    await owner.execute("GRANT SELECT, INSERT ON fact TO house")
    await owner.close()
    service = await asyncpg.connect(server.url("house", "house", "of service"))
    for statement in (
        "CREATE TABLE mine (id integer)",
        "CREATE TEMPORARY TABLE mine (id integer)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE fact DISABLE TRIGGER ALL",
        "DROP TABLE fact",
        "TRUNCATE fact",
        "UPDATE fact SET id = 2",
        "SET ROLE house_owner",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute(statement)
    # PostgreSQL only warns where nothing can be granted.
    await service.execute("GRANT UPDATE ON fact TO house")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("UPDATE fact SET id = 2")
    await service.close()


async def test_the_log_of_the_database_repeats_no_values(postgres: Databases, database: str) -> None:
    """An error is logged with its kind and the table's constraint, without the values of the row."""
    connection = await asyncpg.connect(as_owner(database).replace("+asyncpg", ""))
    await connection.execute("CREATE TABLE person (address text CONSTRAINT one_address UNIQUE)")
    await connection.execute("INSERT INTO person VALUES ($1)", "planted@service.example")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO person VALUES ($1)", "planted@service.example")
    await connection.close()
    logged = postgres.server.child.log.read_text("utf-8")
    assert "one_address" in logged
    assert "planted@" not in logged


async def test_the_topics_of_the_contracts_are_applied_once_and_followed(new_broker: Callable[[], Broker]) -> None:
    """All are created, a second time none; a longer retention is set; another number of partitions is refused."""
    bootstrap = new_broker().bootstrap
    assert await topics.apply(bootstrap) == [topic.name for topic in EVERY_TOPIC]
    assert await topics.apply(bootstrap) == []
    topic = TOPICS["exchange.visits"]
    assert await topics.apply(bootstrap, [replace(topic, retention_ms=topic.retention_ms * 2)]) == []
    with pytest.raises(topics.TopicsWrong, match=r"exchange\.visits has 12 partitions, the contracts say 3"):
        await topics.apply(bootstrap, [replace(topic, partitions=3)])


async def test_no_topic_appears_by_a_typing_error(kafka: str) -> None:
    """A consumer that asks for a topic that nobody applied gets none, and none is made."""
    async with AIOKafkaConsumer(bootstrap_servers=kafka) as consumer:
        await consumer._client.fetch_all_metadata()
        consumer.assign([TopicPartition("exchange.vists", 0)])
        assert "exchange.vists" not in await consumer.topics()


async def test_acknowledged_records_survive_kill_9(new_broker: Callable[[], Broker]) -> None:
    """The broker is back on its old port within seconds, with every record that it acknowledged."""
    broker = new_broker()
    await topics.apply(broker.bootstrap, [TOPICS["exchange.access"]])
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all", enable_idempotence=True) as producer:
        for number in range(100):
            await producer.send_and_wait("exchange.access", str(number).encode(), b"subject")
        broker.child.kill()
        broker.start()
        await producer.send_and_wait("exchange.access", b"100", b"subject")
    partition = TopicPartition("exchange.access", 0)
    async with AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([partition])
        found: list[bytes] = []
        while len(found) < 101:
            found.append((await consumer.getone(partition)).value or b"")
    assert found == [str(number).encode() for number in range(101)]


def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with another sha256 than the lock's never gets onto the class path."""
    jar = jars.locked()[0]
    monkeypatch.setenv("M2_REPO", str(tmp_path))
    path = tmp_path.joinpath(*jar.group.split("."), jar.artifact, jar.version, f"{jar.artifact}-{jar.version}.jar")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    with pytest.raises(jars.JarsWrong, match=r"is not the file that jars\.lock names"):
        jars.fetch()
