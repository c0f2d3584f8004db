"""Measure events a second from the topic to applied and committed.

References, on the same records in the same run: raw aiokafka that consumes and COPYs into one table, without and with
a check of each event against its contract, and a plain FastStream handler that inserts and commits each event by
itself. All fill the same columns of `fact` from the same headers; only ours and the checked one read the payloads. The
time begins with the first batch, so that joining the group is not in it, and ends with the last commit.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared.bus import Consumers
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.inbox.reader import Reader
from shared.bus.log.envelope import Envelope, headers_of, read
from shared.bus.log.kafka import producer
from shared.contracts.applications import ApplicationEndorsed, ApplicationSubmitted
from shared.ids import new_id
from shared.time import clock
from tests.benchmarks.figures import alternate, faster
from tests.benchmarks.servers import running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Tx
    from shared.bus.log.envelope import Record
    from tests.benchmarks.figures import Figure
    from tests.benchmarks.servers import Servers

TOPIC = "exchange.applications"
SUBJECTS, EACH = 10_000, 4
PLAIN = 3_000
RUNS = 5


async def measure(servers: Servers) -> list[Figure]:
    """Return the reader beside its three references."""
    total = await _fill(servers)
    ours, raw, checked = await alternate(
        [lambda: _ours(servers, total), lambda: _raw(servers, total), lambda: _raw(servers, total, checked=True)], RUNS
    )
    plain = [await _plain(servers, PLAIN) for _ in range(2)]
    return [
        faster("topic to applied and committed", ours, "raw aiokafka consume plus COPY", raw, 0.45),
        # The rest of the difference is the promise itself: each event once, and in order.
        faster(
            "topic to applied and committed", ours, "the same, each event checked against its contract", checked, 0.6
        ),
        faster("topic to applied and committed", ours, "plain FastStream, one commit an event", plain, 10),
    ]


async def _fill(servers: Servers) -> int:
    """Put the events of many applications on the topic, in order for each subject; return their number."""
    submitted = ApplicationSubmitted.model_validate(dict(ApplicationSubmitted.example))
    endorsed = ApplicationEndorsed.model_validate(dict(ApplicationEndorsed.example))
    keys = [str(new_id()) for _ in range(SUBJECTS)]
    now = clock.now()
    async with servers.bus("applications") as bus:
        sender = producer(bus.settings, "bench")
        await sender.start()
        for sequence in range(1, EACH + 1):
            event = submitted if sequence == 1 else endorsed
            value = event.write()
            sent = []
            for key in keys:
                headers = headers_of("applications", new_id(), event.type, key, now, sequence, key, None, None)
                partition = partition_of(TOPIC, key)
                sent.append(await sender.send(TOPIC, value, key=key.encode(), partition=partition, headers=headers))
            await asyncio.gather(*sent)
        await sender.stop()
    return SUBJECTS * EACH


async def _raw(servers: Servers, total: int, *, checked: bool = False) -> float:
    """Events a second: aiokafka's consumer, COPY of each batch in a transaction, and the group's offset.

    If `checked`, each event is read as ours are: its headers, and its payload against the contract.
    """
    connection = await asyncpg.connect(servers.with_facts("bench_raw"))
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=servers.kafka,
        group_id=f"raw-{new_id()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    done, first, started = 0, 0, 0.0
    while done < total:
        batches = await consumer.getmany(timeout_ms=1000, max_records=2000)
        records = [record for part in batches.values() for record in part]
        if not records:
            continue
        if not done:
            started, first = perf_counter(), len(records)
        rows = [_checked(record) for record in records] if checked else _rows(records)
        async with connection.transaction():
            await connection.copy_records_to_table("fact", records=rows)
        await consumer.commit()
        done += len(rows)
    seconds = perf_counter() - started
    await consumer.stop()
    await connection.close()
    return (total - first) / seconds


def _rows(records: Sequence[Any]) -> list[tuple[UUID, str, str, str]]:
    rows = []
    for record in records:
        headers = dict(record.headers)
        rows.append(
            (
                UUID(headers["ce_id"].decode()),
                record.key.decode(),
                headers["ce_type"].decode(),
                headers["ce_sequence"].decode(),
            )
        )
    return rows


def _checked(record: Record) -> tuple[UUID, str, str, str]:
    event = read(record)
    assert isinstance(event, Envelope)
    return event.id, event.subject, event.type, str(event.sequence)


async def _plain(servers: Servers, total: int) -> float:
    """Events a second: FastStream as its documentation shows it, one insert and one commit an event."""
    connection = await asyncpg.connect(servers.with_facts("bench_plain"))
    broker = KafkaBroker(servers.kafka, logger=None, allow_auto_create_topics=False)
    done, started = 0, 0.0
    finished = asyncio.Event()

    @broker.subscriber(
        TOPIC, group_id=f"plain-{new_id()}", auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )
    async def handle(_: dict[str, object], message: KafkaMessage) -> None:
        nonlocal done, started
        started = started or perf_counter()
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO fact VALUES ($1, $2, $3, $4)",
                UUID(message.headers["ce_id"]),
                message.headers["ce_subject"],
                message.headers["ce_type"],
                message.headers["ce_sequence"],
            )
        done += 1
        if done >= total:
            finished.set()

    await broker.start()
    await finished.wait()
    seconds = perf_counter() - started
    await broker.stop()
    await connection.close()
    return total / seconds


async def _ours(servers: Servers, total: int) -> float:
    """Events a second: our reader, each applied once and in order, with a handler that COPYs as raw does."""
    consumers = Consumers("matching")
    done, first, started = 0, 0, 0.0
    finished = asyncio.Event()

    async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
        nonlocal done, first, started
        if not done:
            started, first = perf_counter(), len(events)
        rows = [(each.id, each.subject, each.type, str(each.sequence)) for each in events]
        await (await driver(tx.session)).copy_records_to_table("fact", records=rows)
        done += len(events)
        if done >= total:
            finished.set()

    consumers.topic(TOPIC, evolve=evolve)
    async with servers.bus("matching") as bus, running(Reader(bus, consumers).run):
        await finished.wait()
        await servers.committed(bus, total)
        return (total - first) / (perf_counter() - started)
