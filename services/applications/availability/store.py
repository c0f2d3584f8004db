"""Store the links that answer an availability question, and find placements and mentors that a check is due for.

A link's secret is kept as a digest only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.calls.store import Call
from services.applications.mentors.store import Mentor
from services.applications.placements.store import Offer
from services.applications.tables import MOST_IN_A_SWEEP, Table
from shared.bus.db.locking import for_update
from shared.contracts.codes import CallState, MentorState, OfferState
from shared.contracts.lifecycle.state_sets import MENTOR_OPEN, OFFER_OPEN

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class AvailabilityLink(Table, table=True):
    """A link by which one person answers once whether a placement, or their profile, is still available."""

    __tablename__ = "availability_question"

    digest: str = Field(primary_key=True, description="SHA-256 of the link's secret")
    kind: str = Field(description="offer or mentor")
    about: UUID = Field(index=True, description="The offer or the mentor")
    subject: str = Field(description="The sign-in subject of the person to whom it was sent")
    due: datetime = Field(sa_type=_TIME, description="The question's deadline, when the link ends")
    created_at: datetime = Field(sa_type=_TIME)
    used_at: datetime | None = Field(default=None, sa_type=_TIME)
    answer: str | None = None


def secret_digest(secret: str) -> str:
    """Return what is kept of a link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def availability_link(session: AsyncSession, secret: str, *, lock: bool = False) -> AvailabilityLink | None:
    """Return the question that a link answers; with `lock` nobody else uses the link until the commit."""
    return await session.get(AvailabilityLink, secret_digest(secret), with_for_update=lock, populate_existing=lock)


async def forget_older(session: AsyncSession, about: UUID, due: datetime) -> None:
    """Delete the links of earlier questions about the same placement or mentor: they answer nothing any more."""
    await session.execute(
        sa.delete(AvailabilityLink).where(col(AvailabilityLink.about) == about, col(AvailabilityLink.due) < due)
    )


Supply = Offer | Mentor

# The code is the same for both.
_PUBLISHED = OfferState.PUBLISHED.value
_OPEN: dict[type[Supply], tuple[OfferState, ...] | tuple[MentorState, ...]] = {Offer: OFFER_OPEN, Mentor: MENTOR_OPEN}


Which = Callable[[type[Supply]], sa.ColumnElement[bool]]
"""A condition on either table: the rows for which a check is due."""


def due_for_check(call_id: UUID, before: datetime) -> Which:
    """Return those of a call that are published, not asked, and unchanged and unconfirmed since `before`."""
    return lambda table: sa.and_(
        col(table.call_id) == call_id,
        col(table.state) == _PUBLISHED,
        col(table.due).is_(None),
        col(table.saved_at) < before,
    )


def unanswered(at: datetime) -> Which:
    """Return those that are published, were asked, and did not answer in time."""
    return lambda table: sa.and_(col(table.state) == _PUBLISHED, col(table.due) < at)


def ended(today: date) -> Which:
    """Return those that are open though their last period is over."""
    return lambda table: sa.and_(col(table.state).in_(_OPEN[table]), col(table.last_day) < today)


def of_closed_calls() -> Which:
    """Return those that are open though their call is closed."""
    closed = select(Call.id).where(Call.state == CallState.CLOSED)
    return lambda table: sa.and_(col(table.state).in_(_OPEN[table]), col(table.call_id).in_(closed))


async def find(session: AsyncSession, which: Which) -> list[UUID]:
    """Return the ids of the placements and mentors that a check is due for."""
    found: list[UUID] = []
    for table in _OPEN:
        query = sa.select(col(table.id)).where(which(table)).order_by(col(table.id)).limit(MOST_IN_A_SWEEP)
        found += (await session.scalars(query)).all()
    return found


async def lock(session: AsyncSession, which: Which, ids: Collection[UUID]) -> list[Supply]:
    """Return those of the placements and mentors that it is still due for, locked."""
    found: list[Supply] = []
    for table in _OPEN:
        query = select(table).where(which(table), col(table.id).in_(ids)).order_by(col(table.id))
        rows = await session.scalars(for_update(query, skip_locked=True))
        found += (supply for supply in rows if isinstance(supply, Offer | Mentor))
    return found
