"""Find and erase free text, and log who accessed it; the log is only ever added to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.reporting.answers.model.forms import ERASED
from services.reporting.answers.store.answers import Submission
from services.reporting.answers.store.drafts import Draft
from services.reporting.cascades.store import Cascade
from services.reporting.tables import Table
from shared.bus.db.locking import for_update
from shared.ids import new_id

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class AccessLog(Table, table=True):
    """Somebody read, gave out, corrected or erased free text about an application; holds none of the text."""

    __tablename__ = "free_text_log"
    __table_args__ = (sa.Index("free_text_log_application", "application_id", "id"),)

    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    actor: str = Field(description="Sign-in subject, respondent or service")
    action: str = Field(description="read, given, corrected or erased")
    application_id: UUID
    form: str = Field(default="", description="Which form; all of them where it is empty")
    purpose: str = Field(default="", description="Purpose or reason, without any of the words")


async def submissions(session: AsyncSession, application_id: UUID, *, lock: bool = False) -> list[Submission]:
    """Return what was submitted about an application, the oldest first; with `lock` for this transaction alone."""
    query = select(Submission).where(Submission.application_id == application_id)
    query = query.order_by(
        col(Submission.at), col(Submission.case_id), col(Submission.form), col(Submission.respondent)
    )
    return list(await session.scalars(for_update(query) if lock else query))


async def drafts(session: AsyncSession, application_id: UUID) -> list[Draft]:
    """Return the drafts about an application, the oldest first."""
    query = select(Draft).where(Draft.application_id == application_id)
    return list(await session.scalars(query.order_by(col(Draft.at), col(Draft.case_id), col(Draft.form))))


async def erase(session: AsyncSession, application_id: UUID, form: str = "") -> int:
    """Replace all texts about an application (perhaps of one form) by `ERASED`; return how many rows held some.

    Scores stay. Drafts are deleted, since they are text that is not submitted yet.
    """
    found = [row for row in await submissions(session, application_id, lock=True) if form in {"", row.form}]
    found = [row for row in found if set(row.texts.values()) - {ERASED}]
    for row in found:
        row.texts = dict.fromkeys(row.texts, ERASED)
        session.add(row)
    cut = len(found)
    if form in {"", "cascade"}:
        query = select(Cascade).where(Cascade.application_id == application_id, Cascade.about != ERASED)
        query = query.order_by(col(Cascade.id))
        for session_ in await session.scalars(for_update(query)):
            session_.about, session_.explanation = ERASED, ERASED if session_.explanation else ""
            session.add(session_)
            cut += 1
    gone = sa.delete(Draft).where(col(Draft.application_id) == application_id)
    if form:
        gone = gone.where(col(Draft.form) == form)
    dropped = await session.execute(gone.returning(col(Draft.case_id)))
    return cut + len(dropped.all())


def log(
    session: AsyncSession,
    at: datetime,
    reader: str,
    what: str,
    application_id: UUID,
    *,
    form: str = "",
    reason: str = "",
) -> None:
    """Log an access to the free text about an application."""
    session.add(
        AccessLog(
            id=new_id(), at=at, actor=reader, action=what, application_id=application_id, form=form, purpose=reason
        )
    )


async def logged(session: AsyncSession, application_id: UUID) -> list[AccessLog]:
    """Return the log of an application, the newest first; at most a hundred entries."""
    query = select(AccessLog).where(AccessLog.application_id == application_id)
    return list(await session.scalars(query.order_by(col(AccessLog.id).desc()).limit(100)))
