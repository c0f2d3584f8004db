"""Store forms that are being filled in, field by field; no event carries them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, col, select

from services.reporting.cases.store import CaseRow
from services.reporting.tables import Table
from shared.contracts.codes import VisitState

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class Draft(Table, table=True):
    """A form that is being filled in: each field as it was last written."""

    __tablename__ = "answer_draft"

    case_id: UUID = Field(primary_key=True)
    form: str = Field(primary_key=True)
    respondent: str = Field(primary_key=True)
    application_id: UUID = Field(index=True)
    version: int = Field(default=1, description="Grows with each write")
    writer: str = Field(description="The page that wrote last, by the token that it was opened with")
    turn: int = Field(description="Which of that page's writes it was")
    at: datetime = Field(sa_type=sa.DateTime(timezone=True), index=True)
    values: dict[str, str] = Field(sa_type=JSONB, description="Answers and free text: never in an event")


async def hold(session: AsyncSession, case_id: UUID, form: str, respondent: str) -> None:
    """Lock this form until the commit: a late draft must not outlive what was submitted."""
    key = f"answer/{case_id}/{form}/{respondent}"
    await session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


async def draft(session: AsyncSession, case_id: UUID, form: str, respondent: str) -> Draft | None:
    """Return the draft, if there is one."""
    query = select(Draft).where(Draft.case_id == case_id, Draft.form == form, Draft.respondent == respondent)
    return await session.scalar(query.execution_options(populate_existing=True))


async def write(session: AsyncSession, row: Draft) -> None:
    """Put the row's fields over those that were saved; the last write of a field counts.

    A write that arrives after a later one of the same page (a slow network) changes nothing.
    """
    new = insert(Draft).values(**row.model_dump())
    saved, sent = Draft.__table__.c, new.excluded  # type: ignore[attr-defined]  # SQLModel adds it with table=True
    late = sa.and_(saved.writer == sent.writer, saved.turn >= sent.turn)
    merged = {
        "values": saved["values"].op("||")(sent["values"]),
        "version": saved.version + 1,
        "writer": sent.writer,
        "turn": sent.turn,
        "at": sent.at,
    }
    keys = [column.name for column in Draft.__table__.primary_key]  # type: ignore[attr-defined]  # as above
    await session.execute(new.on_conflict_do_update(index_elements=keys, set_=merged, where=~late))


async def drop(session: AsyncSession, case_id: UUID, form: str, respondent: str) -> None:
    """Delete a draft: its form was submitted."""
    where = (Draft.case_id == case_id, Draft.form == form, Draft.respondent == respondent)
    await session.execute(sa.delete(Draft).where(*where))  # type: ignore[arg-type]  # SQLModel's columns look like values


async def forget(session: AsyncSession, before: datetime) -> int:
    """Delete drafts that nobody touched since `before`, and those about a voided visit; return their number."""
    voided = sa.select(col(CaseRow.id)).where(
        col(CaseRow.id) == col(Draft.case_id), col(CaseRow.state) == VisitState.VOIDED
    )
    gone = sa.delete(Draft).where(sa.or_(col(Draft.at) < before, sa.exists(voided)))
    return len((await session.execute(gone.returning(col(Draft.case_id)))).all())


def new(case_id: UUID, form: str, respondent: str, **more: object) -> Draft:
    """Return a row with these values; see `Draft`."""
    return Draft.model_validate({"case_id": case_id, "form": form, "respondent": respondent, **more})
