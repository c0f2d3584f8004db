"""Judge a local run in which something went wrong: what it has lost, done twice, or left aside."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

import asyncpg
from aiokafka import TopicPartition

from deploy.cli.lag import Lag
from deploy.cli.system import SERVICES, Failed, consumers_of
from deploy.cli.verify import verify
from shared.bus.log import kafka
from shared.contracts import TOPICS
from shared.settings import plain_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from deploy.cli.system import System

COPIES = 2
"""The most copies of an email, all with the same `Message-ID`."""
_CATCH_UP = 180.0
_SUBMITTED = """
SELECT a.id::text AS id, count(j.id) AS events FROM application a
LEFT JOIN journal j ON j.aggregateid = a.id::text AND j.type = 'ApplicationSubmitted'
WHERE a.call_id = $1::uuid AND a.submitted_at IS NOT NULL GROUP BY a.id ORDER BY a.id
"""
_RECORDED = "SELECT aggregatetype, aggregateid, sequence FROM aggregate WHERE sequence > 0"
_APPLIED = "SELECT topic, subject, sequence FROM applied_sequence"
_LEFT = """
SELECT (SELECT count(*) FROM dead_letter WHERE settled_at IS NULL) AS dead_letters,
       (SELECT count(*) FROM deferred_reaction) AS deferred_reactions,
       (SELECT count(*) FROM set_aside) AS left_out, (SELECT count(*) FROM outbox) AS to_send
"""
_MESSAGES = """
SELECT rule, count(*) AS messages, count(DISTINCT application_id) AS applications FROM message
WHERE application_id::text = ANY($1) GROUP BY rule ORDER BY rule
"""
_NOTIFICATIONS = """
SELECT n.id::text AS id, coalesce(n.mail_id, n.id)::text AS mail, n.recipient, n.state, m.rule, m.about
FROM notification n JOIN message m ON m.id = n.message_id ORDER BY n.id
"""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The counts, in words, and the faults."""

    counted: list[str]
    wrong: list[str]


async def judge(system: System, folder: Path, call_id: str, acknowledged: int) -> Aftermath:
    """Wait until all is applied and sent, then compare owners, readers and the mail server.

    So many officers of the call read that they had submitted.
    """
    counted: list[str] = []
    wrong: list[str] = []
    try:
        async with Lag(system) as lag:
            await lag.settled(timeout=_CATCH_UP)
    except Failed as late:
        wrong.append(str(late))
    async with _databases(system) as databases:
        rows = await databases["applications"].fetch(_SUBMITTED, call_id)
        ids = [row["id"] for row in rows]
        counted.append(f"{acknowledged} submissions acknowledged, {len(ids)} in the portal")
        if acknowledged != len(ids):
            wrong.append(f"{acknowledged} submissions were acknowledged, the portal has {len(ids)}")
        wrong += [f"{row['events']} events that {row['id']} was submitted" for row in rows if row["events"] != 1]
        recorded = await _recorded(databases)
        wrong += await _behind(recorded, databases, counted)
        wrong += await _off_the_log(recorded, system, counted)
        for service, database in databases.items():
            (left,) = map(dict, await database.fetch(_LEFT))
            wrong += [f"{service}: {count} {what.replace('_', ' ')}" for what, count in left.items() if count]
        wrong += await _emails(databases["notifications"], folder / "mail.db", ids, counted)
    return Aftermath(counted, wrong + await verify(system))


@asynccontextmanager
async def _databases(system: System) -> AsyncIterator[dict[str, asyncpg.Connection]]:
    found = {
        service: await asyncpg.connect(plain_address(system[f"TANDEM_DATABASE_OWNER_URL_{service.upper()}"]))
        for service in SERVICES
    }
    try:
        yield found
    finally:
        for database in found.values():
            await database.close()


async def _recorded(databases: dict[str, asyncpg.Connection]) -> dict[str, dict[str, int]]:
    """Return the number of the newest event by topic and subject, as its owner has recorded it."""
    recorded: dict[str, dict[str, int]] = {}
    for database in databases.values():
        for topic, subject, sequence in await database.fetch(_RECORDED):
            recorded.setdefault(topic, {})[subject] = sequence
    return recorded


