"""Read visits and mentorships, and the calls with their deadlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import col, select

from services.reporting.cases.store import CallRow, CaseRow, of_row
from shared.contracts.calls import Timers

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.cases.model import Case


async def case(session: AsyncSession, case_id: UUID) -> Case | None:
    """Return the visit or mentorship with that id."""
    row = await session.scalar(select(CaseRow).where(CaseRow.id == case_id))
    return of_row(row) if row else None


async def cases(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Case]:
    """Return the visits and mentorships with these ids."""
    rows = await session.scalars(select(CaseRow).where(col(CaseRow.id).in_(ids)).order_by(col(CaseRow.id)))
    return {row.id: of_row(row) for row in rows}


async def cases_of_application(session: AsyncSession, application_id: UUID) -> list[Case]:
    """Return the visits and mentorships of an application, the newest first."""
    query = select(CaseRow).where(CaseRow.application_id == application_id)
    rows = await session.scalars(query.order_by(col(CaseRow.start).desc().nulls_last(), col(CaseRow.id)))
    return [of_row(row) for row in rows]


async def ended_cases(
    session: AsyncSession, limit: int, offset: int = 0, *, country: str | None = None
) -> tuple[list[Case], int]:
    """Return visits and mentorships that are over, those that ended last first, and their number.

    With `country` only those of its officers.
    """
    ended: sa.ColumnElement[bool] = col(CaseRow.ended_on).is_not(None)
    if country:
        ended = sa.and_(ended, col(CaseRow.country) == country)
    total = await session.scalar(sa.select(sa.func.count()).select_from(CaseRow).where(ended)) or 0
    query = select(CaseRow).where(ended).order_by(col(CaseRow.ended_on).desc(), col(CaseRow.id))
    rows = await session.scalars(query.limit(limit).offset(offset))
    return [of_row(row) for row in rows], total


async def timers(session: AsyncSession, call_id: UUID) -> Timers:
    """Return the deadlines of a call; the defaults if the call has not arrived yet."""
    found: Timers | None = await session.scalar(sa.select(col(CallRow.timers)).where(col(CallRow.id) == call_id))
    return found or Timers()


async def timers_of(session: AsyncSession, call_ids: Collection[UUID]) -> dict[UUID, Timers]:
    """Return the deadlines of these calls; the defaults for a call that has not arrived yet."""
    query = sa.select(col(CallRow.id), col(CallRow.timers)).where(col(CallRow.id).in_(sorted(call_ids)))
    found: dict[UUID, Timers] = {row.id: row.timers for row in await session.execute(query.order_by(col(CallRow.id)))}
    return {id_: found.get(id_) or Timers() for id_ in call_ids}


async def calls(session: AsyncSession) -> list[tuple[UUID, str]]:
    """Return the ids of the calls with their references, the newest first; a few dozen in a programme."""
    rows = await session.execute(
        sa.select(col(CallRow.id), col(CallRow.reference)).order_by(col(CallRow.reference).desc(), col(CallRow.id))
    )
    return [(id_, reference) for id_, reference in rows.all()]
