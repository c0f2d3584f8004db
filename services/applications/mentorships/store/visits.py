"""Store the visits that one of a pair asked for, and the answers of the other."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.mentorships.model.visit import RequestState
from services.applications.tables import Table
from shared.bus.db.documents import JsonDocument
from shared.contracts.base import DatePeriod

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class PairVisit(Table, table=True):
    """A visit under the agreement that one side asked for: who travels, when, for how many working days."""

    __tablename__ = "pair_visit"
    __table_args__ = (sa.Index("pair_visit_of_mentorship", "mentorship_id", "at"),)

    id: UUID = Field(primary_key=True)
    mentorship_id: UUID
    party: str = Field(description="Who asked")
    guest: str
    days: int
    periods: tuple[DatePeriod, ...] = Field(sa_type=JsonDocument(tuple[DatePeriod, ...]))
    note: str = Field(default="", description="For the two of them; stays here")
    actor: str
    at: datetime = Field(sa_type=_TIME)
    state: str = RequestState.ASKED.value
    answered_at: datetime | None = Field(default=None, sa_type=_TIME)
    answer: str = Field(default="", description="Why not; for the two of them, stays here")

    @property
    def stands(self) -> RequestState:
        """Its state."""
        return RequestState(self.state)


async def requests(session: AsyncSession, mentorship_id: UUID) -> list[PairVisit]:
    """Return the requests of a pair, the newest first; the mentorship's row is the lock."""
    query = select(PairVisit).where(PairVisit.mentorship_id == mentorship_id)
    return list(await session.scalars(query.order_by(col(PairVisit.at).desc(), col(PairVisit.id).desc())))


async def open_requests(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, PairVisit]:
    """Return, by mentorship, the request that waits for an answer: for lists."""
    query = select(PairVisit).where(
        col(PairVisit.mentorship_id).in_(sorted(ids)), PairVisit.state == RequestState.ASKED.value
    )
    return {request.mentorship_id: request for request in await session.scalars(query.order_by(col(PairVisit.at)))}
