"""Test the broker of docker-compose.yml: who may read and write which topic, with Apache Kafka itself."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from aiokafka.errors import ClusterAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from deploy.kafka import access, topics
from deploy.local.folder import ROOT
from deploy.local.kafka import java
from deploy.local.ports import HOST, free_port
from deploy.local.process import Child
from shared.bus.inbox.reader import Reader
from shared.bus.log import kafka
from shared.bus.outbox.relay import Relay
from shared.contracts.topics import EVERY_TOPIC, HEADS, SERVICES
from shared.ids import new_id
from shared.settings import ServiceSettings
from tests.integration.shared.bus.conftest import applied
from tests.integration.shared.bus.test_delivery import Handlers, endorsed, running
from tests.support import settings_for
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from shared.bus import Bus

    NewBus = Callable[..., Awaitable[Bus]]

ADMIN_PASSWORD = "password-of-the-administrator"
PASSWORDS = {user: f"password-of-{user}" for user in (*SERVICES, access.TOOLS)}


class GuardedBroker:
    """Apache Kafka with the properties of compose, prepared by the program of the image that compose uses.

    Only folders, ports and sizes differ.
    """

    def __init__(self, folder: Path, admin_password: str) -> None:
        """Prepare its configuration and format its folder."""
        port, controller = free_port(), free_port()
        self.bootstrap = f"{HOST}:{port}"
        self.controller = f"localhost:{controller}"
        for name in ("default", "mounted", "final", "secrets"):
            (folder / name).mkdir()
        (folder / "secrets" / "kafka_admin_password").write_text(admin_password)
        properties = (ROOT / "deploy/compose/kafka.properties").read_text("utf-8")
        (folder / "mounted" / "server.properties").write_text(
            properties.replace("/run/secrets", str(folder / "secrets"))
        )
        places: list[str | Path] = ["-D", folder / "default", "-M", folder / "mounted", "-F", folder / "final"]
        subprocess.run(
            [*java(), "kafka.docker.KafkaDockerWrapper", "setup", *places],
            env={
                "CLUSTER_ID": "5L6g3nShT-eMCtK--X86sw",
                "KAFKA_LISTENERS": f"CLIENTS://{self.bootstrap},CONTROLLER://{self.controller}",
                "KAFKA_ADVERTISED_LISTENERS": f"CLIENTS://{self.bootstrap}",
                "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@{self.controller}",
                "KAFKA_LOG_DIRS": str(folder / "data"),
                "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
                "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
                "KAFKA_LOG_CLEANER_DEDUPE_BUFFER_SIZE": "4194304",
            },
            check=True,
            capture_output=True,
        )
        command = [*java(), "kafka.Kafka", folder / "final" / "server.properties"]
        self.child = Child("Apache Kafka with passwords", command, log=folder / "kafka.log")

    def is_healthy(self) -> bool:
        """Return what the health check of docker-compose.yml says."""
        compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
        kind, shell, option, script = compose["services"]["kafka"]["healthcheck"]["test"]
        assert (kind, shell, option) == ("CMD", "bash", "-c")
        here = script.replace("/dev/tcp/localhost/9092", f"/dev/tcp/{self.bootstrap.replace(':', '/')}")
        assert here != script
        return subprocess.run(["bash", "-c", here], check=False, capture_output=True).returncode == 0

    def settings(self, user: str, password: str | None = None) -> ServiceSettings:
        """Return settings by which a user reaches the broker."""
        return ServiceSettings(**settings_for("postgresql://nobody@127.0.0.1:1/none", **self.login(user, password)))

    def login(self, user: str, password: str | None = None) -> dict[str, Any]:
        """Return the settings of a user, as compose gives them."""
        return {
            "kafka": self.bootstrap,
            "kafka_security": "SASL_PLAINTEXT",
            "kafka_user": user,
            "kafka_password": password or PASSWORDS[user],
        }


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedBroker]:
    """Return a broker with topics, users and rights, as the set-up of compose leaves it."""
    made = GuardedBroker(tmp_path_factory.mktemp("guarded"), ADMIN_PASSWORD)
    made.child.start()
    try:
        made.child.wait_ready(made.is_healthy, PATIENCE)
        asyncio.run(topics.apply(made.bootstrap, login=access.login(ADMIN_PASSWORD)))
        asyncio.run(access.apply(made.bootstrap, ADMIN_PASSWORD, PASSWORDS))
        yield made
    finally:
        made.child.kill()


async def _writable(settings: ServiceSettings, names: Sequence[str]) -> list[str]:
    """Return to which of the topics a user may send a record."""
    found = []
    async with kafka.started(kafka.producer(settings, "test")) as producer:
        for name in names:
            try:
                await producer.send_and_wait(name, b"{}", key=b"forged", partition=0)
            except TopicAuthorizationFailedError:
                continue
            found.append(name)
    return found


def _readable(settings: ServiceSettings, names: Sequence[str]) -> list[str]:
    """Return from which of the topics a user gets records, or hears that there are no more; others it does not see."""
    consumer = kafka.bulk_consumer(settings, settings.kafka_user if settings.kafka_user in SERVICES else "matching")
    readable: set[str | None] = set()
    try:
        seen = [name for name in names if consumer.list_topics(name, PATIENCE).topics[name].error is None]
        consumer.assign([TopicPartition(name, 0, 0) for name in seen])
        while len(readable) < len(seen):
            message = consumer.poll(PATIENCE)
            assert message is not None, f"no answer about {set(seen) - readable}"
            wrong = message.error()
            assert wrong is None or wrong.code() == KafkaError._PARTITION_EOF, wrong
            readable.add(message.topic())
    finally:
        consumer.close()
    return [name for name in names if name in readable]


@pytest.mark.parametrize("user", PASSWORDS)
async def test_a_user_reads_and_writes_what_the_contracts_say(broker: GuardedBroker, user: str) -> None:
    """A service writes only the topics it owns and reads only those it is named for; tools write none."""
    settings = broker.settings(user)
    names = [topic.name for topic in EVERY_TOPIC]
    if user in SERVICES:
        assert await _writable(settings, names) == [
            topic.name for topic in EVERY_TOPIC if user == topic.owner or topic is HEADS
        ]
    else:
        with pytest.raises(ClusterAuthorizationFailedError):  # who may write nothing is no producer at all
            await _writable(settings, names)
    readable = await asyncio.to_thread(_readable, settings, names)
    assert readable == [
        topic.name for topic in EVERY_TOPIC if user == access.TOOLS or user in {topic.owner, *topic.readers}
    ]


async def test_a_fact_travels_between_services_with_passwords(broker: GuardedBroker, new_bus: NewBus) -> None:
    """Relay, upkeep and reader work with the rights of their services alone."""
    owner = await new_bus("applications", **broker.login("applications"))
    reader = await new_bus("matching", **broker.login("matching"))
    handlers = Handlers()
    subject = str(new_id())
    async with owner.transaction("coordinator") as tx:
        await tx.record(endorsed(), subject)
    async with running(Relay(owner).run), running(Reader(reader, handlers.consumers).run):

        async def has_come() -> bool:
            return subject in [found for found, _ in await applied(reader)]

        await until(has_come, "the fact is applied")


async def test_without_the_right_password_nobody_connects(broker: GuardedBroker) -> None:
    """A wrong password, an unknown user and a client without a password are refused, at the controller too."""
    for settings in (
        broker.settings("matching", "wrong"),
        broker.settings("nobody", "wrong"),
        broker.settings(access.ADMIN, ADMIN_PASSWORD),  # it is known to the administrator's mechanism only
        broker.settings("matching").model_copy(update={"kafka_security": "PLAINTEXT"}),
        broker.settings("matching").model_copy(update={"kafka_security": "PLAINTEXT", "kafka": broker.controller}),
    ):
        with pytest.raises(KafkaConnectionError):
            await kafka.start(kafka.producer(settings, "test"))


async def test_a_right_that_the_contracts_do_not_name_is_taken_back(broker: GuardedBroker) -> None:
    """The set-up removes what somebody added by hand, and leaves the rights of users that are not ours."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 2, **access.login(ADMIN_PASSWORD)})

    def write(user: str) -> AclBinding:
        return AclBinding(
            ResourceType.TOPIC,
            "exchange.matches",
            ResourcePatternType.LITERAL,
            f"User:{user}",
            "*",
            AclOperation.WRITE,
            AclPermissionType.ALLOW,
        )

    for created in admin.create_acls([write("reporting"), write("auditors")]).values():
        created.result(PATIENCE)
    settings = broker.settings("reporting")
    assert await _writable(settings, ["exchange.matches"])
    await access.apply(broker.bootstrap, ADMIN_PASSWORD, PASSWORDS)
    assert not await _writable(settings, ["exchange.matches"])
    left = admin.describe_acls(access.filter_for()).result(PATIENCE)
    assert {each.principal for each in left} == {f"User:{user}" for user in (*PASSWORDS, "auditors")}


async def test_a_service_changes_no_rights(broker: GuardedBroker) -> None:
    """A service cannot make users, grant rights, delete topics, or create one that it does not own."""
    login = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "reporting"}
    password = {"sasl.password": PASSWORDS["reporting"]}
    admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 2, **login, **password})
    for tried in (
        *admin.create_acls(list(access.rights("applications"))).values(),
        *admin.delete_topics(["exchange.calls", "exchange.outcomes"]).values(),
        *admin.create_topics([NewTopic("exchange.calls.2", 1)]).values(),
    ):
        with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
            tried.result(PATIENCE)


def test_the_health_check_notices_a_broker_that_stands_still(broker: GuardedBroker) -> None:
    """It asks the broker, without a Java of its own: a stopped process keeps its port and does not answer."""
    assert broker.is_healthy()
    pid = broker.child.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        assert not broker.is_healthy()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert broker.is_healthy()
