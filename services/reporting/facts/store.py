"""Store the facts, from which all figures are computed and every journey is shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import (
    date,
    datetime,
)
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.reporting.facts.model.facts import USED, Fact, content_of
from services.reporting.facts.model.flaws import Flaw
from services.reporting.tables import Table, write_rows
from shared.bus.db.transaction import driver
from shared.contracts import TOPICS, applications
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.facts.model.facts import Frozen
    from shared.bus import Envelope, Tx
    from shared.web.paging import PageRequest


class FactRow(Table, table=True):
    """One event: its subject, when it happened, the application it belongs to, and the values that figures use."""

    __tablename__ = "fact"
    __table_args__ = (
        sa.Index("fact_type", "type", "day"),
        sa.Index("fact_story", "story", "occurred_at"),
    )

    id: UUID = Field(primary_key=True)
    topic: str
    type: str
    subject: str
    sequence: int = Field(sa_type=sa.BigInteger)
    source: str = Field(description="The service that owns the event")
    occurred_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    day: date = Field(description="Business date")
    story: str = Field(description="Correlation: mostly the application")
    values: dict[str, Any] = Field(sa_type=sa.JSON, description="Read whole: as text it is written in half the time")


class FactCount(Table, table=True):
    """The number of facts of a type, and of their changes: shows which figures may have moved since."""

    __tablename__ = "fact_count"

    type: str = Field(primary_key=True)
    shard: int = Field(primary_key=True, sa_type=sa.SmallInteger, description="So that writers do not wait in line")
    facts: int = Field(sa_type=sa.BigInteger)
    changes: int = Field(sa_type=sa.BigInteger)


class FlawRow(Table, table=True):
    """Something that is wrong with an event that the contract allows."""

    __tablename__ = "flaw"
    __table_args__ = (sa.Index("flaw_subject", "subject"),)

    id: UUID = Field(primary_key=True)
    flaw: str = Field(primary_key=True)
    topic: str
    type: str
    subject: str
    occurred_at: datetime = Field(index=True, sa_type=sa.DateTime(timezone=True))
    day: date


class Application(Table, table=True):
    """An application by its reference, for the journey's page and for forms."""

    __tablename__ = "application"

    id: UUID = Field(primary_key=True)
    reference: str = Field(index=True)
    kind: str
    country: str
    objectives: int = 0


@dataclass(frozen=True, slots=True)
class NewApplication:
    """A row of `Application` to be written."""

    id: UUID
    reference: str
    kind: str
    country: str
    objectives: int


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a journey."""

    id: UUID
    type: str
    topic: str
    source: str
    subject: str
    occurred_at: datetime
    day: date


_INSERT = """
INSERT INTO fact (id, topic, type, subject, sequence, source, occurred_at, day, story, "values")
SELECT id, topic, type, subject, sequence, source, occurred_at, day, story, told::json
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::timestamptz[], $8::date[],
            $9::text[], $10::text[])
     AS new(id, topic, type, subject, sequence, source, occurred_at, day, story, told)
ON CONFLICT DO NOTHING
"""
# About one row for each type and connection, so that two instances that read at once do not wait for each other.
_COUNT = """
INSERT INTO fact_count AS c (type, shard, facts, changes)
SELECT type, pg_backend_pid() % 64, facts, 1 FROM unnest($1::text[], $2::bigint[]) AS new(type, facts)
ON CONFLICT (type, shard) DO UPDATE SET facts = c.facts + excluded.facts, changes = c.changes + 1
"""


_COLUMNS = ("id", "topic", "type", "subject", "sequence", "source", "occurred_at", "day", "story", "values")
_OWNERS = {name: topic.owner for name, topic in TOPICS.items()}
COPIED = 100
"""From so many facts on they are copied in, with half the work; one that exists already would refuse all of them."""


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """Save the facts of events; the `evolve` of every topic of which facts are kept.

    A fact that exists already is left as it is. The reader drops what it applied, so this happens in a copied batch
    only: the reader then applies the batch again event by event.
    """
    if not events:
        return
    rows, flawed = [], []
    for event in events:
        day, values, flaws = content_of(event.data, event.time)
        if flaws:
            flawed += [flaw_row(event, day, flaw) for flaw in flaws]
        rows.append(
            (
                event.id,
                event.topic,
                event.type,
                event.subject,
                event.sequence,
                _OWNERS[event.topic],
                event.time,
                day,
                event.correlationid,
                values.decode(),
            )
        )
    connection = await driver(tx.session)
    if len(rows) >= COPIED:
        await connection.copy_records_to_table("fact", records=rows, columns=_COLUMNS)
    else:
        await connection.execute(_INSERT, *(list(column) for column in zip(*rows, strict=True)))
    if flawed:
        await write_rows(tx.session, FlawRow, flawed, replace=False)
    counted = sorted(Counter(event.type for event in events).items())
    await connection.execute(_COUNT, [type_ for type_, _ in counted], [count for _, count in counted])
    await tx.changed("figures")


def fact_of(event: Envelope) -> Fact:
    """Return the fact of an event; types that no indicator uses have no values and serve an application's journey."""
    content = content_of(event.data, event.time)
    return Fact(
        id=event.id,
        type=event.type,
        subject=event.subject,
        sequence=event.sequence,
        occurred_at=event.time,
        day=content.day,
        topic=event.topic,
        story=event.correlationid,
        values=orjson.loads(content.values),
    )