async def _off_the_log(recorded: dict[str, dict[str, int]], system: System, counted: list[str]) -> list[str]:
    """Return what the log lacks: of a compacted topic the newest state of each key as the last one, else any event."""
    found: dict[tuple[str, str], list[int]] = {}
    places = [TopicPartition(topic, number) for topic in recorded for number in range(TOPICS[topic].partitions)]
    async with kafka.started(kafka.bare_consumer(system.settings())) as consumer:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        while records := await consumer.getmany(timeout_ms=2000):
            for record in (each for some in records.values() for each in some):
                if (number := dict(record.headers).get("ce_sequence", b"")).isdigit():
                    found.setdefault((record.topic, record.key.decode()), []).append(int(number))
    counted.append(f"the log has {sum(map(len, found.values())):,} records of {len(found):,} subjects")
    return [
        f"the log lacks events of {topic} {subject}: it has {found.get((topic, subject), [])} of {newest}"
        for topic, subjects in recorded.items()
        for subject, newest in subjects.items()
        if not _has_all(found.get((topic, subject), []), newest, compacted=TOPICS[topic].compacted)
    ]


def _has_all(numbers: list[int], newest: int, *, compacted: bool) -> bool:
    return numbers[-1:] == [newest] if compacted else set(numbers) == set(range(1, newest + 1))


async def _behind(
    recorded: dict[str, dict[str, int]], databases: dict[str, asyncpg.Connection], counted: list[str]
) -> list[str]:
    """Return the subjects of which a reader has not applied exactly what their owner has recorded."""
    wrong: list[str] = []
    for service in SERVICES:
        applied = {(row["topic"], row["subject"]): row["sequence"] for row in await databases[service].fetch(_APPLIED)}
        read = {
            (topic, subject): number
            for topic in consumers_of(service).readings
            for subject, number in recorded.get(topic, {}).items()
        }
        different = [key for key, number in read.items() if applied.get(key) != number]
        wrong += [
            f"{service}: {key[0]} {key[1]} is at {applied.get(key)}, its owner at {read[key]}" for key in different[:5]
        ]
        counted.append(f"{service} has applied {sum(read.values()):,} events of {len(read):,} subjects")
    return wrong


async def _emails(notifications: asyncpg.Connection, file: Path, ids: list[str], counted: list[str]) -> list[str]:
    """Return the emails that went out too often or never, counted by fact and by copy."""
    wrong: list[str] = []
    for rule, messages, applications in await notifications.fetch(_MESSAGES, ids):
        counted.append(f"{messages} messages {rule} about {applications} of the applications")
        if messages != applications:
            wrong.append(f"{messages} messages {rule} about {applications} applications")
    copies = _copies(file)
    rows = await notifications.fetch(_NOTIFICATIONS)
    sent = [row for row in rows if row["state"] == "sent"]
    about = Counter((row["rule"], row["about"], row["recipient"]) for row in sent)
    wrong += [f"{many} emails to {key[2]} for {key[0]} about {key[1]}" for key, many in about.items() if many > 1]
    wrong += [f"{row['id']} counts as sent, and nobody took it" for row in sent if row["mail"] not in copies]
    wrong += [f"{many} copies of {mail}" for mail, many in copies.items() if many > COPIES]
    known = {row["mail"]: row["state"] for row in rows}
    wrong += [
        f"{mail} was taken, and counts as {known.get(mail, 'unknown')}" for mail in copies if known.get(mail) != "sent"
    ]
    wrong += [f"{row['id']} may have been sent: a person is asked" for row in rows if row["state"] == "unsure"]
    states = ", ".join(f"{many} {state}" for state, many in sorted(Counter(row["state"] for row in rows).items()))
    twice = sum(many > 1 for many in copies.values())
    counted.append(f"{len(copies):,} emails, {twice} of them with a second copy; messages to one person: {states}")
    return wrong


def _copies(file: Path) -> Counter[str]:
    """Return how often the mail server took each email, by the left side of its Message-ID."""
    parser = BytesHeaderParser()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as mails:
        found = [parser.parsebytes(raw)["Message-ID"] for (raw,) in mails.execute("SELECT raw FROM mail")]
    return Counter(str(each).strip("<>").partition("@")[0] for each in found)
