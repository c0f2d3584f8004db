"""Load projections from the log, as into an empty store; reactions are not repeated."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from shared.bus.db.bus import Bus
from shared.bus.db.processes import tune_memory
from shared.bus.db.transaction import driver
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.bus.dead_letters.letters import HOLDS_BACK
from shared.bus.inbox.apply import Applier
from shared.bus.log import offsets
from shared.bus.log.envelope import SOURCE, Envelope, Faulty, read
from shared.bus.rebuild import shadow_tables
from shared.bus.rebuild.bulk import records_of, spans
from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
    from multiprocessing.sharedctypes import Synchronized
    from uuid import UUID

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus.db.transaction import Tx
    from shared.bus.inbox.consumers import Consumers
    from shared.bus.log.envelope import Record
    from shared.bus.log.offsets import Partition
    from shared.bus.rebuild.bulk import Span
    from shared.settings import ServiceSettings

_MARKS = f"{shadow_tables.SCHEMA}.{shadow_tables.MARKS}"
# Set against set, in one statement, and only changed rows are written: an upsert looks into the index for each subject
# and writes each row again, which is much slower where a service had read all of it before.
_MOVE = f"""
MERGE INTO applied_sequence a USING {_MARKS} m ON m.topic = a.topic AND m.source = a.source AND m.subject = a.subject
WHEN MATCHED AND (a.sequence, a.ce_id, a.reacted)
    IS DISTINCT FROM (m.sequence, m.ce_id, greatest(a.reacted, m.sequence))
    THEN UPDATE SET sequence = m.sequence, ce_id = m.ce_id, reacted = greatest(a.reacted, m.sequence)
WHEN NOT MATCHED BY SOURCE AND a.sequence > 0 THEN UPDATE SET sequence = 0, ce_id = NULL
WHEN NOT MATCHED THEN INSERT (topic, source, subject, sequence, ce_id, reacted)
    VALUES (m.topic, m.source, m.subject, m.sequence, m.ce_id, m.sequence)
