"""How does an emptied projection come back from a long log in a short time? In bulk, by `evolve` only.

The reader asks the database before each batch how far its subjects have come, and notes it after. Where everything
was emptied, nothing has come yet: so a rebuild counts in memory, writes the marks once at the end, and shares the
partitions among processes, each in one transaction. What is not plain goes the reader's own way afterwards, a subject
at a time and in order: a record that cannot be read, a gap or a fork, an event that nobody has reacted to yet, a batch
that fails.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from shared.bus import kafka, offsets
from shared.bus.apply import Applier
from shared.bus.bus import Bus
from shared.bus.envelope import SOURCE, Envelope, Faulty, read
from shared.bus.transaction import driver
from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from uuid import UUID

    import asyncpg
    from aiokafka import AIOKafkaConsumer
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus.consumers import Consumers
    from shared.bus.envelope import Record
    from shared.bus.offsets import Partition
    from shared.bus.transaction import Tx
    from shared.settings import ServiceSettings

POLL_MS = 1_000
PATIENCE = 60
"""So many polls in a row without a record, and the log is given up."""


async def load(
    settings: ServiceSettings, service: str, consumers_of: Callable[[str], Consumers], processes: int = 2
) -> int:
    """Apply what is on the log now to a service's emptied projections; give how many records were taken.

    `consumers_of` is found by its name in each process. A process that fails leaves its partitions as they were: the
    reader reads them. Raises what it failed with.
    """
    partitions = [
        (topic, number)
        for topic in sorted(consumers_of(service).readings)
        for number in range(TOPICS[topic].partitions)
    ]
    shares = [share for start in range(processes) if (share := partitions[start::processes])]
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(len(shares), multiprocessing.get_context("spawn")) as pool:
        taken = [loop.run_in_executor(pool, _work, settings, service, consumers_of, share) for share in shares]
        return sum(await asyncio.gather(*taken))


def _work(
    settings: ServiceSettings, service: str, consumers_of: Callable[[str], Consumers], share: Sequence[Partition]
) -> int:
    """In a process of its own: load some partitions."""
    return asyncio.run(_share(settings, service, consumers_of(service), share))


async def _share(settings: ServiceSettings, service: str, consumers: Consumers, share: Sequence[Partition]) -> int:
    bus = Bus(service, settings)
    consumer = kafka.bare_consumer(settings)
    await consumer.start()
    try:
        async with bus.transaction(f"system:{service}") as tx:
            connection = await driver(tx.session)
            at = await offsets.lock(connection, share)
            loader = Loader(bus, consumers)
            await loader.prepare(tx.session)
            taken = 0
            async for records in _batches(consumer, at, settings.reader_batch):
                await loader.take(tx, records)
                await offsets.advance(connection, records)
                taken += len(records)
            await loader.finish(tx)
        return taken
    finally:
        await consumer.stop()
        await bus.close()


async def _batches(
    consumer: AIOKafkaConsumer, at: dict[Partition, offsets.Position], most: int
) -> AsyncIterator[list[Record]]:
    """The records of partitions from where each goes on to where it ends now."""
    wanted = [TopicPartition(*each) for each in at]
    consumer.assign(wanted)
    ends = await consumer.end_offsets(wanted)
    left = {each: ends[each] for each in wanted if ends[each] > at[each.topic, each.partition].next_offset}
    for each in wanted:
        if each in left:
            consumer.seek(each, at[each.topic, each.partition].next_offset)
        else:
            consumer.pause(each)
    silent = 0
    while left and silent < PATIENCE:
        found = await consumer.getmany(*left, timeout_ms=POLL_MS, max_records=most)
        silent = 0 if found else silent + 1
        records = [record for part in found.values() for record in part]
        if records:
            yield records
        # A position moves past what a compaction or a transaction's marker took away, a record's offset does not.
        left = {each: end for each, end in left.items() if await consumer.position(each) < end}


class Loader:
    """Applies records of whole partitions, from their start, to an emptied store."""

    def __init__(self, bus: Bus, consumers: Consumers) -> None:
        self._consumers = consumers
        self._applier = Applier(bus, consumers)
        self._order = list(consumers.readings)
        self._come: dict[str, dict[str, tuple[int, UUID | None]]] = {topic: {} for topic in self._order}
        self._reacted: dict[str, dict[str, int]] = {}
        self._sources = {topic: SOURCE.format(service=TOPICS[topic].owner) for topic in self._order}
        self._odd: dict[tuple[str, str], list[Record]] = {}
        self._unknown: Counter[tuple[str, str]] = Counter()

    async def prepare(self, session: AsyncSession) -> None:
        """Learn what is parked, and how far the service has reacted: a rebuild reacts to nothing twice."""
        connection = await driver(session)
        topics = [topic for topic, reading in self._consumers.readings.items() if reading.react is not None]
        self._reacted = {topic: {} for topic in topics}
        for topic, subject, reacted in await connection.fetch(
            "SELECT topic, subject, reacted FROM applied WHERE topic = ANY($1) ORDER BY topic, subject", topics
        ):
            self._reacted[topic][subject] = reacted
        for topic, subject in await connection.fetch(
            "SELECT DISTINCT topic, subject FROM parked WHERE settled_at IS NULL ORDER BY topic, subject"
        ):
            self._odd[topic, subject] = []

    async def take(self, tx: Tx, records: Sequence[Record]) -> None:
        """Apply records by `evolve`; put those aside that are not plain."""
        plain: dict[str, list[Envelope]] = {}
        own: dict[str, list[Record]] = {}
        for record in records:
            event = self._admitted(record)
            if isinstance(event, Envelope):
                plain.setdefault(record.topic, []).append(event)
                own.setdefault(record.topic, []).append(record)
        if not plain:
            return
        savepoint = await tx.session.begin_nested()
        try:
            for topic in self._order:
                evolve = self._consumers.readings[topic].evolve
                if topic in plain and evolve is not None:
                    await evolve(tx, plain[topic])
            await tx.session.flush()
        except Exception:  # noqa: BLE001 - whatever it was: the reader's own way finds the one event and parks it
            await savepoint.rollback()
            tx.session.expunge_all()
            for topic, events in plain.items():
                for event, record in zip(reversed(events), reversed(own[topic]), strict=True):
                    self._come[topic][event.subject] = (event.sequence - 1, None)
                    self._put_aside(topic, event.subject, record)
        else:
            await savepoint.commit()

    def _admitted(self, record: Record) -> Envelope | None:  # noqa: PLR0911 - one for each thing that may become of it
        """The event of a record whose turn it is; None for what is dropped or put aside."""
        event, topic = read(record), record.topic
        subject = event.subject
        if (topic, subject) in self._odd:
            self._odd[topic, subject].append(record)
            return None
        compacted = TOPICS[topic].compacted
        if isinstance(event, Faulty):
            if event.reason == "tombstone" and compacted:
                return None
            if event.reason != "unknown" or event.sequence is None:
                self._put_aside(topic, subject, record)
                return None
        assert event.sequence is not None
        come = self._come[topic]
        last, id_ = come.get(subject, (0, None))
        if event.sequence <= last and (event.sequence < last or event.id == id_):
            return None
        reacted = self._reacted.get(topic)
        fresh = reacted is not None and event.sequence > reacted.get(subject, 0)
        in_turn = event.sequence > last if compacted else event.sequence == last + 1
        if fresh or not in_turn or event.source != self._sources[topic]:
            self._put_aside(topic, subject, record)
            return None
        come[subject] = (event.sequence, event.id)
        if isinstance(event, Faulty):
            self._unknown[topic, event.type or ""] += 1
            return None
        return event

    def _put_aside(self, topic: str, subject: str, record: Record) -> None:
        self._odd.setdefault((topic, subject), []).append(record)

    async def finish(self, tx: Tx) -> None:
        """Note how far each subject has come; then apply what was put aside as the reader does."""
        connection = await driver(tx.session)
        await _note(connection, self._marks())
        for (topic, type_), count in sorted(self._unknown.items()):
            await connection.execute(
                "INSERT INTO unknown AS u (topic, type, count) VALUES ($1, $2, $3) ON CONFLICT (topic, type)"
                " DO UPDATE SET count = u.count + excluded.count, last_seen = now()",
                topic,
                type_,
                count,
            )
        for _, records in sorted(self._odd.items()):
            in_order = sorted(records, key=lambda each: (each.partition, each.offset))
            await self._applier.apply(tx, in_order, one_by_one=True)

    def _marks(self) -> Iterable[tuple[str, str, str, int, UUID | None]]:
        for topic, come in self._come.items():
            source = self._sources[topic]
            for subject in sorted(come):
                if come[subject][0]:
                    yield topic, source, subject, *come[subject]


async def _note(connection: asyncpg.Connection, marks: Iterable[tuple[str, str, str, int, UUID | None]]) -> None:
    await connection.execute(
        "CREATE TEMP TABLE loaded (topic text, source text, subject text, sequence bigint, ce_id uuid) ON COMMIT DROP"
    )
    await connection.copy_records_to_table("loaded", records=marks)
    await connection.execute(
        "INSERT INTO applied (topic, source, subject, sequence, ce_id, reacted)"
        " SELECT topic, source, subject, sequence, ce_id, sequence FROM loaded"
        " ON CONFLICT (topic, source, subject) DO UPDATE SET sequence = excluded.sequence,"
        " ce_id = excluded.ce_id, reacted = greatest(applied.reacted, excluded.reacted)"
    )
