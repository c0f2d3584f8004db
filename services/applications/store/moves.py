"""Who asked for other dates of a visit, and who accepted or refused them? Own facts; the texts stay here."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.store.base import Table
from shared.contracts.codes import Answer, Party

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.store.visits import Visit

_TIME = sa.DateTime(timezone=True)


class MoveRequest(Table, table=True):
    """A request for other dates: `asked_in` and `after_move` say where the visit stood when it was asked."""

    __tablename__ = "move_request"
    __table_args__ = (sa.Index("move_request_visit", "visit_id", "id"),)

    id: UUID = Field(primary_key=True)
    visit_id: UUID
    party: str
    periods: list[dict[str, Any]] = Field(sa_type=JSONB)
    reason: str = Field(description="A StatedReason")
    text: str = ""
    asked_in: str
    after_move: int
    actor: str
    at: datetime = Field(sa_type=_TIME)

    def waits(self, visit: Visit) -> bool:
        """Whether matching has not answered it yet."""
        return (self.asked_in, self.after_move) == (visit.state, visit.moves) and visit.proposal is None


class MoveAnswer(Table, table=True):
    """The answer of one side to a proposal."""

    __tablename__ = "move_answer"

    visit_id: UUID = Field(primary_key=True)
    move: int = Field(primary_key=True)
    party: str = Field(primary_key=True)
    answer: str
    reason: str | None = Field(default=None, description="A StatedReason")
    text: str = ""
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def last_request(session: AsyncSession, visit_id: UUID) -> MoveRequest | None:
    """The newest request about a visit."""
    query = select(MoveRequest).where(MoveRequest.visit_id == visit_id).order_by(col(MoveRequest.id).desc()).limit(1)
    return await session.scalar(query)


async def answers(session: AsyncSession, visit_id: UUID, move: int) -> dict[Party, Answer]:
    """By party, what was answered to a proposal."""
    query = select(MoveAnswer).where(MoveAnswer.visit_id == visit_id, MoveAnswer.move == move)
    found = await session.scalars(query.order_by(col(MoveAnswer.party)))
    return {Party(one.party): Answer(one.answer) for one in found}


async def answered(session: AsyncSession, visits: Collection[tuple[UUID, int]]) -> set[tuple[UUID, Party]]:
    """Who has answered the newest proposal of these visits (visit, its number)."""
    if not visits:
        return set()
    query = select(MoveAnswer).where(sa.tuple_(col(MoveAnswer.visit_id), col(MoveAnswer.move)).in_(sorted(visits)))
    found = await session.scalars(query.order_by(col(MoveAnswer.visit_id), col(MoveAnswer.party)))
    return {(one.visit_id, Party(one.party)) for one in found}
