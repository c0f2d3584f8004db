"""Measure the rebuild of reporting from a log of a million events, and how fast a page of figures opens then.

The whole rebuild counts: Kafka, reading and checking each event, every projection of reporting, and the positions of
all subjects. References in the same run: the same records consumed by librdkafka and copied into one table, with no
check and no projection; and the same events applied with a transaction for each. The page is requested as a browser
does it, with a hundred thousand participations; its reference counts the same figures from the facts.
"""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter
from typing import TYPE_CHECKING, cast
from uuid import UUID

import asyncpg
import httpx2
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from sqlalchemy import text

from deploy.cli.system import consumers_of
from services.reporting.app import create_app
from services.reporting.figures.actions import counting
from services.reporting.settings import Settings
from shared.bus.db.transaction import driver
from shared.bus.inbox.apply import Applier
from shared.bus.rebuild.loading import load
from shared.contracts import TOPICS
from shared.contracts.codes import Role
from shared.identity import Grant, write_access
from shared.runtime.migrate import migrate
from shared.time import clock
from tests.benchmarks.figures import Figure, Reference, faster, within
from tests.benchmarks.programme import stories
from tests.sessions import session_cookie
from tests.support import ReadFirst, settings_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka import Message
    from fastapi import FastAPI

    from shared.bus import Bus
    from tests.benchmarks.servers import Servers

PEOPLE = 109_000
"""Stories that make a million events and more than a hundred thousand participations."""
ONE_BY_ONE = 500
PER_SECOND = 30_000
"""Events a second that a rebuild aims at: of two cores this leaves 66.7 us to each event."""
PAGES = 60
PERIOD = "2026"


async def measure(servers: Servers) -> list[Figure]:
    """Return the rebuild and the page, each beside its references."""
    return await _measure(servers, PEOPLE)


async def _measure(servers: Servers, people: int) -> list[Figure]:
    total, newest = await asyncio.to_thread(_fill, servers.kafka, people)
    settings = await asyncio.to_thread(_reporting, servers, "bench_rebuild")
    app = create_app(settings, background=False)
    bus: Bus = app.state.service.bus
    try:
        await _has_read(bus, newest)
        started, own, served = perf_counter(), _processor_seconds(), servers.processor_seconds()
        taken = await load(settings, "reporting", consumers_of, by="bench")
        seconds, loaded = perf_counter() - started, _processor_seconds() - own
        served = servers.processor_seconds() - served
        async with bus.read() as session:
            facts = await session.scalar(text("SELECT count(*) FROM fact"))
        if taken != total or facts != total - 1:  # the call is not a fact
            raise RuntimeError(f"{total} events were sent, {taken} read, {facts} kept as facts")
        ours = total / seconds
        copied = await _copied(servers, total)
        plain = await _one_by_one(await asyncio.to_thread(_reporting, servers, "bench_one_by_one"))
        counted = await _counted(bus)
        opened = await _opened(app)
    finally:
        await bus.close()
    raw = total / copied.seconds
    each, least = ((used / total) * 1e6 for used in (loaded + served, copied.processor))
    return [
        Figure(
            f"rebuild of reporting from {total:,} events",
            round(ours),
            "events/s",
            Reference("librdkafka consume plus COPY, unchecked, one process", round(raw)),
            round(ours / raw, 2),
            f"at least {PER_SECOND:,} events/s",
            ours >= PER_SECOND,
        ),
        Figure(
            "rebuild: processor time an event, with PostgreSQL and Kafka",
            round(each, 1),
            "us",
            Reference("librdkafka consume plus COPY, unchecked, one process", round(least, 1)),
            round(each / least, 2),
            f"at most {2e6 / PER_SECOND:.1f} us",
            each <= 2e6 / PER_SECOND,
        ),
        faster(
            f"rebuild of reporting from {total:,} events",
            [ours],
            f"the same, one event a transaction, by {ONE_BY_ONE} of them",
            [plain],
            10,
        ),
        within(
            f"figures page at {people:,} participations, p95",
            opened,
            Reference("the same figures counted from the facts", round(counted, 1)),
            100,
        ),
    ]


