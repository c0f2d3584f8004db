"""Store cascade sessions, with the line manager's answer to each."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select

from services.reporting.cascades.model import CascadeState
from services.reporting.tables import Table
from shared.bus.db.locking import for_update

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Cascade(Table, table=True):
    """A session at home: what the officer reported, and the line manager's answer."""

    __tablename__ = "cascade"
    __table_args__ = (
        sa.Index(
            "cascade_waiting", "reported_at", postgresql_where=sa.text("state = 'reported' AND reminded_at IS NULL")
        ),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(index=True)
    application_id: UUID = Field(index=True)
    held_on: date
    format: str
    attendees: int = Field(description="As the officer reported")
    about: str = Field(description="Free text: never in an event")
    reported_at: datetime = Field(sa_type=_TIME)
    state: str = CascadeState.REPORTED
    confirmed: int | None = Field(default=None, description="How many it reached, by the line manager's word")
    explanation: str = Field(default="", description="Why it was fewer; free text: never in an event")
    reason: str | None = Field(default=None, description="Why it was not confirmed, a code")
    settled_at: datetime | None = Field(default=None, sa_type=_TIME)
    reminded_at: datetime | None = Field(default=None, sa_type=_TIME)


async def add(session: AsyncSession, row: Cascade) -> bool:
    """Save a session; return False if the same one (by its id) exists."""
    new = insert(Cascade).values(**row.model_dump()).on_conflict_do_nothing()
    return (await session.execute(new.returning(col(Cascade.id)))).first() is not None


async def of_case(session: AsyncSession, case_id: UUID) -> list[Cascade]:
    """Return the sessions about a visit or a mentorship, the newest first."""
    query = select(Cascade).where(Cascade.case_id == case_id)
    return list(await session.scalars(query.order_by(col(Cascade.held_on).desc(), col(Cascade.id).desc())))


async def of_application(session: AsyncSession, application_id: UUID) -> list[Cascade]:
    """Return all sessions of an officer's application, the oldest first."""
    query = select(Cascade).where(Cascade.application_id == application_id)
    return list(await session.scalars(query.order_by(col(Cascade.held_on), col(Cascade.id))))


async def cascade(session: AsyncSession, case_id: UUID, cascade_id: UUID) -> Cascade | None:
    """Return one session of a visit or mentorship, locked for this transaction."""
    query = select(Cascade).where(Cascade.id == cascade_id, Cascade.case_id == case_id)
    return await session.scalar(for_update(query))


def _unanswered(before: datetime) -> sa.ColumnElement[bool]:
    """Return the sessions reported before that moment, unanswered and without a reminder."""
    return sa.and_(
        col(Cascade.state) == CascadeState.REPORTED,
        col(Cascade.reminded_at).is_(None),
        col(Cascade.reported_at) < before,
    )


async def by_id(session: AsyncSession, cascade_id: UUID) -> Cascade | None:
    """Return one session of any visit or mentorship."""
    return await session.get(Cascade, cascade_id)


async def to_remind(session: AsyncSession, before: datetime, limit: int) -> list[UUID]:
    """Return the visits and mentorships with sessions to remind of, the oldest session first."""
    first = sa.func.min(col(Cascade.reported_at))
    query = select(Cascade.case_id).where(_unanswered(before)).group_by(col(Cascade.case_id))
    return list(await session.scalars(query.order_by(first, col(Cascade.case_id)).limit(limit)))


async def lock_to_remind(session: AsyncSession, before: datetime, case_ids: Collection[UUID]) -> list[Cascade]:
    """Return the sessions to remind of of these visits and mentorships, locked."""
    query = select(Cascade).where(_unanswered(before), col(Cascade.case_id).in_(case_ids)).order_by(col(Cascade.id))
    return list(await session.scalars(for_update(query, skip_locked=True)))
