"""Which mentors are there, and where does each profile stand?"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.model.mentor import MentorEntry
from services.applications.store.base import Table
from shared.contracts.codes import MentorState

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Mentor(Table, table=True):
    """A mentor's profile for one call: its id is the mentor's name on the log; whose it is stays here."""

    __tablename__ = "mentor"
    __table_args__ = (
        sa.Index("mentor_one_a_call", "subject", "call_id", unique=True),
        sa.Index("mentor_call_state", "call_id", "state"),
        sa.Index("mentor_asked", "due", postgresql_where=sa.text("state = 'published'")),
        sa.Index("mentor_last_day", "last_day", postgresql_where=sa.text("state IN ('published', 'paused')")),
    )

    id: UUID = Field(primary_key=True)
    subject: str = Field(description="The mentor's sign-in subject")
    reference: str = Field(unique=True)
    call_id: UUID
    organisation_id: UUID
    country: str = Field(index=True)
    state: str = MentorState.DRAFT
    since: datetime = Field(sa_type=_TIME)
    due: datetime | None = Field(
        default=None, sa_type=_TIME, description="Until when the mentor is asked whether there is still time"
    )
    cause: str | None = Field(default=None, description="Why it pauses or is closed, a code")
    last_day: date | None = Field(default=None, description="Of the last period")
    version: int = Field(default=1, description="Counts what was written: the optimistic lock of forms")
    entry_json: dict[str, Any] = Field(sa_type=JSONB, sa_column_kwargs={"name": "entry"})
    created_at: datetime = Field(sa_type=_TIME)
    saved_at: datetime = Field(sa_type=_TIME, description="Last written, moved or confirmed to be available")

    @property
    def entry(self) -> MentorEntry:
        """What the mentor wrote."""
        return MentorEntry.model_validate(self.entry_json)

    @property
    def stands(self) -> MentorState:
        """Its state."""
        return MentorState(self.state)

    @property
    def asked(self) -> bool:
        """Whether the mentor is asked if there is still time."""
        return self.stands is MentorState.PUBLISHED and self.due is not None


async def mentor(session: AsyncSession, mentor_id: UUID, *, lock: bool = False) -> Mentor | None:
    """One profile; with `lock` nobody else changes it until the commit."""
    return await session.get(Mentor, mentor_id, with_for_update=lock, populate_existing=lock)


async def of_subject(session: AsyncSession, subject: str) -> list[Mentor]:
    """A person's own profiles, the newest first."""
    query = select(Mentor).where(Mentor.subject == subject).order_by(col(Mentor.id).desc()).limit(100)
    return list(await session.scalars(query))


async def mentors_by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Mentor]:
    """The profiles with these ids."""
    query = select(Mentor).where(col(Mentor.id).in_(sorted(ids))).order_by(col(Mentor.id))
    return {one.id: one for one in await session.scalars(query)}


async def by_reference(session: AsyncSession, reference: str) -> Mentor | None:
    """The profile with that reference."""
    return (await session.scalars(select(Mentor).where(Mentor.reference == reference))).first()