"""  # noqa: S608 - the names are ours


async def record_positions(connection: asyncpg.Connection, loaded: Sequence[Loaded]) -> None:
    """Store how far the log was read, how far each subject has come, and the unknown types, as in an empty store.

    What was reacted to stays so: a rebuild repeats no reaction.
    """
    # First a table in use, since PostgreSQL learns of new tables when it locks one: a name that was missing at this
    # connection's last lookup would not be looked up again.
    await connection.execute("DELETE FROM unknown_type")
    await connection.execute(f"ANALYZE {_MARKS}")
    await connection.execute("SET LOCAL work_mem = '64MB'")  # else it is joined in parts, through files
    await connection.execute(_MOVE)
    await connection.execute("SET LOCAL work_mem TO DEFAULT")
    await connection.execute("UPDATE read_position SET next_offset = 0, last_ce_id = NULL")
    await offsets.advance(connection, [record for each in loaded for record in each.last.values()])
    unknown = sum((each.unknown for each in loaded), Counter[tuple[str, str]]())
    for (topic, type_), count in sorted(unknown.items()):
        await connection.execute(
            "INSERT INTO unknown_type (topic, type, count) VALUES ($1, $2, $3)", topic, type_, count
        )


log = structlog.get_logger(__name__)

COMMIT_EVERY_SECONDS = 0.2
FEW = 250
"""The number of records left, at most, that are applied as the reader does after a failure."""
# Nothing else waits during a load, so it takes many records at a time, whatever the reader takes.
_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Counters:
    """The number of partitions and records that all processes of a load together have taken so far."""

    partitions: Synchronized[int]
    taken: Synchronized[int]

    def untaken(self, found: Sequence[Span]) -> Iterator[Span]:
        """Give partitions that no other process has taken, each when it is requested."""
        while True:
            with self.partitions.get_lock():
                place = self.partitions.value
                self.partitions.value += 1
            if place >= len(found):
                return
            yield found[place]

    def end(self, found: Sequence[Span]) -> None:
        """Leave nothing to be taken."""
        with self.partitions.get_lock():
            self.partitions.value = len(found)

    def count(self, records: int) -> None:
        """Count so many more records."""
        with self.taken.get_lock():
            self.taken.value += records


_counters: Counters | None = None


@dataclass(slots=True)
class Loaded:
    """The result of some partitions: how many records were taken, the last of each, and those set aside."""

    taken: int = 0
    last: dict[Partition, Record] = field(default_factory=dict)
    odd: list[list[Record]] = field(default_factory=list)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed: set[str] = field(default_factory=set)


async def load(
    settings: ServiceSettings,
    service: str,
    consumers_of: Callable[[str], Consumers],
    *,
    by: str,
    processes: int = 2,
    tell: Callable[[int, int], None] | None = None,
) -> int:
    """Rebuild a service's projections from the present log; return how many records were taken.

    `by` is the person who started it; each process finds `consumers_of` by its name; `tell` is called now and then with
    the number of records taken, and the total. Raises what a process failed with, and `KafkaConnectionError` where no
    broker answers; then nothing has changed.
    """
    consumers = consumers_of(service)
    # For the transaction that replaces the tables, and besides for those that create indexes.
    pool = max(settings.database_pool, 1 + shadow_tables.BUILDERS)
    bus = Bus(service, settings.model_copy(update={"database_pool": pool}))
    try:

        async def share_out() -> list[Loaded]:
            partitions = [
                (topic, number) for topic in sorted(consumers.readings) for number in range(TOPICS[topic].partitions)
            ]
            found = [each for each in await asyncio.to_thread(spans, settings, service, partitions) if each.records]
            found.sort(key=lambda span: -span.records)  # so that all end at about the same time
            others = min(processes, len(found)) - 1
            return await _shared_out(bus, consumers, consumers_of, found, others, tell) if found else []

        taken = await replace(bus, consumers, share_out)
        log.info("projections rebuilt", service=service, by=by, records=taken)
        return taken
    finally:
        await bus.close()


async def _shared_out(
    bus: Bus,
    consumers: Consumers,
    consumers_of: Callable[[str], Consumers],
    found: Sequence[Span],
    others: int,
    tell: Callable[[int, int], None] | None,
) -> list[Loaded]:
    """Load partitions in this process, which is set up already, and in so many others besides."""
    loop, spawn = asyncio.get_running_loop(), multiprocessing.get_context("spawn")
    counters = Counters(spawn.Value("q"), spawn.Value("q"))
    total = sum(each.records for each in found)
    with ProcessPoolExecutor(max(others, 1), spawn, initializer=_count_on, initargs=(counters,)) as pool:
        work = [
            asyncio.ensure_future(_share(bus, consumers, found, counters)),
            *(loop.run_in_executor(pool, _work, bus.settings, bus.service, consumers_of, found) for _ in range(others)),
        ]
        left: set[asyncio.Future[Loaded]] = set(work)
        try:
            while left:
                done, left = await asyncio.wait(left, timeout=COMMIT_EVERY_SECONDS)
                if tell is not None:
                    tell(counters.taken.value, total)
                for each in done:
                    each.result()
        finally:  # after a failure nothing is filled, so the others need not continue
            counters.end(found)
            work[0].cancel()
            await asyncio.wait(work)
        return [each.result() for each in work]


def _count_on(counters: Counters) -> None:
    """Set the counters shared by all processes (in a process of its own)."""
    global _counters  # noqa: PLW0603 - a process of a pool keeps its counters
    _counters = counters


def _work(
    settings: ServiceSettings, service: str, consumers_of: Callable[[str], Consumers], found: Sequence[Span]
) -> Loaded:
    """Load some of the partitions (in a process of its own)."""
    consumers = consumers_of(service)

    async def work() -> Loaded:
        bus = Bus(service, settings)
        try:
            assert _counters is not None
            return await _share(bus, consumers, found, _counters)
        finally:
            await bus.close()

    return asyncio.run(work())


async def _share(bus: Bus, consumers: Consumers, found: Sequence[Span], counters: Counters) -> Loaded:
    """Load partitions, one after the other, as long as there is one that no other process has taken."""
    if consumers.prepare is not None:
        consumers.prepare()
    tune_memory()
    at_once = max(_AT_ONCE, bus.settings.reader_batch)
    return await fill(bus, consumers, records_of(bus.settings, bus.service, counters.untaken(found), at_once), counters)


async def fill(
    bus: Bus, consumers: Consumers, batches: AsyncIterator[Sequence[Record]], counters: Counters | None = None
) -> Loaded:
    """Apply the records of whole partitions, from their start, to the shadow tables, in one transaction."""
    async with bus.transaction(f"system:{bus.service}") as tx:
        await shadow_tables.use(tx.session)
        loader = Loader(consumers)
        await loader.prepare(tx.session)
        async for records in batches:
            await loader.take(tx, records)
            if counters is not None:
                counters.count(len(records))
        return await loader.finish(tx)


async def replace(bus: Bus, consumers: Consumers, fill_all: Callable[[], Awaitable[Sequence[Loaded]]]) -> int:
    """Create empty shadow tables of the projections, have them filled, and swap them in.

    The partitions are locked meanwhile: a running reader waits, and continues where the load ends.
    """
    partitions = [(topic, number) for topic in consumers.readings for number in range(TOPICS[topic].partitions)]
    async with bus.transaction(f"system:{bus.service}") as tx:
        connection = await driver(tx.session)
        await offsets.lock(connection, partitions)
        left = await shadow_tables.build(bus, consumers.projections, consumers.by_key)
        try:
            loaded = await fill_all()
            await asyncio.gather(shadow_tables.finish(bus, left), record_positions(connection, loaded))
            await shadow_tables.use(tx.session)
            for records in sorted((each for some in loaded for each in some.odd), key=_place):
                # A new one each time: one record after the other was left to this, and that says nothing of a release.
                await Applier(bus, consumers).apply(tx, records, one_by_one=True)
            await shadow_tables.swap(tx.session, consumers.projections)
            if consumers.rebuilt is not None:
                await consumers.rebuilt(tx.session)
        except BaseException:
            await tx.session.rollback()  # releases the locks that removing the shadow tables would wait for
            try:
                await shadow_tables.clear(bus)
            except DATABASE_ERRORS as wrong:
                log.warning("half-filled tables are left for the next load to take away", reason=wrong)
            raise
        for name in sorted({name for each in loaded for name in each.changed}):
            await tx.changed(name)
    return sum(each.taken for each in loaded)


def _place(records: Sequence[Record]) -> tuple[str, int, int]:
    return records[0].topic, records[0].partition, records[0].offset


class Loader:
    """Applies records of whole partitions, from their start, to empty tables."""

    def __init__(self, consumers: Consumers) -> None:
        self._consumers = consumers
        self._loaded = Loaded()
        self._order = list(consumers.readings)
        self._come: dict[str, dict[str, tuple[int, UUID | None]]] = {topic: {} for topic in self._order}
        self._reacted: dict[str, dict[str, int]] = {}
        self._sources = {topic: SOURCE.format(service=TOPICS[topic].owner) for topic in self._order}
        self._odd: dict[tuple[str, str], list[Record]] = {}

    async def prepare(self, session: AsyncSession) -> None:
        """Read the dead letters, and how far the service has reacted: a rebuild repeats no reaction."""
        connection = await driver(session)
        topics = [topic for topic, reading in self._consumers.readings.items() if reading.react is not None]
        self._reacted = {topic: {} for topic in topics}
        for topic, subject, reacted in await connection.fetch(
            "SELECT topic, subject, reacted FROM applied_sequence WHERE topic = ANY($1) ORDER BY topic, subject", topics
        ):
            self._reacted[topic][subject] = reacted
        for topic, subject in await connection.fetch(
            f"SELECT DISTINCT topic, subject FROM dead_letter WHERE {HOLDS_BACK} ORDER BY topic, subject"  # noqa: S608 - ours
        ):
            self._odd[topic, subject] = []

    async def take(self, tx: Tx, records: Sequence[Record]) -> None:
        """Apply records by `evolve`; set aside those that need the reader's own way."""
        self._loaded.taken += len(records)
        plain: list[tuple[Envelope, Record]] = []
        last = self._loaded.last
        for record in records:
            last[record.topic, record.partition] = record
            event = self._admitted(record)
            if event is not None:
                plain.append((event, record))
        await self._evolve(tx, plain)

    async def _evolve(self, tx: Tx, plain: Sequence[tuple[Envelope, Record]]) -> None:
        """Apply events; where that fails, each half of them, until few are left, which are set aside."""
        if not plain:
            return
        by_topic: dict[str, list[Envelope]] = {}
        for event, _ in plain:
            by_topic.setdefault(event.topic, []).append(event)
        savepoint = await tx.session.begin_nested()
        try:
            for topic in self._order:
                evolve = self._consumers.readings[topic].evolve
                if topic in by_topic and evolve is not None:
                    await evolve(tx, by_topic[topic])
            await tx.session.flush()
        except Exception:  # noqa: BLE001 - after any error the reader's way finds the one event
            await savepoint.rollback()
            tx.session.expunge_all()
        else:
            await savepoint.commit()
            return
        if len(plain) > FEW:
            half = len(plain) // 2
            await self._evolve(tx, plain[:half])
            await self._evolve(tx, self._not_behind(plain[half:]))
            return
        for event, record in plain:
            self._set_back(event, record)

    def _not_behind(self, plain: Iterable[tuple[Envelope, Record]]) -> list[tuple[Envelope, Record]]:
        """Return the events of subjects with nothing set aside; the others are set aside behind it."""
        left: list[tuple[Envelope, Record]] = []
        for event, record in plain:
            if (event.topic, event.subject) in self._odd:
                self._set_back(event, record)
            else:
                left.append((event, record))
        return left

    def _admitted(self, record: Record) -> Envelope | None:  # noqa: PLR0911 - one return for each case
        """Return the event of a record that is next in order; None for one that is dropped or set aside."""
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
        if fresh or not in_turn:
            self._put_aside(topic, subject, record)
            return None
        come[subject] = (event.sequence, event.id)
        if isinstance(event, Faulty):
            self._loaded.unknown[topic, event.type or ""] += 1
            return None
        return event

    def _set_back(self, event: Envelope, record: Record) -> None:
        """Set aside a record whose event was admitted but not applied, and correct how far its subject has come."""
        come = self._come[event.topic]
        come[event.subject] = (min(come[event.subject][0], event.sequence - 1), None)
        self._put_aside(event.topic, event.subject, record)

    def _put_aside(self, topic: str, subject: str, record: Record) -> None:
        self._odd.setdefault((topic, subject), []).append(record)

    async def finish(self, tx: Tx) -> Loaded:
        """Store how far each subject has come beside the shadow tables; return what is left to do."""
        await tx.session.flush()
        connection = await driver(tx.session)
        await connection.copy_records_to_table(
            shadow_tables.MARKS, schema_name=shadow_tables.SCHEMA, records=self._marks()
        )
        self._loaded.odd = [
            sorted(records, key=lambda each: (each.partition, each.offset)) for records in self._odd.values() if records
        ]
        self._loaded.changed = tx.take_changed()
        return self._loaded

    def _marks(self) -> Iterable[tuple[str, str, str, int, UUID | None]]:
        for topic, come in self._come.items():
            source = self._sources[topic]
            for subject in sorted(come):
                if come[subject][0]:
                    yield topic, source, subject, *come[subject]
