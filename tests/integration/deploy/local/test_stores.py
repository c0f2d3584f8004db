"""Test that the embedded PostgreSQL and Apache Kafka keep what the design promises."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.kafka import jars, topics
from shared.contracts.topics import TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deploy.local.kafka import Broker
    from tests.conftest import Databases


async def test_a_services_role_reaches_its_own_database_only(postgres: Databases) -> None:
    """The role connects to its own database; another's, the administrator's, and with a wrong password none."""
    server = postgres.server
    server.provide({"mine": "first", "yours": "it's"})
    server.provide({"mine": "second", "yours": "it's"})
    connection = await asyncpg.connect(server.url("mine", "mine", "second"))
    await connection.execute("CREATE TABLE fact (id integer)")
    await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(server.url("yours", "mine", "second"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(server.url("postgres", "mine", "second"))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url("mine", "mine", "first"))


async def test_the_log_of_the_database_repeats_no_values(postgres: Databases, database: str) -> None:
    """An error is logged with its kind and the table's constraint, without the values of the row."""
    connection = await asyncpg.connect(database.replace("+asyncpg", ""))
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
    assert await topics.apply(bootstrap) == list(TOPICS)
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
