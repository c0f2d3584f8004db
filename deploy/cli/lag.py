"""Measure how far the services have read the log, and what they have still to send.

Asks their databases and Kafka.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

import asyncpg
from aiokafka import TopicPartition

from deploy.cli.system import SERVICES, Failed, consumers_of, report_unreachable
from shared.bus.log import kafka
from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType
    from typing import Self

    from aiokafka import AIOKafkaConsumer

    from deploy.cli.system import System

Partition = tuple[str, int]
_LOOK_EVERY = 0.02
_LOOK = """
SELECT (SELECT count(*) FROM outbox) AS pending,
       (SELECT count(*) FROM dead_letter WHERE settled_at IS NULL) AS dead_letters,
       (SELECT coalesce(json_agg(json_build_array(topic, partition, next_offset)), '[]') FROM read_position) AS consumed
"""
_PROGRESS = """
SELECT EXISTS (SELECT 1 FROM outbox) AS sends, (SELECT coalesce(sum(next_offset), 0) FROM read_position) AS position
"""


@dataclass(frozen=True, slots=True)
class ServiceLag:
    """Of one service: events to send, records to read, records in all, and dead letters.

    `position` is the sum of its positions in the log, which grows with each record that it reads.
    """

    pending: int
    unread: int
    records: int
    dead_letters: int
    position: int


class Lag:
    """Looks at some services; an async context manager that holds its connections."""

    def __init__(self, system: System, services: Iterable[str] = SERVICES) -> None:
        """Look at the named services, all by default."""
        self._system = system
        self._services = tuple(services)
        self._databases: dict[str, asyncpg.Connection] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._reads: asyncio.Task[dict[str, frozenset[str]]] | None = None
        self._begins: dict[Partition, int] = {}

    async def __aenter__(self) -> Self:
        """Connect. Raises `Failed`."""
        with report_unreachable():
            for name in self._services:
                url = self._system.settings(name).direct_url
                self._databases[name] = await asyncpg.connect(url, timeout=10)
            consumer = kafka.bare_consumer(self._system.settings())
            await kafka.start(consumer)
            self._consumer = consumer
        self._reads = asyncio.create_task(asyncio.to_thread(_topics, self._system, self._services))
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Close the connections."""
        if self._reads is not None:
            await asyncio.wait([self._reads])
        if self._consumer is not None:
            await kafka.stop(self._consumer)
        for database in self._databases.values():
            await database.close()

    async def standings(self) -> dict[str, ServiceLag]:
        """Return the lag of each service. Stores are read before the log, so that nothing in transit is missed."""
        assert self._consumer is not None
        assert self._reads is not None
        topics = await self._reads
        partitions = [
            TopicPartition(topic, number)
            for topic in sorted(frozenset().union(*topics.values()))
            for number in range(TOPICS[topic].partitions)
        ]
        with report_unreachable():
            if not self._begins:
                self._begins = _by_partition(await self._consumer.beginning_offsets(partitions))
            rows = await asyncio.gather(*(database.fetchrow(_LOOK) for database in self._databases.values()))
            ends = _by_partition(await self._consumer.end_offsets(partitions))
        found = {}
        for name, row in zip(self._databases, rows, strict=True):
            assert row is not None
            read = {(topic, number): offset for topic, number, offset in json.loads(row["consumed"])}
            mine = [partition for partition in ends if partition[0] in topics[name]]
            found[name] = ServiceLag(
                row["pending"],
                sum(
                    max(0, ends[partition] - max(read.get(partition, 0), self._begins[partition])) for partition in mine
                ),
                sum(ends[partition] - self._begins[partition] for partition in mine),
                row["dead_letters"],
                sum(read.values()),
            )
        return found

    async def _is_behind(self, positions: Mapping[str, int]) -> bool:
        """Return whether a service has events to send, or has not reached its position; asks the databases only."""
        with report_unreachable():
            rows = await asyncio.gather(*(database.fetchrow(_PROGRESS) for database in self._databases.values()))
        return any(
            row is None or row["sends"] or row["position"] < positions.get(name, 0)
            for name, row in zip(self._databases, rows, strict=True)
        )

    async def settled(self, timeout: float = 60.0) -> None:  # noqa: ASYNC109 - the wait itself is what is asked for
        """Return when every effect of past actions has been processed. Raises `Failed` after `timeout` seconds.

        One look at which nothing is to be sent or read will do. A reaction is in the outbox in the same transaction
        that moves the reader on, so each service had sent what it owed when its store was read. The ends of the log
        are read after that: what they count, all of them had read.
        """
        until = monotonic() + timeout
        positions: dict[str, int] = {}
        while True:
            if await self._is_behind(positions) and monotonic() < until:  # a cheap look, while the answer is clear
                await asyncio.sleep(_LOOK_EVERY)
                continue
            standings = await self.standings()
            if any(standing.dead_letters for standing in standings.values()):
                names = ", ".join(name for name, standing in standings.items() if standing.dead_letters)
                raise Failed(f"There are dead letters in {names}: see `tandem redrive`.")
            if not any(standing.pending or standing.unread for standing in standings.values()):
                return
            positions = {name: standing.position + standing.unread for name, standing in standings.items()}
            if monotonic() > until:
                behind = ", ".join(
                    f"{name} (to send {standing.pending}, to read {standing.unread})"
                    for name, standing in standings.items()
                    if standing.pending or standing.unread
                )
                raise Failed(
                    f"The services did not catch up within {timeout:.0f} s: {behind or 'they are never idle'}."
                )
            await asyncio.sleep(_LOOK_EVERY)


def _by_partition(offsets: Mapping[TopicPartition, int]) -> dict[Partition, int]:
    return {(partition.topic, partition.partition): offset for partition, offset in offsets.items()}


def _topics(system: System, services: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the topics that each of these services reads; blocks.

    The broker says it of a service that runs. Of another one its code says it, whose import takes seconds.
    """
    read = kafka.topics_of_groups(system.settings(), services)
    return {name: read.get(name) or frozenset(consumers_of(name).readings) for name in services}
