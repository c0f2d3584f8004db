"""The projection of appointments: their days, and who has them in the calendar."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, col

from services.notifications.calendars.model.appointments import (
    Kind,
    appointments_of,
    ended_match,
    replanned_match,
    viewer_keys,
)
from services.notifications.cases.store.cases import CaseRow, with_references
from services.notifications.tables import Table, put
from shared.bus.db.locking import for_update

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.cases.model import Case
    from shared.bus import Envelope

_PLACED = 2_000


class AppointmentRow(Table, table=True):
    """An `Appointment` after its newest event; `seen_by` are its holders' keys, None until the case is known."""

    __tablename__ = "appointment"
    __table_args__ = (
        sa.Index("appointment_seen_by", "seen_by", postgresql_using="gin", postgresql_where=sa.text("NOT over")),
        sa.Index("appointment_case_id", "case_id", "kind"),
        sa.Index("appointment_unplaced", "id", postgresql_where=sa.text("seen_by IS NULL")),
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


async def save_appointments(session: AsyncSession, events: Sequence[Envelope], cases: Mapping[UUID, Case]) -> None:
    """Save the appointments of events.

    The end of a mentorship cancels its next meeting; a planned session replaces it.
    """
    await _cancel_meetings(session, (match for event in events if (match := replanned_match(event)) is not None))
    rows: dict[UUID, AppointmentRow] = {}
    for event in events:
        for appointment in appointments_of(event):
            case = cases.get(appointment.case_id)
            rows[appointment.id] = AppointmentRow(
                id=appointment.id,
                kind=appointment.kind.value,
                case_id=appointment.case_id,
                first_day=min(appointment.days, default=None),
                last_day=max(appointment.days, default=None),
                days=[day.isoformat() for day in appointment.days],
                at=appointment.at,
                over=appointment.over,
                seen_by=None if case is None else viewer_keys(case),
            )
    if rows:
        await put(session, AppointmentRow, rows.values())
    await _cancel_meetings(session, (match for event in events if (match := ended_match(event)) is not None))


async def _cancel_meetings(session: AsyncSession, matches: Iterable[UUID]) -> None:
    """Mark the known meetings of these matches as cancelled."""
    of = sorted(set(matches))
    if of:
        meetings = sa.update(AppointmentRow).where(
            col(AppointmentRow.case_id).in_(of), col(AppointmentRow.kind) == Kind.MEETING.value
        )
        await session.execute(meetings.values(over=True).execution_options(synchronize_session=False))


async def assign_holders(session: AsyncSession) -> None:
    """Set the holders of appointments whose case arrived later."""
    query = sa.select(AppointmentRow, CaseRow).join(CaseRow, col(CaseRow.id) == col(AppointmentRow.case_id))
    query = query.where(sa.text("appointment.seen_by IS NULL")).order_by(col(AppointmentRow.id)).limit(_PLACED)
    for row, case in (await session.execute(for_update(query, of=AppointmentRow))).all():
        row.seen_by = viewer_keys(case.case())
    await session.flush()


async def appointments_for(
    session: AsyncSession, keys: Collection[str], since: date, most: int
) -> list[tuple[AppointmentRow, Case]]:
    """Return the appointments of these holders from `since` on, in order, each with its case and reference."""
    query = sa.select(AppointmentRow, CaseRow).join(CaseRow, col(CaseRow.id) == col(AppointmentRow.case_id))
    query = query.where(
        sa.text("NOT appointment.over"), col(AppointmentRow.seen_by).op("&&")(sa.cast(sorted(keys), ARRAY(sa.Text)))
    )
    query = query.where(col(AppointmentRow.last_day) >= since).order_by(
        col(AppointmentRow.first_day), col(AppointmentRow.id)
    )
    rows = (await session.execute(query.limit(most))).all()
    cases = await with_references(session, {case.id: case.case() for _, case in rows})
    return [(row, cases[case.id]) for row, case in rows if case.id in cases]
