"""Store the goals of pairs and the notes about them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.tables import Table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Goal(Table, table=True):
    """A goal of a mentorship: its text stays here, events hold its number; `follows` is the goal that it resumes."""

    __tablename__ = "goal"
    __table_args__ = (sa.Index("goal_number", "mentorship_id", "number", unique=True),)

    id: UUID = Field(primary_key=True)
    mentorship_id: UUID
    number: int
    text: str
    target: date | None = None
    party: str
    at: datetime = Field(sa_type=_TIME)
    met: bool | None = Field(default=None, description="Empty while it is open")
    closed_at: datetime | None = Field(default=None, sa_type=_TIME)
    closed_by: str | None = None
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="Why it was given up")
    follows: UUID | None = None

    @property
    def state(self) -> str:
        """The state that pages show."""
        return {None: "open", True: "met", False: "given_up"}[self.met]


class GoalNote(Table, table=True):
    """A note of one side about a goal, with the progress in percent where that was given."""

    __tablename__ = "goal_note"
    __table_args__ = (sa.Index("goal_note_of_mentorship", "mentorship_id", "goal_id", "at"),)

    id: UUID = Field(primary_key=True)
    mentorship_id: UUID
    goal_id: UUID
    party: str
    percent: int | None = None
    text: str
    at: datetime = Field(sa_type=_TIME)


async def goals(session: AsyncSession, mentorship_id: UUID) -> list[Goal]:
    """Return the goals by number."""
    query = select(Goal).where(Goal.mentorship_id == mentorship_id).order_by(col(Goal.number))
    return list(await session.scalars(query))


async def goal(session: AsyncSession, goal_id: UUID) -> Goal | None:
    """Return one goal; the mentorship's row is the lock."""
    return await session.get(Goal, goal_id)


async def notes(session: AsyncSession, mentorship_id: UUID) -> list[GoalNote]:
    """Return the notes about all goals of a mentorship, the oldest first."""
    query = select(GoalNote).where(GoalNote.mentorship_id == mentorship_id)
    return list(await session.scalars(query.order_by(col(GoalNote.at), col(GoalNote.id))))