def _processor_seconds() -> float:
    """Return the processor time of this process, which loads a share itself, and of its ended children, in seconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


Applied = tuple[str, str, str, int, UUID, int]
"""A row of `applied_sequence`: topic, source, subject, number and id of its newest event, and that last reacted to."""


def _fill(kafka: str, people: int) -> tuple[int, list[Applied]]:
    """Put the stories on the log; return the number of events and the newest event of each subject."""
    sender = Producer(
        {
            "bootstrap.servers": kafka,
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 50,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 200_000,
        }
    )
    total = 0
    newest: dict[tuple[str, str], Applied] = {}
    for record in stories(people):
        while True:
            try:
                sender.produce(
                    record.topic, record.value, record.key, partition=record.partition, headers=list(record.headers)
                )
                break
            except BufferError:
                sender.poll(0.1)
        headers = {name: (value or b"").decode() for name, value in record.headers}
        subject, sequence = headers["ce_subject"], int(headers["ce_sequence"])
        come = record.topic, headers["ce_source"], subject, sequence, UUID(headers["ce_id"]), sequence
        newest[record.topic, subject] = come
        total += 1
    if left := sender.flush(60):
        raise RuntimeError(f"{left} events did not reach the log")
    return total, [newest[key] for key in sorted(newest)]


def _reporting(servers: Servers, name: str) -> Settings:
    url = servers.database(name)
    migrate("reporting", url)
    return Settings(**settings_for(url, kafka=servers.kafka))


async def _has_read(bus: Bus, newest: Sequence[Applied]) -> None:
    """Record that the service has read every event before, so that the rebuild has only tables to make."""
    async with bus.transaction("system:bench") as tx:
        connection = await driver(tx.session)
        await connection.copy_records_to_table("applied_sequence", records=newest)


@dataclass(frozen=True, slots=True)
class _Copied:
    """Seconds of the plain copy, and its processor time with that of PostgreSQL and Kafka."""

    seconds: float
    processor: float


async def _copied(servers: Servers, total: int) -> _Copied:
    """Copy all records into one table as they are: nothing is checked, ordered or projected."""
    options = {"bootstrap.servers": servers.kafka, "group.id": "bench-copy", "enable.auto.commit": False}
    consumer = Consumer(options | {"auto.offset.reset": "earliest"})
    consumer.assign(
        [
            TopicPartition(name, partition, OFFSET_BEGINNING)
            for name, topic in TOPICS.items()
            for partition in range(topic.partitions)
        ]
    )
    connection = await asyncpg.connect(servers.with_facts("bench_copy"))
    started, own, served, done = perf_counter(), _processor_seconds(), servers.processor_seconds(), 0
    async with connection.transaction():
        while done < total:
            messages = await asyncio.to_thread(consumer.consume, 2_000, 1.0)
            rows = [_row(message) for message in messages]
            await connection.copy_records_to_table("fact", records=rows)
            done += len(rows)
    copied = _Copied(perf_counter() - started, _processor_seconds() - own + servers.processor_seconds() - served)
    await connection.close()
    await asyncio.to_thread(consumer.close)
    return copied


def _row(message: Message) -> tuple[UUID, str, str, str]:
    """Return id, subject, type and payload of a record. Raises `KafkaException` where the broker reports an error."""
    if wrong := message.error():
        raise KafkaException(wrong)
    headers = {name: value.decode() for name, value in cast("list[tuple[str, bytes]]", message.headers())}
    return UUID(headers["ce_id"]), headers["ce_subject"], headers["ce_type"], (message.value() or b"").decode()


async def _one_by_one(settings: Settings) -> float:
    """Events a second when each is applied in a transaction of its own, as a reader without batches would."""
    app = create_app(settings, background=False)
    bus = app.state.service.bus
    applier = Applier(bus, app.state.service.consumers)
    records = list(stories(ONE_BY_ONE // 9))
    started = perf_counter()
    for record in records:
        async with bus.transaction("system:reporting") as tx:
            await applier.apply(tx, [record])
    seconds = perf_counter() - started
    await bus.close()
    return len(records) / seconds


async def _counted(bus: Bus) -> float:
    """Milliseconds to count the figures of the period from the facts, and to keep them as the service does."""
    started = perf_counter()
    await counting.recount_stale(bus, [PERIOD])
    return (perf_counter() - started) * 1000


async def _opened(app: FastAPI) -> float:
    """Milliseconds (p95) until the overview of the period is there, whole."""
    bus = app.state.service.bus
    async with bus.transaction("system:bench") as tx:
        await write_access(tx.session, {"donor": ([Grant(Role.DONOR, clock.today(), "MD", None)], clock.now())})
    cookie = session_cookie(app, "donor")
    took = []
    async with httpx2.AsyncClient(
        transport=ReadFirst(app), base_url="http://localhost:8000", headers={"Cookie": cookie}
    ) as browser:
        for _ in range(PAGES):
            started = perf_counter()
            page = await browser.get(f"/reporting/?period={PERIOD}")
            took.append((perf_counter() - started) * 1000)
            if page.status_code != 200:
                raise RuntimeError(f"the page answered {page.status_code}")
    return quantiles(took[5:], n=20, method="inclusive")[18]