def flaw_row(event: Envelope, day: date, flaw: Flaw) -> FlawRow:
    """Return the row that says what is wrong with an event."""
    return FlawRow(
        id=event.id,
        flaw=flaw.value,
        topic=event.topic,
        type=event.type,
        subject=event.subject,
        occurred_at=event.time,
        day=day,
    )


async def evolve_applications(tx: Tx, events: Sequence[Envelope]) -> None:
    """Save facts, and what is known of each application; the `evolve` of exchange.applications."""
    await evolve(tx, events)
    rows: dict[str, NewApplication] = {}
    for event in events:
        match event.data:
            case (
                applications.ApplicationSubmitted(profile=profile)
                | applications.ApplicationResubmitted(profile=profile)
                | applications.ApplicationChanged(profile=profile)
            ):
                rows[event.subject] = NewApplication(
                    id=UUID(event.subject),
                    reference=profile.reference,
                    kind=profile.kind.value,
                    country=profile.country,
                    objectives=profile.objectives,
                )
            case _:
                continue
    await write_rows(tx.session, Application, rows.values())


_USED = """
SELECT id, type, subject, sequence, occurred_at, day, topic, story, "values"::text FROM fact WHERE type = ANY($1)
ORDER BY type, day
"""
# Late facts about frozen periods, of any type that figures use.
_LATE = """
SELECT f.id, f.type, f.subject, f.sequence, f.occurred_at, f.day, f.topic, f.story, f."values"::text
FROM unnest($1::date[], $2::date[], $3::timestamptz[]) AS frozen(first, last, at)
JOIN fact f ON f.day BETWEEN frozen.first AND frozen.last AND f.occurred_at > frozen.at AND f.type = ANY($4)
ORDER BY f.type, f.day, f.id
"""


async def used(session: AsyncSession, types: Collection[str] = USED) -> list[Fact]:
    """Return all facts of these types."""
    connection = await driver(session)
    return [_fact(row) for row in await connection.fetch(_USED, sorted(types))]


async def late(session: AsyncSession, frozen: Sequence[Frozen]) -> list[Fact]:
    """Return the facts whose business date lies in a frozen period and that happened after it was frozen."""
    if not frozen:
        return []
    columns = [each.start for each in frozen], [each.end for each in frozen], [each.at for each in frozen]
    connection = await driver(session)
    return [_fact(row) for row in await connection.fetch(_LATE, *columns, sorted(USED))]


def _fact(row: Any) -> Fact:
    id_, type_, subject, sequence, occurred_at, day, topic, story, values = row
    return Fact(id_, type_, subject, sequence, occurred_at, day, topic, story, orjson.loads(values))


async def changes(session: AsyncSession) -> dict[str, tuple[int, int]]:
    """Return for each type of event how many facts there are, and how often some arrived."""
    query = sa.select(col(FactCount.type), sa.func.sum(FactCount.facts), sa.func.sum(FactCount.changes))
    rows = await session.execute(query.group_by(col(FactCount.type)).order_by(col(FactCount.type)))
    return {type_: (int(facts), int(changed)) for type_, facts, changed in rows.all()}


_SPAN = """
SELECT min(ends.first), max(ends.last) FROM unnest($1::text[]) AS used(type),
LATERAL (SELECT (SELECT day FROM fact WHERE type = used.type ORDER BY day LIMIT 1) AS first,
                (SELECT day FROM fact WHERE type = used.type ORDER BY day DESC LIMIT 1) AS last) AS ends
"""


async def span(session: AsyncSession) -> tuple[date, date] | None:
    """Return the first and the last business date of all facts that figures use; None if there is none."""
    connection = await driver(session)
    ((first, last),) = await connection.fetch(_SPAN, sorted(USED))
    return None if first is None else (first, last)


