"""Apply one batch of records in one transaction, every event once and in order.

`apply` locks how far the partitions were read, drops what was applied before, sets aside what cannot be applied, runs
`evolve` and then `react` of each topic over the rest, and moves all marks forward. The batch is tried as a whole; when
a handler raises, it is tried again with a savepoint for each event, to find the bad one and make it a dead letter.
"""

from __future__ import annotations

import traceback
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from opentelemetry import trace

from shared.bus import set_aside
from shared.bus.db.transaction import driver
from shared.bus.db.transient_errors import is_transient
from shared.bus.dead_letters import letters
from shared.bus.dead_letters.letters import NewDeadLetter
from shared.bus.inbox import deferred_reactions
from shared.bus.inbox.admission import Standing, Verdict
from shared.bus.inbox.failures import COUNTED, FAILED, FailuresInARow
from shared.bus.log.envelope import NOT_THE_OWNER, Envelope, Faulty, ReadRecord, stored, take
from shared.bus.log.tracing import handling
from shared.bus.metrics import APPLIED, DROPPED
from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from shared.bus.db.bus import Bus
    from shared.bus.db.transaction import Tx
    from shared.bus.inbox.consumers import Consumers
    from shared.bus.inbox.deferred_reactions import Deferred
    from shared.bus.log.envelope import Key, Record

log = structlog.get_logger(__name__)

_BEHIND = "An earlier event of this subject is a dead letter."


