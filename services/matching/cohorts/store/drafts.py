"""The choices that a coordinator has made for the next cohort of a call, before it is committed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import Field, col

from services.matching.cohorts.model import Choice
from services.matching.tables import Table, document, moment
from shared.bus.db.records import Record

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class CohortDraft(Table, table=True):
    """The choices for the next cohort of a call, by application, and who changed them last."""

    __tablename__ = "cohort_draft"

    call_id: UUID = Field(primary_key=True)
    choices: dict[UUID, Choice] = Field(sa_column=document(dict[UUID, Choice]))
    changed_by: str
    changed_at: datetime = Field(sa_column=moment())


DRAFT = Record(CohortDraft, key="call_id", changed=col(CohortDraft.changed_at))
"""The choices of a call as a record: a form rests on the version that its page showed."""


async def draft(session: AsyncSession, call_id: UUID) -> CohortDraft | None:
    """Return the choices for the next cohort of a call; None where there are none."""
    return (await session.scalars(select(CohortDraft).where(col(CohortDraft.call_id) == call_id))).one_or_none()


async def write(session: AsyncSession, row: CohortDraft) -> None:
    """Insert or update the choices of a call, where the version that somebody read is compared."""
    session.add(row)
    await session.flush()


async def remove(session: AsyncSession, call_id: UUID) -> None:
    """Remove the choices of a call."""
    await session.execute(delete(CohortDraft).where(col(CohortDraft.call_id) == call_id))
