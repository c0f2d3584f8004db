"""The records of people about visits and mentorships on which the next step of a case depends."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.matching.tables import Table, keep, moment

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

AGENDA, PREPARED, CERTIFICATE = "agenda", "prepared", "certificate"


class CaseRecord(Table, table=True):
    """A record of a person about a visit or a mentorship (`subject`).

    `kind` is `agenda` (its `version` was agreed to), `prepared`, `certificate`, or a form of reporting as
    `shared.next_steps.received` names it; `party` is who recorded it or was asked.
    """

    __tablename__ = "case_record"

    subject: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    party: str = Field(primary_key=True)
    version: int = 1
    at: datetime = Field(sa_column=moment())


PROJECTIONS = ("case_record",)


async def write(session: AsyncSession, rows: Sequence[CaseRecord]) -> None:
    """Write what was recorded; the last of two about the same counts."""
    await keep(session, rows)


async def take_back(session: AsyncSession, keys: Collection[tuple[UUID, str, str]]) -> None:
    """Delete rows that hold no longer, by (subject, kind, party)."""
    if keys:
        key = sa.tuple_(col(CaseRecord.subject), col(CaseRecord.kind), col(CaseRecord.party))
        await session.execute(sa.delete(CaseRecord).where(key.in_(sorted(keys))))


async def of_subjects(session: AsyncSession, subjects: Collection[UUID]) -> dict[UUID, list[CaseRecord]]:
    """Return what was recorded about these visits or mentorships."""
    query = select(CaseRecord).where(col(CaseRecord.subject).in_(sorted(subjects)))
    found: dict[UUID, list[CaseRecord]] = defaultdict(list)
    for row in await session.scalars(
        query.order_by(col(CaseRecord.subject), col(CaseRecord.kind), col(CaseRecord.party))
    ):
        found[row.subject].append(row)
    return found


async def dated_at(session: AsyncSession, visits: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when each of these visits got its present dates, from the journal."""
    found = await session.execute(
        sa.text(
            "SELECT aggregateid, max(occurred_at) AS at FROM journal WHERE aggregatetype = 'exchange.visits'"
            " AND aggregateid = ANY(:ids) AND type IN ('VisitScheduled', 'VisitMoved') GROUP BY aggregateid"
        ),
        {"ids": sorted(map(str, visits))},
    )
    return {UUID(row.aggregateid): row.at for row in found}
