"""The projection of appointments: their days, and who has them in the calendar."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, col

from services.notifications.calendars.model.appointments import Kind, appointments_of, ended, planned, sees
from services.notifications.cases.store.cases import CaseRow, referenced
from services.notifications.tables import Table, put

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.cases.model import Case
    from shared.bus import Envelope

_PLACED = 2_000


class DatedRow(Table, table=True):
    """An `Appointment` after its newest event; `seen_by` are its holders' keys, None until the case is known."""

    __tablename__ = "dated"
    __table_args__ = (
        sa.Index("dated_seen_by", "seen_by", postgresql_using="gin", postgresql_where=sa.text("NOT over")),
        sa.Index("dated_case_id", "case_id", "kind"),
        sa.Index("dated_unplaced", "id", postgresql_where=sa.text("seen_by IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    case_id: UUID
    first_day: date | None = None
    last_day: date | None = None
    days: list[str] = Field(sa_type=JSONB)
    at: datetime = Field(sa_type=sa.DateTime(timezone=True), description="Domain time of the newest event about it")
    over: bool
    seen_by: list[str] | None = Field(default=None, sa_type=ARRAY(sa.Text))


async def keep(session: AsyncSession, events: Sequence[Envelope], cases: Mapping[UUID, Case]) -> None:
    """Save the appointments of events.

    The end of a mentorship cancels its next meeting; a planned session replaces it.
    """
    await _over(session, (match for event in events if (match := planned(event)) is not None))
    rows: dict[UUID, dict[str, Any]] = {}
    for event in events:
        for appointment in appointments_of(event):
            case = cases.get(appointment.case_id)
            rows[appointment.id] = {
                "id": appointment.id,
                "kind": appointment.kind.value,
                "case_id": appointment.case_id,
                "first_day": min(appointment.days, default=None),
                "last_day": max(appointment.days, default=None),
                "days": [day.isoformat() for day in appointment.days],
                "at": appointment.at,
                "over": appointment.over,
                "seen_by": None if case is None else sees(case),
            }
    if rows:
        await put(session, DatedRow, rows.values())
    await _over(session, (match for event in events if (match := ended(event)) is not None))


async def _over(session: AsyncSession, matches: Iterable[UUID]) -> None:
    """Mark the known meetings of these matches as cancelled."""
    of = sorted(set(matches))
    if of:
        meetings = sa.update(DatedRow).where(col(DatedRow.case_id).in_(of), col(DatedRow.kind) == Kind.MEETING.value)
        await session.execute(meetings.values(over=True).execution_options(synchronize_session=False))


async def place(session: AsyncSession) -> None:
    """Set the holders of appointments whose case arrived later."""
    query = sa.select(DatedRow, CaseRow).join(CaseRow, col(CaseRow.id) == col(DatedRow.case_id))
    query = query.where(sa.text("dated.seen_by IS NULL")).order_by(col(DatedRow.id)).limit(_PLACED)
    for row, case in (await session.execute(query.with_for_update(of=DatedRow))).all():
        row.seen_by = sees(case.case())
    await session.flush()


async def seen_by(session: AsyncSession, keys: Collection[str], since: date, most: int) -> list[tuple[DatedRow, Case]]:
    """Return the appointments of these holders from `since` on, in order, each with its case and reference."""
    query = sa.select(DatedRow, CaseRow).join(CaseRow, col(CaseRow.id) == col(DatedRow.case_id))
    query = query.where(
        sa.text("NOT dated.over"), col(DatedRow.seen_by).op("&&")(sa.cast(sorted(keys), ARRAY(sa.Text)))
    )
    query = query.where(col(DatedRow.last_day) >= since).order_by(col(DatedRow.first_day), col(DatedRow.id))
    rows = (await session.execute(query.limit(most))).all()
    known = await referenced(session, {case.id: case.case() for _, case in rows})
    return [(row, known[case.id]) for row, case in rows if case.id in known]
