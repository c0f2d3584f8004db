"""Notice what a reader lacks although it has read a topic to its end, and ask the topic's owner for it.

The log may lose records that nobody saw: others stand at their offsets by the time the reader looks. So the reader
compares what it has applied with the heads that owners publish. What it lacks, and each gap before a dead letter, is
asked for by bucket of subjects, after growing pauses and a few times only; meanwhile the metric, the readiness and the
page of problems say so. Where that does not help, a person looks.

Under constant load the reader is never at the end. So it compares a head as soon as it has read up to where the topic
ended when that head had come. Newer events of the same bucket may hide a lack from the sums, but not from the numbers
of single subjects, which heads list in turn: the number of a subject never falls.

A reader that has applied more than the owner knows shows that the owner was restored from a backup. What it tells anew
under numbers that were used before is dropped, or a fork; so the metric, the readiness and the page of problems say
this too.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from shared.bus import set_aside
from shared.bus.db.transaction import driver
from shared.bus.inbox.admission import Verdict
from shared.bus.log.heads import HeadsLog, Request, bucket_of, write
from shared.bus.metrics import MISSING, UNKNOWN
from shared.i18n import N_, gettext, ngettext
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import asyncpg

    from shared.bus.db.bus import Bus
    from shared.bus.inbox.consumers import Consumers
    from shared.bus.log.heads import Head
    from shared.bus.log.offsets import Partition

log = structlog.get_logger(__name__)

WORK = N_("Missing events")
LOOK_SECONDS = 10.0
PAUSES = (0.0, 60.0, 300.0, 1800.0)
"""Seconds before each request for what a topic lacks; after the last one a person has to look."""
HEADS_BEHIND = 2
"""So many heads must lack what was applied before them: the first of them may have been on its way."""
TIMEOUT_SECONDS = 60.0

# A dead letter is known, and no longer missing.
_SEEN = f"""
SELECT topic, bucket, sum(events)::bigint AS events FROM (
  SELECT topic, {bucket_of("subject")} AS bucket, sequence AS events FROM applied_sequence WHERE topic = ANY($1)
  UNION ALL
  SELECT p.topic, {bucket_of("p.subject")}, p.last - coalesce(a.sequence, 0)
  FROM (SELECT topic, subject, max(sequence) AS last FROM dead_letter
        WHERE settled_at IS NULL AND sequence IS NOT NULL AND topic = ANY($1) GROUP BY topic, subject) AS p
  LEFT JOIN applied_sequence a USING (topic, subject) WHERE p.last > coalesce(a.sequence, 0)
) AS seen GROUP BY topic, bucket ORDER BY topic, bucket
"""  # noqa: S608 - constants of ours
_BEHIND = f"""
SELECT l.topic, l.subject, l.sequence, {bucket_of("l.subject")} AS bucket,
  l.sequence - greatest(a.sequence, p.last, 0) AS events
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS l (topic, subject, sequence)
LEFT JOIN applied_sequence a USING (topic, subject)
LEFT JOIN (SELECT topic, subject, max(sequence) AS last FROM dead_letter
           WHERE settled_at IS NULL AND sequence IS NOT NULL GROUP BY topic, subject) AS p USING (topic, subject)
WHERE l.sequence > greatest(a.sequence, p.last, 0)
"""  # noqa: S608 - constants of ours
_GAPS = f"""
SELECT topic, {bucket_of("subject")} AS bucket, count(DISTINCT subject) AS events FROM dead_letter
WHERE settled_at IS NULL AND reason = '{Verdict.GAP}' AND topic = ANY($1) GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - constants of ours
_APPLIED = f"""
SELECT topic, {bucket_of("subject")} AS bucket, sum(sequence)::bigint AS events FROM applied_sequence
WHERE topic = ANY($1) GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - constants of ours
_CONSUMED = "SELECT topic, partition, next_offset FROM read_position WHERE topic = ANY($1)"


@dataclass(slots=True)
class Lack:
    """The events that are missing of one topic: how many, in which buckets, and how often they were asked for."""

    events: int
    buckets: tuple[int, ...]
    requests: int = 0
    last_request: float = 0.0
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def is_due(self, now: float) -> bool:
        """Return whether it is to be asked for now."""
        return self.requests < len(PAUSES) and now - self.last_request >= PAUSES[self.requests]

    @property
    def reason(self) -> str:
        """The lack in words, for the page of problems."""
        count = ngettext("%(num)d event is missing.", "%(num)d events are missing.", self.events) % {"num": self.events}
        if self.requests < len(PAUSES):
            return f"{count} {gettext('Its owner was asked to send again.')}"
        return f"{count} {gettext('Its owner was asked several times. Inform the operator.')}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A head, and the ends of its topic's partitions after it had come: all events that it counts lie before them."""

    head: Head
    ends: dict[Partition, int]
    numbers: dict[str, int] = field(default_factory=dict)
    """The numbers of single subjects that this head and those before it have listed, and that are not applied yet."""

    def is_passed(self, read: Mapping[Partition, int]) -> bool:
        """Return whether so much was read."""
        return all(read.get(partition, 0) >= end for partition, end in self.ends.items())

    def is_of(self, ends: Mapping[Partition, int]) -> bool:
        """Return whether the topic still is as long: it may have lost its end, or have been made anew."""
        return all(ends.get(partition, 0) >= end for partition, end in self.ends.items())


