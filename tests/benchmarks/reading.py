"""How fast do events get from the topic to applied and committed, beside what the parts could do at best?

References, on the same records in the same run: raw aiokafka that consumes and COPYs into one table, and a plain
FastStream handler that inserts and commits one event at a time.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from sqlalchemy import text

from shared import clock
from shared.bus import Consumers
from shared.bus.envelope import headers_of
from shared.bus.journal import partition_of
from shared.bus.kafka import producer
from shared.bus.reader import Reader
from shared.bus.transaction import driver
from shared.contracts.applications import ApplicationEndorsed, ApplicationSubmitted
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Bus, Envelope, Tx
    from tests.benchmarks.servers import Servers

TOPIC = "exchange.applications"


async def fill(servers: Servers, subjects: int, events: int) -> int:
    """Put `events` events of each of `subjects` applications on the topic; give their number."""
    async with servers.bus("applications") as bus:
        sender = producer(bus.settings, "bench")
        await sender.start()
        first = ApplicationSubmitted.model_validate(dict(ApplicationSubmitted.example)).write()
        later = ApplicationEndorsed.model_validate(dict(ApplicationEndorsed.example)).write()
        keys = [str(new_id()) for _ in range(subjects)]
        now = clock.now()
        for sequence in range(1, events + 1):
            name = "ApplicationSubmitted" if sequence == 1 else "ApplicationEndorsed"
            value = first if sequence == 1 else later
            sent = [
                await sender.send(
                    TOPIC, value, key=key.encode(), partition=partition_of(TOPIC, key),
                    headers=headers_of("applications", new_id(), name, key, now, sequence, key, None, None),
                )
                for key in keys
            ]
            await asyncio.gather(*sent)
        await sender.stop()
    return subjects * events


async def raw(servers: Servers, total: int) -> float:
    """Events a second: aiokafka's consumer, and COPY of each batch in a transaction."""
    url = servers.database("bench_raw")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE fact (id uuid, subject text, type text, data text)")
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=servers.kafka, group_id=f"raw-{new_id()}", auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    done, started = 0, perf_counter()
    while done < total:
        batches = await consumer.getmany(timeout_ms=1000, max_records=2000)
        rows = []
        for records in batches.values():
            for record in records:
                headers = dict(record.headers)
                rows.append((UUID(headers["ce_id"].decode()), record.key.decode(), headers["ce_type"].decode(),
                             record.value.decode()))
        if rows:
            async with connection.transaction():
                await connection.copy_records_to_table("fact", records=rows)
            await consumer.commit()
        done += len(rows)
    seconds = perf_counter() - started
    await consumer.stop()
    await connection.close()
    return total / seconds


async def plain(servers: Servers, total: int) -> float:
    """Events a second: FastStream as its documentation shows it, one insert and one commit an event."""
    url = servers.database("bench_plain")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE fact (id uuid, subject text, type text, data text)")
    broker = KafkaBroker(servers.kafka, logger=None, allow_auto_create_topics=False)
    done = 0
    finished = asyncio.Event()

    @broker.subscriber(TOPIC, group_id=f"plain-{new_id()}", auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR)
    async def handle(body: dict[str, object]) -> None:
        nonlocal done
        async with connection.transaction():
            await connection.execute("INSERT INTO fact VALUES ($1, '', '', $2)", new_id(), str(body))
        done += 1
        if done == total:
            finished.set()

    started = perf_counter()
    await broker.start()
    await finished.wait()
    seconds = perf_counter() - started
    await broker.stop()
    await connection.close()
    return total / seconds


async def ours(servers: Servers, total: int) -> float:
    """Events a second: our reader, applied once and in order, with the same COPY as the handler."""
    async with servers.bus("matching") as bus:
        consumers = Consumers("matching")
        done = asyncio.Event()
        count = 0

        async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
            nonlocal count
            connection = await driver(tx.session)
            await connection.copy_records_to_table(
                "fact", records=[(each.id, each.subject, each.type, str(each.sequence)) for each in events]
            )
            count += len(events)

        consumers.topic(TOPIC, evolve=evolve)
        reader = Reader(bus, consumers)
        started = perf_counter()
        task = asyncio.create_task(reader.run())
        while count < total:
            await asyncio.sleep(0.005)
        while await _committed(bus) < total:
            await asyncio.sleep(0.005)
        seconds = perf_counter() - started
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        done.set()
    return total / seconds


async def _committed(bus: Bus) -> int:
    async with bus.read() as session:
        return int((await session.execute(text("SELECT count(*) FROM fact"))).scalar_one())
