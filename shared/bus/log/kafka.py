"""Make clients of Apache Kafka; the one place that sets their options, none of which is left at its default."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from confluent_kafka import Consumer, ConsumerGroupState, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic
from faststream.security import BaseSecurity, SASLScram512

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from shared.contracts.topics import Topic
    from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

CREATE_SECONDS = 30.0
GROUPS_SECONDS = 5.0
ANSWER_SECONDS = 40.0
STOP_SECONDS = 5.0
"""Seconds that a client which is starting or stopping has left once its user was cancelled."""
LEAVE_SECONDS = 10.0
"""Seconds after which a client that does not stop is left to itself."""
_BY_ITSELF = "the client cancelled its own work"


def client_options(settings: ServiceSettings) -> dict[str, Any]:
    """Return the options that every client of ours has: where the brokers are, and who we are."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka.split(","),
        "security_protocol": settings.kafka_security,
    }
    if settings.kafka_security != "PLAINTEXT":
        password = settings.kafka_password
        options |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    if settings.kafka_security == "SASL_SSL":
        options["ssl_context"] = ssl.create_default_context()
    return options


def security(settings: ServiceSettings) -> BaseSecurity | None:
    """Return the security options for FastStream, which takes them as an object."""
    if settings.kafka_security == "PLAINTEXT":
        return None
    context = ssl.create_default_context() if settings.kafka_security == "SASL_SSL" else None
    password = settings.kafka_password.get_secret_value() if settings.kafka_password else ""
    return SASLScram512(settings.kafka_user or "", password, ssl_context=context, use_ssl=context is not None)


def producer(settings: ServiceSettings, client_id: str) -> AIOKafkaProducer:
    """Return a producer that is acknowledged by all replicas and never doubles or reorders what it sends.

    `max_batch_size` lets a batch of the relay travel in few requests; `linger_ms=0` lets a single event leave at once.
    """
    return AIOKafkaProducer(
        **client_options(settings),
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=256 * 1024,
        request_timeout_ms=20_000,
        retry_backoff_ms=100,
    )


def bare_consumer(settings: ServiceSettings, *, answer_seconds: float = ANSWER_SECONDS) -> AIOKafkaConsumer:
    """Return a consumer without a group, for looking at offsets or following the log.

    A request without an answer after `answer_seconds` fails, and its connection is closed.
    """
    return AIOKafkaConsumer(
        **client_options(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=int(answer_seconds * 1000),
    )


class Client(Protocol):
    """A client: a consumer, a producer, or FastStream's broker around them."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Leave, and end the tasks of the client's own."""


ClientT = TypeVar("ClientT", bound=Client)


async def start(client: Client) -> None:
    """Start a client, in a task of its own; one that cannot start is stopped. Raises Kafka errors.

    A client that is cancelled while it asks for the brokers leaves its connection open. So where its user is
    cancelled, the start goes on to its end, or for `STOP_SECONDS`, before the client is stopped.
    """
    starting = asyncio.create_task(client.start())
    try:
        await asyncio.shield(starting)
    except BaseException as wrong:
        by_itself = _is_cancelled_by_itself(starting)
        await asyncio.wait([starting], timeout=STOP_SECONDS)
        starting.cancel()
        await leave(client)
        if by_itself:
            raise KafkaConnectionError(_BY_ITSELF) from wrong
        raise


def _is_cancelled_by_itself(work: asyncio.Task[None]) -> bool:
    """Return whether a client cancelled its own work, while nobody cancelled the present task.

    A client that loses its broker may end so. To its user this is a failure; as a cancel it would end the user's loop.
    """
    user = asyncio.current_task()
    return work.cancelled() and user is not None and not user.cancelling()


@asynccontextmanager
async def started(client: ClientT) -> AsyncIterator[ClientT]:
    """Start a client and stop it at the end, however that comes. Raises Kafka errors."""
    await start(client)
    try:
        yield client
    finally:
        await leave(client)


async def stop(client: Client) -> None:
    """Stop a client, in a task of its own. Raises Kafka errors.

    A client that stops swallows a cancel that comes while it waits for its own tasks. Its user is cancelled all the
    same, once the client has stopped or `STOP_SECONDS` have passed.
    """
    stopping = asyncio.create_task(client.stop())
    try:
        await asyncio.shield(stopping)
    except asyncio.CancelledError as cancelled:
        if _is_cancelled_by_itself(stopping):
            raise KafkaConnectionError(_BY_ITSELF) from cancelled
        await asyncio.wait([stopping], timeout=STOP_SECONDS)
        stopping.cancel()
        raise


async def leave(client: Client) -> None:
    """Stop a client that may be half started or broken: log what it raises, and do not wait for it for ever."""
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await stop(client)
    except Exception as wrong:  # noqa: BLE001 - whatever it is, nothing of the client is needed any more
        log.info("a client did not stop cleanly", reason=wrong)


def create_topics(settings: ServiceSettings, service: str, topics: Sequence[Topic]) -> None:
    """Create topics with as many copies as the broker makes by itself; blocks. Raises `KafkaConnectionError`."""
    admin = AdminClient(_plain_options(settings) | {"client.id": f"{service}-topics"})
    wanted = [
        NewTopic(
            topic.name,
            topic.partitions,
            config=topic.config,
        )
        for topic in topics
    ]
    for created in admin.create_topics(wanted, request_timeout=CREATE_SECONDS).values():
        try:
            created.result(CREATE_SECONDS)
        except KafkaException as wrong:
            if wrong.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was quicker
                raise KafkaConnectionError(str(wrong)) from wrong


def topics_of_groups(settings: ServiceSettings, groups: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the topics that the members of these groups read now; blocks.

    A group without members, in a rebalance or that may not be described is left out.
    """
    admin = AdminClient(_plain_options(settings))
    found = {}
    for name, described in admin.describe_consumer_groups(list(groups), request_timeout=GROUPS_SECONDS).items():
        try:
            group = described.result(GROUPS_SECONDS)
        except KafkaException:
            continue
        topics = {each.topic for member in group.members for each in member.assignment.topic_partitions}
        if group.state is ConsumerGroupState.STABLE and topics:
            found[name] = frozenset(topics)
    return found


def bulk_consumer(settings: ServiceSettings, service: str) -> Consumer:
    """Return a consumer for whole partitions: it fetches and decodes in threads of its own, outside Python.

    It joins no group and commits nothing, though the library wants a group's name; a partition's end is reported.
    """
    options: dict[str, Any] = _plain_options(settings) | {
        "client.id": f"{service}-load",
        "group.id": service,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "allow.auto.create.topics": False,
        "fetch.wait.max.ms": 100,
        "fetch.message.max.bytes": 4 * 1024 * 1024,
        "queued.max.messages.kbytes": 64 * 1024,
    }
    return Consumer(options)


def _plain_options(settings: ServiceSettings) -> dict[str, Any]:
    """Return the options that the library outside Python has for the brokers and our credentials."""
    options: dict[str, Any] = {
        "bootstrap.servers": settings.kafka,
        "security.protocol": settings.kafka_security,
        "log_level": 2,
    }
    if settings.kafka_security != "PLAINTEXT":
        password = settings.kafka_password
        options |= {
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": settings.kafka_user,
            "sasl.password": password.get_secret_value() if password else "",
        }
    if settings.kafka_security == "SASL_SSL":
        trusted = ssl.get_default_verify_paths()  # the same ones as the other clients
        options["ssl.ca.location"] = trusted.cafile or trusted.capath or "probe"
    return options
