"""Which events make no sense, are parked, or are of a type that nobody here knows?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003 - in a dataclass that is read at run time

import sqlalchemy as sa
from sqlmodel import col

from services.reporting.model.flaws import Flaw
from services.reporting.store.facts import FlawRow
from shared.bus.transaction import driver

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Flawed:
    """One event with what is wrong with it."""

    id: UUID
    flaw: Flaw
    topic: str
    type: str
    subject: str
    occurred_at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Unknown:
    """A type of event that nobody here knows, and how often it came."""

    topic: str
    type: str
    count: int
    last_seen: datetime


async def flawed(session: AsyncSession, limit: int, offset: int = 0) -> tuple[list[Flawed], int]:
    """Events that cannot be as they say, the newest first; and how many there are."""
    total = await session.scalar(sa.select(sa.func.count()).select_from(FlawRow)) or 0
    query = sa.select(FlawRow).order_by(col(FlawRow.occurred_at).desc(), col(FlawRow.id), col(FlawRow.flaw))
    rows = await session.scalars(query.limit(limit).offset(offset))
    return [_flawed(row) for row in rows], total


# Of each visit the plan that stands is in the table of cases; a day outside of it is no day of the visit. A record of a
# day is replaced by a later one of the same day, so only the newest counts.
_ATTENDED = """
SELECT DISTINCT ON (f.values->>'visit', f.day)
       f.id, f.topic, f.type, f.subject, f.occurred_at, f.day, f.values->>'present'
FROM fact f JOIN "case" c ON c.id = (f.values->>'visit')::uuid
WHERE f.type = 'AttendanceRecorded' AND (f.day < c.start OR f.day > c.end)
ORDER BY f.values->>'visit', f.day, f.sequence DESC
LIMIT $1
"""


async def attended_elsewhere(session: AsyncSession, limit: int) -> list[Flawed]:
    """Records of attendance on a day that is not in the visit, as its plan stands now."""
    rows = await (await driver(session)).fetch(_ATTENDED, limit)
    found = [
        Flawed(id_, Flaw.ATTENDED_ON_ANOTHER_DAY, topic, type_, subject, occurred_at, day)
        for id_, topic, type_, subject, occurred_at, day, present in rows
        if present == "true"
    ]
    return sorted(found, key=lambda each: (each.occurred_at, str(each.id)), reverse=True)


async def unknown(session: AsyncSession) -> list[Unknown]:
    """The types of events that came and that this release does not know."""
    rows = await (await driver(session)).fetch("SELECT topic, type, count, last_seen FROM unknown ORDER BY topic, type")
    return [Unknown(*row) for row in rows]


def _flawed(row: FlawRow) -> Flawed:
    return Flawed(row.id, Flaw(row.flaw), row.topic, row.type, row.subject, row.occurred_at, row.day)
