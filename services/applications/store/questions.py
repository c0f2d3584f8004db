"""Which links answer "still available?", and which of them were used? A link's secret is kept as a digest only."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from services.applications.store.base import Table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Question(Table, table=True):
    """A link by which one person answers once whether a placement, or the own profile, is still available."""

    __tablename__ = "availability_question"

    digest: str = Field(primary_key=True, description="SHA-256 of the link's secret")
    kind: str = Field(description="offer or mentor")
    about: UUID = Field(index=True, description="The offer or the mentor")
    subject: str = Field(description="The sign-in subject of the person to whom it was sent")
    due: datetime = Field(sa_type=_TIME, description="The question's deadline, when the link ends")
    made_at: datetime = Field(sa_type=_TIME)
    used_at: datetime | None = Field(default=None, sa_type=_TIME)
    answer: str | None = None


def digest(secret: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def question(session: AsyncSession, secret: str, *, lock: bool = False) -> Question | None:
    """The question that a link answers; with `lock` nobody else uses the link until the commit."""
    return await session.get(Question, digest(secret), with_for_update=lock, populate_existing=lock)


async def forget_older(session: AsyncSession, about: UUID, due: datetime) -> None:
    """Forget the links of earlier questions about the same offer or mentor: they answer nothing any more."""
    await session.execute(sa.delete(Question).where(col(Question.about) == about, col(Question.due) < due))
