"""Which calls are being written, by whom were their parts changed last, and which revisions are prepared?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.store.base import Table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)
MOST = 200


class CallDraft(Table, table=True):
    """A call that is being written, or the next revision of a published one; all programme coordinators share it.

    `touched` says of each section by which version of the draft, by whom and when it was changed last: two who write
    different sections do not get in each other's way. A call that is published keeps its draft's id.
    """

    __tablename__ = "call_draft"

    id: UUID = Field(primary_key=True)
    entry_json: dict[str, Any] = Field(sa_type=JSONB, sa_column_kwargs={"name": "entry"})
    version: int = 1
    touched: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    revises: UUID | None = Field(default=None, unique=True, description="The published call that it will revise")
    base: int | None = Field(default=None, description="The revision of that call from which it was taken")
    copied: UUID | None = Field(default=None, description="The call of an earlier year that it was taken from")
    left_out: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB, description="Needs that had ended")
    created_by: str
    created_at: datetime = Field(sa_type=_TIME)
    saved_by: str
    saved_at: datetime = Field(sa_type=_TIME)


async def draft(session: AsyncSession, draft_id: UUID, *, lock: bool = False) -> CallDraft | None:
    """One draft; with `lock` nobody else changes it until the commit."""
    return await session.get(CallDraft, draft_id, with_for_update=lock)


async def drafts(session: AsyncSession) -> list[CallDraft]:
    """All drafts, the one that was written last first."""
    query = select(CallDraft).order_by(col(CallDraft.saved_at).desc(), col(CallDraft.id)).limit(MOST)
    return list((await session.scalars(query)).all())


async def revising(session: AsyncSession, call_id: UUID) -> CallDraft | None:
    """The draft of a call's next revision, if somebody has begun one."""
    return (await session.scalars(select(CallDraft).where(CallDraft.revises == call_id))).first()
