"""Store the sessions that pairs logged."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.mentorships.model.sessions import LoggedSession, SessionState
from services.applications.tables import Table
from shared.contracts.codes import Party

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class PairSession(Table, table=True):
    """A session that one side logged; the other confirms or disputes it. `version` counts its corrections."""

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
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    next_on: date | None = Field(default=None, description="When they agreed to meet next")
    disputed_at: datetime | None = Field(default=None, sa_type=_TIME)
    dispute: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="Why; for the two of them")
    withdrawn_at: datetime | None = Field(default=None, sa_type=_TIME)

    @property
    def state(self) -> SessionState:
        """Its state."""
        if self.withdrawn_at is not None:
            return SessionState.WITHDRAWN
        if self.confirmed_at is not None:
            return SessionState.CONFIRMED
        return SessionState.LOGGED if self.disputed_at is None else SessionState.DISPUTED

    @property
    def as_logged(self) -> LoggedSession:
        """The session as the rules see it."""
        return LoggedSession(self.state, Party(self.party), self.minutes)


async def sessions(session: AsyncSession, mentorship_id: UUID) -> list[PairSession]:
    """Return the sessions, the newest first."""
    query = select(PairSession).where(PairSession.mentorship_id == mentorship_id)
    return list(await session.scalars(query.order_by(col(PairSession.held_on).desc(), col(PairSession.id).desc())))


async def of_mentorships(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, list[PairSession]]:
    """Return, by mentorship, its sessions, the newest first: for lists."""
    query = select(PairSession).where(col(PairSession.mentorship_id).in_(sorted(ids)))
    found: dict[UUID, list[PairSession]] = {mentorship_id: [] for mentorship_id in ids}
    ordered = query.order_by(
        col(PairSession.mentorship_id), col(PairSession.held_on).desc(), col(PairSession.id).desc()
    )
    for logged in await session.scalars(ordered):
        found[logged.mentorship_id].append(logged)
    return found


async def pair_session(session: AsyncSession, session_id: UUID) -> PairSession | None:
    """Return one session; the mentorship's row is the lock."""
    return await session.get(PairSession, session_id)
