"""What have mentee and mentor done: signatures, goals, sessions? Own facts, with the texts that stay in the portal."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.store.base import Table
from shared.contracts.codes import Party

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Signature(Table, table=True):
    """One side signed a version of the agreement; `document` is the digest of the text that was signed."""

    __tablename__ = "signature"

    mentorship_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    party: str = Field(primary_key=True)
    document: str
    text: str = Field(description="What was signed, word for word")
    actor: str
    at: datetime = Field(sa_type=_TIME)


class Goal(Table, table=True):
    """A goal of a mentorship: its text stays here, events hold its number."""

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


class Session(Table, table=True):
    """A session that one side logged; the other confirms it."""

    __tablename__ = "session"
    __table_args__ = (sa.Index("session_of_mentorship", "mentorship_id", "held_on"),)

    id: UUID = Field(primary_key=True)
    mentorship_id: UUID
    party: str = Field(description="Who logged it")
    held_on: date
    minutes: int
    on_site: bool = False
    note: str = Field(default="", description="For the two of them; stays here")
    at: datetime = Field(sa_type=_TIME)
    confirmed_at: datetime | None = Field(default=None, sa_type=_TIME)


async def signed(session: AsyncSession, mentorship_id: UUID, version: int) -> set[Party]:
    """Who signed that version of the agreement."""
    query = select(Signature).where(Signature.mentorship_id == mentorship_id, Signature.version == version)
    return {Party(one.party) for one in await session.scalars(query.order_by(col(Signature.party)))}


async def goals(session: AsyncSession, mentorship_id: UUID) -> list[Goal]:
    """The goals by number."""
    query = select(Goal).where(Goal.mentorship_id == mentorship_id).order_by(col(Goal.number))
    return list(await session.scalars(query))


async def sessions(session: AsyncSession, mentorship_id: UUID) -> list[Session]:
    """The sessions, the newest first."""
    query = select(Session).where(Session.mentorship_id == mentorship_id)
    return list(await session.scalars(query.order_by(col(Session.held_on).desc(), col(Session.id).desc())))


async def goal(session: AsyncSession, goal_id: UUID) -> Goal | None:
    """One goal; the mentorship's row is the lock."""
    return await session.get(Goal, goal_id)


async def session_held(session: AsyncSession, session_id: UUID) -> Session | None:
    """One session; the mentorship's row is the lock."""
    return await session.get(Session, session_id)