@dataclass(slots=True)
class Batch:
    """The records of one batch and the decisions about them."""

    taken: list[ReadRecord]
    standings: dict[Key, Standing]
    any_waits: bool
    """True if any deferred reaction existed when the batch began; the sweep finds newer ones."""
    apply: list[Envelope] = field(default_factory=list)
    late: list[Deferred] = field(default_factory=list)
    """Deferred reactions whose subject has arrived."""
    asides: list[NewDeadLetter] = field(default_factory=list)
    unknown: list[ReadRecord] = field(default_factory=list)
    healed: list[int] = field(default_factory=list)
    dropped: int = 0
    faults: list[tuple[int, Key, str]] = field(default_factory=list)
    """Records that no handler was given: how many events come before, the subject, and the fault."""

    def records(self) -> dict[UUID, Record]:
        """Return the record of each event that is handled, by the event's id."""
        records: dict[UUID, Record] = {each.event.id: each for each in self.taken if each.event.id is not None}
        return records | {each.event.id: each.record for each in self.late}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event that is kept aside: a stored dead letter (`row`), or one of the batch (`aside`)."""

    sequence: int | None
    reason: str
    row: asyncpg.Record | None = None
    aside: NewDeadLetter | None = None

    @property
    def record(self) -> ReadRecord:
        """The record as it is read now: its type may have become known since."""
        if self.row is not None:
            return take(stored(self.row))
        assert self.aside is not None
        return take(self.aside.record)


class Applier:
    """Applies records to one service's store."""

    def __init__(self, bus: Bus, consumers: Consumers) -> None:
        self._bus = bus
        self._consumers = consumers
        self._order = {topic: place for place, topic in enumerate(consumers.readings)}
        self._failing = FailuresInARow(bus.settings.reader_failing_subjects)
        self._tracer = trace.get_tracer("tandem.bus")

    async def apply(self, tx: Tx, records: Sequence[Record], *, one_by_one: bool = False) -> None:
        """Apply `records` in the transaction `tx`; the caller has locked how far their partitions were read.

        With `one_by_one` each event has a savepoint and those that fail become dead letters; without it, a failure is
        raised and nothing has happened. Raises `TooManyDeadLetters` when going on would hide a fault.
        """
        connection = await driver(tx.session)
        batch = await self._sort(connection, records)
        failing = self._failing.copy()
        if one_by_one:
            await self._run_one_by_one(tx, batch, failing)
        else:
            await self._run(tx, batch, batch.apply)
            _count_faults(batch, failing)
        if batch.healed:
            await letters.settle(connection, batch.healed, "healed", "system:reader", "the missing event arrived")
        await letters.store(connection, self._bus, batch.asides)
        await self._note(connection, batch)
        if asides := tx.take_asides():
            await deferred_reactions.store(connection, asides, batch.records())
        self._failing = failing

    async def _sort(self, connection: asyncpg.Connection, records: Sequence[Record]) -> Batch:
        """Decide about each record; where an event fills a gap, bring back what waited behind it."""
        taken = [take(record) for record in records]
        batch = Batch(taken, *await letters.standings(connection, [each.whose for each in taken]))
        for each in list(taken):
            event, standing = each.event, batch.standings[each.whose]
            if event.sequence == standing.sequence + 1 and standing.dead_letter is None and isinstance(event, Envelope):
                # The next event of a subject without dead letters, as nearly all are; `judge` gives the same verdict.
                standing.advance(event.sequence, event.id)
                batch.apply.append(event)
            elif self._admit(batch, each, standing):
                await self._heal(connection, batch, each, standing)
        return batch

    def _admit(self, batch: Batch, record: ReadRecord, standing: Standing) -> bool:
        """Decide about one event; return whether it has filled a gap."""
        event, compacted = record.event, TOPICS[record.topic].compacted
        if isinstance(event, Faulty):
            if event.reason == "tombstone" and compacted:
                batch.dropped += 1  # the key was deleted; the owner revokes what we have of it
                return False
            if event.sequence is None:
                self._aside(batch, record, event.reason, event.detail)
                return False
        assert event.sequence is not None
        verdict = standing.judge(event.sequence, event.id, compacted=compacted)
        if verdict is Verdict.DROP:
            batch.dropped += 1
        elif verdict is not Verdict.APPLY:
            self._aside(batch, record, verdict, _why(verdict, event.sequence, standing))
        elif isinstance(event, Faulty) and event.reason == "contract":
            self._aside(batch, record, event.reason, event.detail)
        else:
            self._take(batch, record, standing)
            return standing.dead_letter == Verdict.GAP and not compacted
        return False

    def _take(self, batch: Batch, record: ReadRecord, standing: Standing) -> None:
        """Use up the event's number, whether it is applied or of a type unknown here."""
        event = record.event
        assert event.sequence is not None
        standing.advance(event.sequence, event.id)
        if isinstance(event, Envelope):
            batch.apply.append(event)
        else:
            batch.unknown.append(record)

    async def _heal(
        self, connection: asyncpg.Connection, batch: Batch, filling: ReadRecord, standing: Standing
    ) -> None:
        """Bring back what waited for this event, stored or of this batch, and settle what was overtaken.

        An event is overtaken where it was sent again and the second record was applied.
        """
        topic, subject = filling.topic, filling.event.subject
        rows = await letters.holding_back(connection, topic, subject)
        waiting = [_Waiting(row["sequence"], row["reason"], row=row) for row in rows if row["id"] not in batch.healed]
        waiting += [
            _Waiting(each.event.sequence, each.reason, aside=each)
            for each in batch.asides
            if (each.record.topic, each.event.subject) == (topic, subject) and each.reason != NOT_THE_OWNER
        ]
        standing.dead_letter = None
        for each in sorted(waiting, key=lambda each: -1 if each.sequence is None else each.sequence):
            if each.reason not in {Verdict.GAP, Verdict.BEHIND}:
                standing.dead_letter = each.reason  # a person must look at it
                return
            record = each.record
            assert record.event.sequence is not None
            verdict = standing.judge(record.event.sequence, record.event.id, compacted=False)
            unreadable = isinstance(record.event, Faulty) and record.event.reason != "unknown"
            if verdict not in {Verdict.APPLY, Verdict.DROP} or (verdict is Verdict.APPLY and unreadable):
                standing.dead_letter = letters.first_reason(each.reason)
                return
            if verdict is Verdict.APPLY:
                self._take(batch, record, standing)
            else:
                batch.dropped += 1
            if each.row is not None:
                batch.taken.append(record)
                batch.healed.append(each.row["id"])
            elif each.aside is not None:
                batch.asides.remove(each.aside)

    def _aside(self, batch: Batch, record: ReadRecord, reason: str, detail: str) -> None:
        event = record.event
        batch.asides.append(NewDeadLetter(record, event, reason, detail))
        if reason in COUNTED and isinstance(event, Faulty):
            batch.faults.append((len(batch.apply), record.whose, f"{reason}: {detail}"))
        if reason == NOT_THE_OWNER:
            standings = []  # anybody could otherwise stop a subject
        elif event.source:
            standings = [batch.standings[record.whose]]
        else:  # a broken record has no source: it holds back its subject for all sources
            standings = [at for key, at in batch.standings.items() if (key[0], key[2]) == (record.topic, event.subject)]
        for standing in standings:
            standing.dead_letter = standing.dead_letter or reason
        if reason != Verdict.BEHIND:
            log.error(
                "dead letter",
                topic=record.topic,
                subject=event.subject,
                type=event.type,
                sequence=event.sequence,
                reason=reason,
                detail=detail,
            )

    async def _run(self, tx: Tx, batch: Batch, events: Sequence[Envelope]) -> None:
        """Run `evolve` of all topics, then `react` of all topics, so that reactions see all new facts."""
        by_topic: dict[str, list[Envelope]] = {}
        for event in events:
            by_topic.setdefault(event.topic, []).append(event)
        topics = sorted(by_topic, key=self._order.__getitem__)
        with handling(self._tracer, self._bus.service, events):
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
            if batch.any_waits:
                await self._release(tx, batch, by_topic)
            await tx.session.flush()

    async def _release(self, tx: Tx, batch: Batch, by_topic: dict[str, list[Envelope]]) -> None:
        """Run the deferred reactions of the subjects that have just arrived."""
        connection = await driver(tx.session)
        arrived = {(topic, each.subject) for topic, events in by_topic.items() for each in events}
        late = await deferred_reactions.released(connection, arrived)
        batch.late += late
        await self._react_late(tx, late)

    async def sweep(self, tx: Tx) -> int:
        """Run the deferred reactions whose subject is there; return how many were run."""
        connection = await driver(tx.session)
        late = await deferred_reactions.overdue(connection)
        run = await self._react_late(tx, late)
        await deferred_reactions.store(connection, tx.take_asides(), {each.event.id: each.record for each in late})
        return run

    async def _react_late(self, tx: Tx, late: Sequence[Deferred]) -> int:
        """Run deferred reactions, each in a savepoint; return how many did not fail.

        One that fails is not the fault of the event that released it, nor of the others: it waits on.
        """
        if not late:
            return 0
        failed: dict[str, str] = {}
        for each in late:
            await tx.flush()  # what was noted before is no part of this reaction
            savepoint = await tx.session.begin_nested()
            mark = tx.mark()
            try:
                await self._react_to(tx, each)
                await tx.flush()
                await savepoint.commit()
            except Exception as wrong:
                if savepoint.is_active:
                    await savepoint.rollback()
                if is_transient(wrong):
                    raise
                tx.forget_after(mark)
                tx.session.expunge_all()
                failed[str(each.event.id)] = f"{each.event.type} {each.event.subject}: {_describe(wrong)}"
        for reason in failed.values():
            log.error("deferred reaction failed", reason=reason)
        done = {str(each.event.id) for each in late} - failed.keys()
        await set_aside.clear(tx.session, deferred_reactions.WORK, done)
        await set_aside.add(tx.session, deferred_reactions.WORK, failed)
        return len(late) - len(failed)

    async def _react_to(self, tx: Tx, deferred: Deferred) -> None:
        await deferred_reactions.remove(await driver(tx.session), deferred)
        if (react := self._consumers.readings[deferred.event.topic].react) is not None:
            await react(tx, [deferred.event])

    async def _run_one_by_one(self, tx: Tx, batch: Batch, failing: FailuresInARow) -> None:
        """Apply each event in a savepoint of its own; failed ones and those behind them become dead letters."""
        faults = deque(batch.faults)
        broken: dict[Key, int] = {}
        applied: list[Envelope] = []
        done: dict[Key, Envelope] = {}
        records = {each.event.id: each for each in batch.taken}
        for place, event in enumerate(batch.apply):
            _count_before(faults, place, failing)
            record = records[event.id]
            key = record.whose
            if key in broken:
                self._aside(batch, record, Verdict.BEHIND, _BEHIND)
                continue
            mark = tx.mark()
            savepoint = await tx.session.begin_nested()
            try:
                await self._run(tx, batch, [event])
                await tx.flush()  # facts that cannot be written are this event's fault alone
                await savepoint.commit()
            except Exception as wrong:
                if savepoint.is_active:
                    await savepoint.rollback()
                if is_transient(wrong):
                    raise
                tx.forget_after(mark)
                tx.session.expunge_all()
                broken[key] = event.sequence
                why = _describe(wrong)
                self._aside(batch, record, FAILED, why)
                failing.fail(key, why)
            else:
                failing.succeed()
                applied.append(event)
                done[key] = event
        _count_before(faults, len(batch.apply), failing)
        for key, number in broken.items():
            self._halt(batch, key, number, done.get(key))
        batch.apply = applied

    def _halt(self, batch: Batch, key: Key, number: int, done: Envelope | None) -> None:
        """Stop a subject before its event `number`; `done` is the last one that was applied before it.

        The number of a dead letter is not used up, since its redrive will use it; those before it are, also where their
        type is unknown here. Later events are kept aside behind it.
        """
        before: list[Envelope | Faulty] = [] if done is None else [done]
        for record in [each for each in batch.unknown if each.whose == key]:
            assert record.event.sequence is not None
            if record.event.sequence < number:
                before.append(record.event)
            else:
                batch.unknown.remove(record)
                self._aside(batch, record, Verdict.BEHIND, _BEHIND)
        last = max(before, key=lambda event: event.sequence or 0, default=None)
        if last is None or last.sequence is None:
            batch.standings[key].moved = False
        else:
            batch.standings[key].advance(last.sequence, last.id)

    async def _note(self, connection: asyncpg.Connection, batch: Batch) -> None:
        """Store how far each subject has come, and which types are unknown here."""
        if moved := [(key, standing) for key, standing in batch.standings.items() if standing.moved]:  # in order
            await letters.advance(connection, moved)
        for record in batch.unknown:
            await connection.execute(
                "INSERT INTO unknown_type AS u (topic, type, count) VALUES ($1, $2, 1) ON CONFLICT (topic, type)"
                " DO UPDATE SET count = u.count + 1, last_seen = now()",
                record.topic,
                record.event.type,
            )
        for topic, count in Counter([event.topic for event in batch.apply]).items():
            APPLIED.labels(self._bus.service, topic).inc(count)
        if batch.dropped:
            DROPPED.labels(self._bus.service, "all").inc(batch.dropped)


def _count_faults(batch: Batch, failing: FailuresInARow) -> None:
    """Count the records that no handler was given, between the events that were applied."""
    before = 0
    for place, key, why in batch.faults:
        if place > before:
            failing.succeed()
        before = place
        failing.fail(key, why)
    if len(batch.apply) > before:
        failing.succeed()


def _count_before(faults: deque[tuple[int, Key, str]], place: int, failing: FailuresInARow) -> None:
    """Count and remove the records that no handler was given before the event at `place`."""
    while faults and faults[0][0] <= place:
        _, key, why = faults.popleft()
        failing.fail(key, why)


def _why(verdict: Verdict, sequence: int, standing: Standing) -> str:
    if verdict is Verdict.GAP:
        return f"Event {sequence} came, but {standing.sequence + 1} is missing: have its owner replay the subject."
    if verdict is Verdict.FORK:
        return f"Another event {sequence} was applied before: the owner tells another story, perhaps after a restore."
    return _BEHIND


def _describe(wrong: BaseException) -> str:
    """Return the error's type and place, but not its text, which may contain values."""
    frame = traceback.extract_tb(wrong.__traceback__)[-1]
    return f"{type(wrong).__name__} in {frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})"
