"""How does one batch of records take effect, every event once and in order, in one transaction?

`apply` locks how far the partitions were read, drops what was applied before, sets aside what cannot be applied, runs
`evolve` and then `react` of each topic over the rest, and moves all marks forward. It is tried whole; when a handler
raises, it is done again with a savepoint an event, to find the bad one and park it.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from shared.bus import parked, waiting
from shared.bus.admission import Standing, Verdict
from shared.bus.envelope import NUL, SOURCE, Envelope, Faulty, read
from shared.bus.faults import is_transient
from shared.bus.metrics import APPLIED, DROPPED
from shared.bus.parked import Aside, Key, TooMuchParked
from shared.bus.records import stored
from shared.bus.tracing import handling
from shared.bus.transaction import driver
from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from uuid import UUID

    import asyncpg

    from shared.bus.bus import Bus
    from shared.bus.consumers import Consumers
    from shared.bus.envelope import Record
    from shared.bus.transaction import Tx

log = structlog.get_logger(__name__)

# This many subjects in a row that fail, and none that succeeds: it is the reader that is broken, not the events.
MOST_FAILING_IN_A_ROW = 20

# So many payloads are read before whoever else has something to do gets a turn.
_READ = 50

_SOURCES = {name: SOURCE.format(service=topic.owner) for name, topic in TOPICS.items()}


@dataclass(slots=True)
class Batch:
    """What becomes of the records of one batch."""

    apply: list[Envelope] = field(default_factory=list)
    records: dict[UUID, Record] = field(default_factory=dict)
    """The record of each event that is handled, by the event's id."""
    asides: list[Aside] = field(default_factory=list)
    unknown: list[tuple[Faulty, Record]] = field(default_factory=list)
    healed: list[int] = field(default_factory=list)
    dropped: int = 0
    standings: dict[Key, Standing] = field(default_factory=dict)
    touched: set[Key] = field(default_factory=set)


