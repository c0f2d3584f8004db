"""Measure the whole chain: from a state row and a fact in one transaction to applied and committed by the reader.

The reference is the package `faststream-outbox` doing the same job as its guide shows it (an outbox subscriber that
relays to a FastStream Kafka publisher, a FastStream Kafka subscriber that writes and commits), with more workers,
larger fetches and batched deletes than it has by default. Both sides run in this process with the same servers.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

import asyncpg
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream_outbox import OutboxBroker, make_outbox_table
from sqlalchemy import MetaData, insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import Consumers
from shared.bus.db.bus import engine_for
from shared.bus.db.transaction import driver
from shared.bus.inbox.reader import Reader
from shared.bus.outbox.relay import Relay
from shared.contracts.applications import ApplicationSubmitted
from shared.ids import new_id
from tests.benchmarks.figures import alternate, faster
from tests.benchmarks.servers import FACTS, running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from uuid import UUID

    from shared.bus import Envelope, Tx
    from tests.benchmarks.figures import Figure
    from tests.benchmarks.servers import Servers

TOPIC = "exchange.applications"
EVENTS = 2_000
RUNS = 3
WRITERS = 4
LEAST = {20: 4, 1: 3}
"""Facts in a transaction -> how many times as fast as the reference the chain should be."""
EVENT = ApplicationSubmitted.model_validate(dict(ApplicationSubmitted.example))


async def measure(servers: Servers) -> list[Figure]:
    """Return the chain beside its reference, with twenty facts in a transaction and with one."""
    figures = []
    for together, least in LEAST.items():
        runs = [lambda n=together: _ours(servers, n), lambda n=together: _theirs(servers, n)]
        ours, theirs = await alternate(runs, RUNS)
        name = f"recorded to applied, {together} a transaction"
        figures.append(faster(name, ours, "faststream-outbox doing the same", theirs, least))
    return figures


async def _write(together: int, transact: Callable[[list[UUID]], Awaitable[None]]) -> None:
    """Write all events, `together` in a transaction, by several writers at a time."""
    left = [[new_id() for _ in range(together)] for _ in range(EVENTS // together)]

    async def writer() -> None:
        while left:
            await transact(left.pop())

    await asyncio.gather(*(writer() for _ in range(WRITERS)))


async def _ours(servers: Servers, together: int) -> float:
    """Events a second: transaction, relay, log, reader."""
    consumers = Consumers("matching")
    done = 0
    finished = asyncio.Event()

    async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
        nonlocal done
        rows = [(each.id, each.subject, each.type, each.data.write().decode()) for each in events]
        await (await driver(tx.session)).copy_records_to_table("fact", records=rows)
        done += len(events)
        if done >= EVENTS:
            finished.set()

    consumers.topic(TOPIC, evolve=evolve)
    async with servers.bus("applications") as owner, servers.bus("matching") as reader:
        await servers.start_at_end(reader, TOPIC)

        async def transact(subjects: list[UUID]) -> None:
            async with owner.transaction("system:bench") as tx:
                rows = [
                    {"id": each, "subject": str(each), "type": EVENT.type, "data": "submitted"} for each in subjects
                ]
                await tx.session.execute(insert(FACTS), rows)
                for each in subjects:
                    await tx.record(EVENT, each)

        async with running(Relay(owner).run, Reader(reader, consumers).run):
            await asyncio.sleep(3)  # both have connected
            started = perf_counter()
            await _write(together, transact)
            await finished.wait()
            await servers.committed(reader, EVENTS)
            return EVENTS / (perf_counter() - started)


async def _theirs(servers: Servers, together: int) -> float:
    """Events a second: the package's outbox table, its relay to Kafka, and a handler that commits each event."""
    url = servers.with_facts("bench_outbox")
    connection = await asyncpg.connect(servers.with_facts("bench_outbox_reader"))
    metadata = MetaData()
    table = make_outbox_table(metadata, table_name="outbox")
    engine = engine_for(url)
    async with engine.begin() as opened:
        await opened.run_sync(metadata.create_all)
    outbox = OutboxBroker(engine, outbox_table=table, logger=None)
    kafka = KafkaBroker(servers.kafka, logger=None, allow_auto_create_topics=False, acks="all", enable_idempotence=True)
    publisher = kafka.publisher(TOPIC)
    done = 0
    finished = asyncio.Event()

    @publisher
    @outbox.subscriber(
        "facts",
        max_workers=8,
        fetch_batch_size=200,
        min_fetch_interval=0.01,
        max_fetch_interval=0.5,
        terminal_flush_batch_size=50,
    )
    async def relay(body: dict[str, object]) -> dict[str, object]:
        return body

    @kafka.subscriber(
        TOPIC, group_id=f"outbox-{new_id()}", auto_offset_reset="latest", ack_policy=AckPolicy.NACK_ON_ERROR
    )
    async def handle(_: dict[str, object], message: KafkaMessage) -> None:
        nonlocal done
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO fact VALUES ($1, '', $2, $3)", new_id(), EVENT.type, message.body.decode()
            )
        done += 1
        if done >= EVENTS:
            finished.set()

    async def transact(subjects: list[UUID]) -> None:
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            rows = [{"id": each, "subject": str(each), "type": EVENT.type, "data": "submitted"} for each in subjects]
            await session.execute(insert(FACTS), rows)
            await outbox.publish_batch(*(EVENT for _ in subjects), queue="facts", session=session)

    await kafka.start()
    await outbox.start()
    await asyncio.sleep(3)  # both have connected
    started = perf_counter()
    await _write(together, transact)
    await finished.wait()
    seconds = perf_counter() - started
    await outbox.stop()
    await kafka.stop()
    await connection.close()
    await engine.dispose()
    return EVENTS / seconds