@dataclass(frozen=True, slots=True)
class Beyond:
    """More events of a bucket than the newest head counted."""

    applied: int
    """The events that had been applied."""
    heads: int
    """The number of heads that had come."""


@dataclass(slots=True)
class Comparison:
    """The findings of one look."""

    missing: dict[str, tuple[int, tuple[int, ...]]]
    """The events that are missing by topic: how many, and in which buckets."""
    applied: dict[str, dict[int, int]]
    """The events that were applied, by topic and bucket."""
    compared: set[str]
    """The topics that were read far enough to be compared."""
    at_end: set[str]
    """Those of them that were read to their end: no newer event hides what they lack."""


class Missing:
    """The lacks of one service, of all topics that it reads."""

    def __init__(self, bus: Bus, consumers: Consumers) -> None:
        self._bus = bus
        self._topics = sorted(consumers.readings)
        self._log = HeadsLog(bus.settings, self._topics)
        self._suspected: set[str] = set()
        self._marks: dict[str, Mark] = {}
        """The head of each topic that is compared next."""
        self._ended: dict[str, Lack] = {}
        """Lacks that may only be hidden by newer events: they are not asked for more often if they show again."""
        self.lacks: dict[str, Lack] = {}
        """What is missing, by topic."""
        self._beyond: dict[tuple[str, int], Beyond] = {}
        """What was applied by topic and bucket before a head that counts fewer events came."""
        self.unknown: dict[str, int] = {}
        """How many events were applied that their owner does not know, by topic."""

    async def run(self) -> None:
        """Compare until cancelled; after any failure with a new client."""
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                try:
                    async with asyncio.timeout(TIMEOUT_SECONDS):
                        await self.look()
                except Exception as wrong:  # noqa: BLE001 - whatever a client raises, heads must be compared again
                    log.warning("heads are not compared", reason=wrong)
                    await self._log.close()
        finally:
            await self._log.close()

    async def look(self) -> None:
        """Compare, note and ask. Raises database and Kafka errors."""
        await self._log.look()
        found = await self._compare()
        changed = self._note(found) | self._note_unknown(found.applied)
        any_sent = await self._ask()
        if changed or any_sent:
            await self._write()

    async def _compare(self) -> Comparison:
        """Return what is missing of the topics that were read far enough. An end is read after the heads."""
        newest = {topic: head for topic, head in self._log.heads.items() if topic in self._topics}
        ends = await self._log.ends(newest) if newest else {}
        now = {
            topic: Mark(head, {place: end for place, end in ends.items() if place[0] == topic})
            for topic, head in newest.items()
        }
        async with self._bus.snapshot() as session:
            connection = await driver(session)
            rows = await connection.fetch(_CONSUMED, list(newest))
            read = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            heads = self._comparable(now, read)
            seen = _by_topic(await connection.fetch(_SEEN, list(heads)))
            behind = await self._behind(connection, heads, now)
            gaps = _by_topic(await connection.fetch(_GAPS, self._topics))
            applied = _by_topic(await connection.fetch(_APPLIED, list(newest)))
        found: dict[str, tuple[int, tuple[int, ...]]] = {}
        for topic in self._topics:
            less = dict(gaps.get(topic, {}))
            if topic in heads:
                for bucket, events in enumerate(heads[topic].buckets):
                    lack = max(events - seen.get(topic, {}).get(bucket, 0), behind[topic][bucket])
                    if lack > 0:
                        less[bucket] = less.get(bucket, 0) + lack
            elif topic in self.lacks and not less:  # what was asked for is on its way
                found[topic] = (self.lacks[topic].events, self.lacks[topic].buckets)
            if less:
                found[topic] = (sum(less.values()), tuple(sorted(less)))
        at_end = {topic for topic, present in now.items() if present.is_passed(read)}
        return Comparison(found, applied, set(heads), at_end)

    def _comparable(self, now: Mapping[str, Mark], read: Mapping[Partition, int]) -> dict[str, Head]:
        """Return the head of each topic that was read far enough for it, and note those to be compared next.

        The newest one where the topic was read to its end, else the one that is marked.
        """
        heads: dict[str, Head] = {}
        for topic, present in now.items():
            mark = self._marks.get(topic)
            if mark is None or not mark.is_of(present.ends) or present.is_passed(read):
                mark = self._next(present)
            if mark.is_passed(read):
                heads[topic] = mark.head
            self._marks[topic] = mark
        return heads

    def _next(self, present: Mark) -> Mark:
        """Return the newest mark with what the one before it still has to compare, and what was listed since."""
        topic = present.head.topic
        before = self._marks.get(topic)
        numbers = (before.numbers if before else {}) | self._log.take_listed(topic)
        return Mark(present.head, present.ends, numbers)

    async def _behind(
        self, connection: asyncpg.Connection, heads: Mapping[str, Head], now: Mapping[str, Mark]
    ) -> dict[str, Counter[int]]:
        """Return how many events of listed subjects are missing by topic and bucket; forget the other subjects.

        A topic whose head was compared and is no more the newest one goes on to that.
        """
        listed = [(topic, *each) for topic in heads for each in self._marks[topic].numbers.items()]
        rows = await connection.fetch(_BEHIND, *([each[column] for each in listed] for column in range(3)))
        behind: dict[str, Counter[int]] = {topic: Counter() for topic in heads}
        numbers: dict[str, dict[str, int]] = {topic: {} for topic in heads}
        for topic, subject, sequence, bucket, events in rows:
            behind[topic][bucket] += events
            numbers[topic][subject] = sequence
        for topic, head in heads.items():
            self._marks[topic] = replace(self._marks[topic], numbers=numbers[topic])
            if head != now[topic].head:
                self._marks[topic] = self._next(now[topic])
        return behind

    def _note_unknown(self, applied: Mapping[str, Mapping[int, int]]) -> bool:
        """Note what was applied and is in none of the heads that came since; return whether anything has changed.

        An owner that writes all the time is always behind with its heads, but not with what was applied some heads ago.
        """
        before, self.unknown = self.unknown, {}
        beyond: dict[tuple[str, int], Beyond] = {}
        for topic, buckets in applied.items():
            recorded, count = self._log.heads[topic].recorded, self._log.published[topic]
            if not recorded:  # of an owner that does not say it yet
                continue
            for bucket, events in buckets.items():
                if events <= recorded[bucket]:
                    continue
                noted = self._beyond.get((topic, bucket))
                if noted is None or noted.applied <= recorded[bucket] or noted.heads > count:
                    noted = Beyond(events, count)
                beyond[topic, bucket] = noted
                if count - noted.heads >= HEADS_BEHIND:
                    self.unknown[topic] = self.unknown.get(topic, 0) + events - recorded[bucket]
        self._beyond = beyond
        for topic in self.unknown.keys() - before.keys():
            log.error("an owner does not know its events", topic=topic, count=self.unknown[topic])
        for topic in self._topics:
            UNKNOWN.labels(self._bus.service, topic).set(self.unknown.get(topic, 0))
        return self.unknown != before

    def _note(self, found: Comparison) -> bool:
        """Note what is missing the second time in a row; return whether anything has changed."""
        before = {topic: (lack.events, lack.buckets) for topic, lack in self.lacks.items()}
        for topic, (events, buckets) in found.missing.items():
            if topic in self.lacks:
                self.lacks[topic].events, self.lacks[topic].buckets = events, buckets
            elif topic in self._suspected:
                log.error("events are missing; their owner is asked", topic=topic, count=events)
                self.lacks[topic] = lack = Lack(events, buckets)
                if (ended := self._ended.pop(topic, None)) is not None:
                    lack.requests, lack.last_request = ended.requests, ended.last_request
        for topic in self.lacks.keys() - found.missing.keys():
            log.info("nothing is missing any more", topic=topic)
            self._ended[topic] = self.lacks.pop(topic)
        for topic in found.at_end - found.missing.keys():
            self._ended.pop(topic, None)
        self._suspected = found.missing.keys() | (self._suspected - found.compared)
        for topic in self._topics:
            MISSING.labels(self._bus.service, topic).set(self.lacks[topic].events if topic in self.lacks else 0)
        return before != {topic: (lack.events, lack.buckets) for topic, lack in self.lacks.items()}

    async def _ask(self) -> bool:
        now = monotonic()
        due = {topic: lack for topic, lack in self.lacks.items() if lack.is_due(now)}
        if not due:
            return False
        moment, service = datetime.now(UTC), self._bus.service
        await write(
            self._bus.settings,
            service,
            [
                Request(id=new_id(), reader=service, topic=topic, buckets=lack.buckets, at=moment)
                for topic, lack in sorted(due.items())
            ],
        )
        for lack in due.values():
            lack.requests, lack.last_request = lack.requests + 1, now
        return True

    async def _write(self) -> None:
        """Show on the page of problems what is missing."""
        async with self._bus.transaction("system:reader") as tx:
            reasons = {topic: _unknown_reason(events) for topic, events in self.unknown.items()}
            reasons |= {topic: lack.reason for topic, lack in self.lacks.items()}
            await set_aside.note(tx.session, WORK, "", reasons)


def _unknown_reason(events: int) -> str:
    count = ngettext(
        "%(num)d event has arrived that its owner does not know.",
        "%(num)d events have arrived that their owner does not know.",
        events,
    ) % {"num": events}
    return f"{count} {gettext('The owner was probably restored from a backup. Inform the operator.')}"


def _by_topic(rows: Iterable[asyncpg.Record]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for topic, bucket, events in rows:
        found.setdefault(topic, {})[bucket] = events
    return found
