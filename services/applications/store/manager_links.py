"""Which links were sent to line managers, and which of them were opened? A link's secret is kept as a digest only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.applications.store.base import Table
from services.applications.store.questions import digest

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class ManagerLink(Table, table=True):
    """A link by which a line manager, who has no account, answers about one officer."""

    __tablename__ = "line_manager_link"

    digest: str = Field(primary_key=True, description="SHA-256 of the link's secret")
    application_id: UUID = Field(index=True)
    about: UUID = Field(description="The visit or mentorship; the application where the newest is meant")
    matter: str = Field(default="follow_up", description="What it leads to, a code of `AnswerForm`")
    recipient: UUID = Field(description="To whom it was sent, by the opaque id: another line manager has another")
    made_at: datetime = Field(sa_type=_TIME)
    opened_at: datetime | None = Field(default=None, sa_type=_TIME, description="Real time of the first button pressed")
    renewed_at: datetime | None = Field(default=None, sa_type=_TIME, description="When a new one was asked for")


def new(secret: str, *, application_id: UUID, about: UUID, matter: str, recipient: UUID, at: datetime) -> ManagerLink:
    """A link with that secret."""
    return ManagerLink(
        digest=digest(secret),
        application_id=application_id,
        about=about,
        matter=matter,
        recipient=recipient,
        made_at=at,
    )


async def link(session: AsyncSession, secret: str, *, lock: bool = False) -> ManagerLink | None:
    """The link with that secret; with `lock` nobody else uses it until the commit."""
    return await session.get(ManagerLink, digest(secret), with_for_update=lock, populate_existing=lock)