async def steps(session: AsyncSession, *, story: str | None = None, ids: Collection[UUID] = ()) -> list[Step]:
    """Return the events of one application's story, or those with these ids, oldest first."""
    query = sa.select(
        col(FactRow.id),
        col(FactRow.type),
        col(FactRow.topic),
        col(FactRow.source),
        col(FactRow.subject),
        col(FactRow.occurred_at),
        col(FactRow.day),
    )
    query = query.where(col(FactRow.story) == story) if story else query.where(col(FactRow.id).in_(sorted(ids)))
    rows = await session.execute(
        query.order_by(col(FactRow.occurred_at), col(FactRow.topic), col(FactRow.sequence), col(FactRow.id))
    )
    return [Step(*row) for row in rows.all()]


async def application(session: AsyncSession, key: str) -> Application | None:
    """Return the application with that id or reference."""
    try:
        query = select(Application).where(Application.id == UUID(key))
    except ValueError:
        query = select(Application).where(Application.reference == key.upper())
    return (await session.execute(query)).scalars().first()


async def references(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the references of these applications, by id."""
    query = select(Application).where(col(Application.id).in_(sorted(ids))).order_by(col(Application.id))
    return {row.id: row.reference for row in await session.scalars(query)}


@dataclass(frozen=True, slots=True)
class Flawed:
    """One event and what is wrong with it."""

    id: UUID
    flaw: Flaw
    topic: str
    type: str
    subject: str
    occurred_at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Unknown:
    """A type of event that this release does not know, and how often it arrived."""

    topic: str
    type: str
    count: int
    last_seen: datetime


async def flawed(session: AsyncSession, limit: int, offset: int = 0) -> tuple[list[Flawed], int]:
    """Return events that cannot be right, the newest first, and their number."""
    total = await session.scalar(sa.select(sa.func.count()).select_from(FlawRow)) or 0
    query = sa.select(FlawRow).order_by(col(FlawRow.occurred_at).desc(), col(FlawRow.id), col(FlawRow.flaw))
    rows = await session.scalars(query.limit(limit).offset(offset))
    return [_flawed(row) for row in rows], total


async def flawed_page(session: AsyncSession, request: PageRequest) -> tuple[list[Flawed], int]:
    """Return one page of the events that cannot be right, the newest first, and the number of all."""
    total = await session.scalar(sa.select(sa.func.count()).select_from(FlawRow)) or 0
    query = sa.select(FlawRow)
    if request.since is not None:
        query = query.where(col(FlawRow.occurred_at) >= request.since)
    keys = (col(FlawRow.occurred_at), col(FlawRow.id), col(FlawRow.flaw))
    rows = await session.scalars(cut(query, keys, request, newest=True))
    return [_flawed(row) for row in rows], total


# The present plan of each visit is in the table of cases. A later record of the same day replaces an earlier one, so
# only the newest counts.
_ATTENDED = """
SELECT DISTINCT ON (f.values->>'visit', f.day)
       f.id, f.topic, f.type, f.subject, f.occurred_at, f.day, f.values->>'present'
FROM fact f JOIN "case" c ON c.id = (f.values->>'visit')::uuid
WHERE f.type = 'AttendanceRecorded' AND (f.day < c.start OR f.day > c.end)
ORDER BY f.values->>'visit', f.day, f.sequence DESC
LIMIT $1
"""


async def attended_elsewhere(session: AsyncSession, limit: int) -> list[Flawed]:
    """Return records of attendance on a day that is not in the visit, as its plan is now."""
    rows = await (await driver(session)).fetch(_ATTENDED, limit)
    found = [
        Flawed(id_, Flaw.ATTENDED_ON_ANOTHER_DAY, topic, type_, subject, occurred_at, day)
        for id_, topic, type_, subject, occurred_at, day, present in rows
        if present == "true"
    ]
    return sorted(found, key=lambda each: (each.occurred_at, str(each.id)), reverse=True)


async def unknown(session: AsyncSession) -> list[Unknown]:
    """Return the types of events that arrived and that this release does not know."""
    rows = await (await driver(session)).fetch(
        "SELECT topic, type, count, last_seen FROM unknown_type ORDER BY topic, type"
    )
    return [Unknown(*row) for row in rows]


def _flawed(row: FlawRow) -> Flawed:
    return Flawed(row.id, Flaw(row.flaw), row.topic, row.type, row.subject, row.occurred_at, row.day)