class Applier:
    """Applies records to one service's store."""

    def __init__(self, bus: Bus, consumers: Consumers) -> None:
        self._bus = bus
        self._consumers = consumers
        self._order = {topic: place for place, topic in enumerate(consumers.readings)}

    async def apply(
        self,
        tx: Tx,
        records: Sequence[Record],
        *,
        one_by_one: bool = False,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Apply `records` in the transaction `tx`; the caller has locked how far their partitions were read.

        With `one_by_one` each event has a savepoint and those that fail are parked; without it, a failure is raised
        and nothing has happened. `meanwhile` is called while the database works and nothing is left to do here; it
        must not touch the database. Raises `TooMuchParked` when parking on would hide a fault.
        """
        connection = await driver(tx.session)
        batch = await self._sort(connection, records)
        if one_by_one:
            await self._run_one_by_one(tx, batch)
        else:
            await self._run(tx, batch, batch.apply)
        if batch.healed:
            await parked.settle(connection, batch.healed, "healed", "system:reader", "the missing event arrived")
        await parked.park(connection, self._bus.service, batch.asides)
        await self._note(connection, batch, meanwhile)
        await waiting.store(connection, tx.take_asides(), batch.records)

    async def _sort(self, connection: asyncpg.Connection, records: Sequence[Record]) -> Batch:
        """Decide what becomes of each record; where an event fills a gap, bring back what waited behind it."""
        batch = Batch()
        # Payloads are read while the database looks up how far their subjects have come.
        looking = asyncio.create_task(parked.standings(connection, [_names(record) for record in records]))
        try:
            events: list[tuple[Record, Envelope | Faulty]] = []
            for place in range(0, len(records), _READ):
                await asyncio.sleep(0)
                events += [(record, read(record)) for record in records[place : place + _READ]]
        finally:
            batch.standings = await looking
        keys = [(record.topic, event.source, event.subject) for record, event in events]
        if odd := [key for key in keys if key not in batch.standings]:
            batch.standings |= await parked.standings(connection, odd)
        for (record, event), key in zip(events, keys, strict=True):
            if self._admit(batch, record, event, key):
                await self._heal(connection, batch, record.topic, event, batch.standings[key])
        return batch

    def _admit(self, batch: Batch, record: Record, event: Envelope | Faulty, key: Key) -> bool:
        """Sort one event in; whether it has filled a gap."""
        compacted = TOPICS[record.topic].compacted
        standing = batch.standings[key]
        if isinstance(event, Faulty):
            if event.reason == "tombstone" and compacted:
                batch.dropped += 1  # the key was cleared away; what we hold of it is the owner's business to revoke
                return False
            if event.sequence is None:
                self._aside(batch, record, event, event.reason, event.detail)
                return False
        assert event.sequence is not None
        verdict = standing.judge(event.sequence, event.id, compacted=compacted)
        if verdict is Verdict.DROP:
            batch.dropped += 1
        elif verdict is not Verdict.APPLY:
            self._aside(batch, record, event, verdict, _why(verdict, event.sequence, standing))
        elif isinstance(event, Faulty) and event.reason == "contract":
            self._aside(batch, record, event, event.reason, event.detail)
        else:
            self._take(batch, record, event, standing, key)
            return standing.parked == Verdict.GAP and not compacted
        return False

    def _take(self, batch: Batch, record: Record, event: Envelope | Faulty, standing: Standing, key: Key) -> None:
        """The event's turn has come: its number is used up, whether it is applied or of a type unknown here."""
        assert event.sequence is not None
        standing.advance(event.sequence, event.id)
        batch.touched.add(key)
        if isinstance(event, Envelope):
            batch.apply.append(event)
            batch.records[event.id] = record
        else:
            batch.unknown.append((event, record))

    async def _heal(
        self, connection: asyncpg.Connection, batch: Batch, topic: str, event: Envelope | Faulty, standing: Standing
    ) -> None:
        for row in await parked.healable(connection, topic, event.subject, standing.sequence):
            record = stored(row)
            again = read(record)
            if isinstance(again, Faulty) and again.reason != "unknown":
                break
            self._take(batch, record, again, standing, parked.key_of(again, topic))
            batch.healed.append(row["id"])
        left = await connection.fetchval(
            "SELECT reason FROM parked WHERE settled_at IS NULL AND topic = $1 AND subject = $2"
            " AND NOT id = ANY($3::bigint[]) ORDER BY sequence NULLS FIRST, id LIMIT 1",
            topic,
            event.subject,
            batch.healed,
        )
        # What is left begins with another gap, or with something that a person must look at.
        standing.parked = Verdict.GAP if left == Verdict.BEHIND else left

    def _aside(self, batch: Batch, record: Record, event: Envelope | Faulty, reason: str, detail: str) -> None:
        batch.asides.append(Aside(record, event, reason, detail))
        if event.source:
            held = [batch.standings[parked.key_of(event, record.topic)]]
        else:  # a broken record does not say whose it is: it holds back its subject whatever the source
            held = [at for key, at in batch.standings.items() if (key[0], key[2]) == (record.topic, event.subject)]
        for standing in held:
            standing.parked = standing.parked or reason
        if reason != Verdict.BEHIND:
            log.error(
                "event parked",
                topic=record.topic,
                subject=event.subject,
                type=event.type,
                sequence=event.sequence,
                reason=reason,
                detail=detail,
            )

    async def _run(self, tx: Tx, batch: Batch, events: Sequence[Envelope]) -> None:
        """Run `evolve` of all topics, then `react` of all topics, so that reactions see all that is known."""
        by_topic: dict[str, list[Envelope]] = {}
        for event in events:
            by_topic.setdefault(event.topic, []).append(event)
        topics = sorted(by_topic, key=self._order.__getitem__)
        with handling(self._bus.service, events):
            for topic in topics:
                if (evolve := self._consumers.readings[topic].evolve) is not None:
                    await evolve(tx, by_topic[topic])
            for topic in topics:
                react = self._consumers.readings[topic].react
                if react is None:
                    continue
                fresh = [
                    each
                    for each in by_topic[topic]
                    if each.sequence > batch.standings[topic, each.source, each.subject].reacted
                ]
                if fresh:
                    await react(tx, fresh)
            await self._release(tx, batch, by_topic)
            await tx.session.flush()

    async def _release(self, tx: Tx, batch: Batch, by_topic: dict[str, list[Envelope]]) -> None:
        """React now to what had waited for the subjects that have just arrived."""
        connection = await driver(tx.session)
        arrived = [(topic, each.subject) for topic, events in by_topic.items() for each in events]
        await self._react_late(tx, batch.records, await waiting.release(connection, arrived))

    async def _react_late(self, tx: Tx, records: dict[UUID, Record], late: Sequence[tuple[Envelope, Record]]) -> None:
        for event, record in late:
            records[event.id] = record
            react = self._consumers.readings[event.topic].react
            if react is not None:
                await react(tx, [event])

    async def sweep(self, tx: Tx) -> int:
        """React to what waits although its subject is there; give how many reactions were released."""
        connection = await driver(tx.session)
        late = await waiting.overdue(connection)
        records: dict[UUID, Record] = {}
        await self._react_late(tx, records, late)
        await waiting.store(connection, tx.take_asides(), records)
        return len(late)

    async def _run_one_by_one(self, tx: Tx, batch: Batch) -> None:
        """Apply each event in a savepoint of its own; park those that fail and what follows them of their subject."""
        failing_in_a_row: set[Key] = set()
        broken: dict[Key, int] = {}
        applied: list[Envelope] = []
        done: dict[Key, Envelope] = {}
        for event in batch.apply:
            key = parked.key_of(event, event.topic)
            record = batch.records[event.id]
            if key in broken:
                self._aside(batch, record, event, Verdict.BEHIND, "An earlier event of this subject is parked.")
                continue
            mark = tx.mark()
            savepoint = await tx.session.begin_nested()
            try:
                await self._run(tx, batch, [event])
                await tx.flush()  # facts that cannot be written are this event's fault and nobody else's
                await savepoint.commit()
            except Exception as wrong:
                if savepoint.is_active:
                    await savepoint.rollback()
                if is_transient(wrong):
                    raise
                tx.forget_after(mark)
                tx.session.expunge_all()
                broken[key] = event.sequence
                failing_in_a_row.add(key)
                self._aside(batch, record, event, "failed", _describe(wrong))
                if len(failing_in_a_row) >= MOST_FAILING_IN_A_ROW:
                    raise TooMuchParked(
                        f"{len(failing_in_a_row)} subjects in a row failed, the last one with {wrong!r}: "
                        "this reader is broken, not the events."
                    ) from wrong
            else:
                failing_in_a_row.clear()
                applied.append(event)
                done[key] = event
        for key, number in broken.items():
            self._halt(batch, key, number, done.get(key))
        batch.apply = applied

    def _halt(self, batch: Batch, key: Key, number: int, done: Envelope | None) -> None:
        """A subject stops before its event `number`: `done` is the last one that was applied before it.

        The number of a parked event is not used up, since its redrive will use it; those before it are, also where
        nobody here knows their type. What came after it parks behind it.
        """
        own = [(one, record) for one, record in batch.unknown if parked.key_of(one, record.topic) == key]
        before: list[Envelope | Faulty] = [] if done is None else [done]
        for one, record in own:
            assert one.sequence is not None
            if one.sequence < number:
                before.append(one)
            else:
                batch.unknown.remove((one, record))
                self._aside(batch, record, one, Verdict.BEHIND, "An earlier event of this subject is parked.")
        last = max(before, key=lambda one: one.sequence or 0, default=None)
        if last is None or last.sequence is None:
            batch.touched.discard(key)
        else:
            batch.standings[key].advance(last.sequence, last.id)

    async def _note(
        self, connection: asyncpg.Connection, batch: Batch, meanwhile: Callable[[], Awaitable[None]] | None
    ) -> None:
        """Write how far each subject has come, and which types nobody here knows."""
        keys = sorted(batch.touched)  # in the order of the index
        if keys:
            writing = asyncio.create_task(parked.advance(connection, keys, batch.standings))
            try:
                if meanwhile is not None:
                    await asyncio.sleep(0)  # the statement is put together
                    await asyncio.sleep(0)  # and has left
                    await meanwhile()
            finally:
                await writing
        for each, record in batch.unknown:
            await connection.execute(
                "INSERT INTO unknown AS u (topic, type, count) VALUES ($1, $2, 1) ON CONFLICT (topic, type)"
                " DO UPDATE SET count = u.count + 1, last_seen = now()",
                record.topic,
                each.type,
            )
        for topic, count in Counter(event.topic for event in batch.apply).items():
            APPLIED.labels(self._bus.service, topic).inc(count)
        if batch.dropped:
            DROPPED.labels(self._bus.service, "all").inc(batch.dropped)


def _names(record: Record) -> Key:
    """Whose event a record holds if nothing is odd about it: told by topic and key, before its headers are read."""
    key = record.key or b""
    return record.topic, _SOURCES[record.topic], "" if NUL in key else key.decode(errors="replace")


def _why(verdict: Verdict, sequence: int, standing: Standing) -> str:
    if verdict is Verdict.GAP:
        return f"Event {sequence} came, but {standing.sequence + 1} is missing: have its owner replay the subject."
    if verdict is Verdict.FORK:
        return f"Another event {sequence} was applied before: the owner tells another story, perhaps after a restore."
    return "An earlier event of this subject is parked."


def _describe(wrong: BaseException) -> str:
    """The error's type and the place, and not its text: that may hold values."""
    frame = traceback.extract_tb(wrong.__traceback__)[-1]
    return f"{type(wrong).__name__} in {frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})"
