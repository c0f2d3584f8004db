"""How far have the services read the log, and what have they still to send? Asked of their databases and of Kafka."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from aiokafka import TopicPartition
from sqlalchemy import text

from deploy.cli.system import SERVICES, Failed, consumers_of, reached
from shared.bus.kafka import bare_consumer
from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from aiokafka import AIOKafkaConsumer

    from deploy.cli.system import System
    from shared.bus import Bus

Partition = tuple[str, int]
_LOOK_EVERY = 0.03


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one service: events still to be sent, records still to be read, records there are in all, events parked."""

    pending: int
    unread: int
    records: int
    parked: int


class Lag:
    """Looks at some services; an async context manager that holds its connections."""

    def __init__(self, system: System, services: Iterable[str] = SERVICES) -> None:
        """Look at the named services, all by default."""
        self._system = system
        self._buses: dict[str, Bus] = {name: system.bus(name) for name in services}
        self._topics = {name: tuple(consumers_of(name).readings) for name in self._buses}
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises `Failed`."""
        self._consumer = bare_consumer(self._system.settings())
        with reached():
            await self._consumer.start()
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Let go of the connections."""
        if self._consumer is not None:
            await self._consumer.stop()
        for bus in self._buses.values():
            await bus.close()

    async def standings(self) -> dict[str, Standing]:
        """How each service stands. The outboxes are looked at before the log, so nothing on its way is missed."""
        with reached():
            pending = dict(
                zip(
                    self._buses,
                    await asyncio.gather(*(self._count(bus, "pending") for bus in self._buses.values())),
                    strict=True,
                )
            )
            ends, begins = await self._offsets()
            found = {}
            for name, bus in self._buses.items():
                read = await self._read(bus)
                mine = [partition for partition in ends if partition[0] in self._topics[name]]
                parked = await self._count(bus, "parked WHERE settled_at IS NULL")
                found[name] = Standing(
                    pending[name],
                    sum(max(0, ends[one] - max(read.get(one, 0), begins[one])) for one in mine),
                    sum(ends[one] - begins[one] for one in mine),
                    parked,
                )
        return found

    async def settled(self, timeout: float = 60.0) -> None:  # noqa: ASYNC109 - the wait itself is what is asked for
        """Return when everything that was done has gone all the way round. Raises `Failed` after `timeout` seconds.

        Twice in a row nothing is to be sent or read, and the log has not grown in between: a reaction is in the outbox
        in the very transaction that moves the reader on.
        """
        until = monotonic() + timeout
        before: dict[str, int] | None = None
        while True:
            standings = await self.standings()
            if any(one.parked for one in standings.values()):
                names = ", ".join(name for name, one in standings.items() if one.parked)
                raise Failed(f"{names} parked an event that cannot be applied: see `tandem redrive`.")
            idle = not any(one.pending or one.unread for one in standings.values())
            records = {name: one.records for name, one in standings.items()}
            if idle and records == before:
                return
            before = records if idle else None
            if monotonic() > until:
                behind = ", ".join(
                    f"{name} (to send {one.pending}, to read {one.unread})"
                    for name, one in standings.items()
                    if one.pending or one.unread
                )
                raise Failed(f"The services did not catch up within {timeout:.0f} s: {behind or 'they never rest'}.")
            await asyncio.sleep(_LOOK_EVERY)

    async def _offsets(self) -> tuple[dict[Partition, int], dict[Partition, int]]:
        assert self._consumer is not None
        wanted = [
            TopicPartition(topic, number)
            for topic in sorted({topic for topics in self._topics.values() for topic in topics})
            for number in range(TOPICS[topic].partitions)
        ]
        ends = await self._consumer.end_offsets(wanted)
        begins = await self._consumer.beginning_offsets(wanted)
        return (
            {(one.topic, one.partition): offset for one, offset in ends.items()},
            {(one.topic, one.partition): offset for one, offset in begins.items()},
        )

    @staticmethod
    async def _count(bus: Bus, what: str) -> int:
        async with bus.read() as session:
            return int(await session.scalar(text(f"SELECT count(*) FROM {what}")) or 0)  # noqa: S608 - our own words

    @staticmethod
    async def _read(bus: Bus) -> dict[Partition, int]:
        async with bus.read() as session:
            rows = await session.execute(text("SELECT topic, partition, next_offset FROM consumed"))
            return {(topic, partition): offset for topic, partition, offset in rows}
