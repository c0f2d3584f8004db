"""Make clients of Apache Kafka; the one place that sets their options, none of which is left at its default."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import Consumer
from faststream.security import BaseSecurity, SASLScram512

if TYPE_CHECKING:
    from shared.settings import ServiceSettings


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


def bare_consumer(settings: ServiceSettings) -> AIOKafkaConsumer:
    """Return a consumer without a group, for looking at offsets or following the log."""
    return AIOKafkaConsumer(
        **client_options(settings), group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
    )


def admin(settings: ServiceSettings) -> AIOKafkaAdminClient:
    """Return a client that creates topics."""
    return AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=20_000)


def bulk_consumer(settings: ServiceSettings, service: str) -> Consumer:
    """Return a consumer for whole partitions: it fetches and decodes in threads of its own, outside Python.

    It joins no group and commits nothing, though the library wants a group's name; a partition's end is reported.
    """
    options: dict[str, Any] = {
        "bootstrap.servers": settings.kafka,
        "security.protocol": settings.kafka_security,
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
    return Consumer(options)
