"""Start the servers of the benchmarks: a PostgreSQL that syncs to disk, and one Kafka broker, as for the tests."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from aiokafka import TopicPartition
from sqlalchemy import Column, MetaData, Table, Text, Uuid, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from deploy.kafka.topics import apply
from deploy.local.kafka import Broker
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared.bus import Bus, bus_tables
from shared.bus.log.kafka import bare_consumer
from shared.contracts import TOPICS
from shared.settings import ServiceSettings
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

metadata = MetaData()
bus_tables(metadata)
FACTS = Table("fact", metadata, Column("id", Uuid), Column("subject", Text), Column("type", Text), Column("data", Text))


@dataclass(frozen=True, slots=True)
class Servers:
    """A running PostgreSQL and a running broker with all topics."""

    postgres: Postgres
    kafka: str
    broker: int
    """The broker's process."""

    def database(self, name: str) -> str:
        """Return a new database, `postgresql://...`."""
        self.postgres.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.postgres.sql(f'CREATE DATABASE "{name}"')
        return self.postgres.url(name)

    def with_facts(self, name: str) -> str:
        """Return a new database with the table `fact`, as on a bus, for the references."""
        url = self.database(name)
        self.postgres.sql("CREATE TABLE fact (id uuid, subject text, type text, data text)", name)
        return url

    def processor_seconds(self) -> float:
        """Return the processor time that both have used so far, in seconds, with ended connections included."""
        seconds = 0.0
        for root in (psutil.Process(self.postgres.child.pid), psutil.Process(self.broker)):
            own = root.cpu_times()
            seconds += own.user + own.system + own.children_user + own.children_system
            for child in root.children(recursive=True):
                try:
                    times = child.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                seconds += times.user + times.system
        return seconds

    async def start_at_end(self, bus: Bus, topic: str) -> None:
        """Set a new reader behind the records that are on `topic` now."""
        consumer = bare_consumer(bus.settings)
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, number) for number in range(TOPICS[topic].partitions)]
            ends = await consumer.end_offsets(partitions)
        finally:
            await consumer.stop()
        async with bus.transaction("system:bench") as tx:
            for partition, end in ends.items():
                await tx.session.execute(
                    text("INSERT INTO read_position (topic, partition, next_offset) VALUES (:topic, :partition, :end)"),
                    {"topic": topic, "partition": partition.partition, "end": end},
                )

    async def committed(self, bus: Bus, facts: int) -> None:
        """Wait until that many facts are committed."""
        while await self._count(bus) < facts:  # noqa: ASYNC110 - a commit cannot be waited for from outside
            await asyncio.sleep(0.002)

    async def _count(self, bus: Bus) -> int:
        async with bus.read() as session:
            return int((await session.execute(text("SELECT count(*) FROM fact"))).scalar_one())

    @asynccontextmanager
    async def bus(self, service: str, **changes: Any) -> AsyncIterator[Bus]:
        """A bus for `service` on a fresh database with the bus's tables and `fact`."""
        url = self.database(f"bench_{service}")
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()
        bus = Bus(service, ServiceSettings(**settings_for(url, kafka=self.kafka, **changes)))
        try:
            yield bus
        finally:
            await bus.close()


@asynccontextmanager
async def running(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Loops that run while the block does."""
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def servers() -> Iterator[Servers]:
    """Start both, on free ports and in a folder that goes afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-bench-"))
    postgres = Postgres(folder / "postgres", free_port(), secrets.token_urlsafe(16), log=folder / "postgres.log")
    broker = Broker(folder / "kafka", free_port(), free_port(), log=folder / "kafka.log")
    try:
        postgres.start()
        broker.start()
        yield Servers(postgres, broker.bootstrap, broker.child.pid or 0)
    finally:
        broker.child.kill()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def topics(kafka: str) -> None:
    """Create all topics."""
    await apply(kafka)
