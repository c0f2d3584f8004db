"""Store mentorships, a projection of `mentoring.mentorships`."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.tables import Table, write_rows
from shared.bus.db.documents import JsonDocument
from shared.contracts import mentorships as mentorship_events
from shared.contracts.codes import MentorshipState
from shared.contracts.lifecycle.state_sets import moves
from shared.contracts.mentorships import MentorshipEvent, MentorshipPlan

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx

_TIME = sa.DateTime(timezone=True)
_STATES = moves("mentoring.mentorships", MentorshipState)


class Mentorship(Table, table=True):
    """A mentorship in its present state; `due` is the deadline for both to sign."""

    __tablename__ = "mentorship"
    __table_args__ = (
        sa.Index("mentorship_country", "country", "started_on"),
        sa.Index("mentorship_mentor_country", "mentor_country", "started_on"),
        sa.Index("mentorship_since", "since"),
    )

    id: UUID = Field(primary_key=True)
    match_id: UUID = Field(index=True)
    application_id: UUID = Field(index=True)
    mentor_id: UUID = Field(index=True)
    country: str
    mentor_country: str
    mentor_organisation_id: UUID
    state: str
    since: datetime = Field(sa_type=_TIME)
    due: datetime | None = Field(default=None, sa_type=_TIME)
    started_on: date | None = None
    until: date | None = None
    ended_on: date | None = None
    reason: str | None = None
    paused_by: str | None = Field(default=None, description="Who asked for the pause that holds, a Party")
    plan: MentorshipPlan = Field(sa_type=JsonDocument(MentorshipPlan), description="The plan that it belongs to")

    @property
    def stands(self) -> MentorshipState:
        """Its state."""
        return MentorshipState(self.state)


async def evolve(tx: Tx, events: Sequence[Envelope]) -> dict[UUID, datetime]:
    """Apply events of `mentoring.mentorships`; return the applications concerned, with the time of the newest event."""
    found = [event for event in events if isinstance(event.data, MentorshipEvent)]
    ids = sorted({UUID(event.subject) for event in found})
    stored = await tx.session.scalars(
        select(Mentorship).where(col(Mentorship.id).in_(ids)).order_by(col(Mentorship.id))
    )
    rows: dict[UUID, dict[str, Any]] = {}
    for row in stored:
        rows[row.id] = row.model_dump()
    for event in found:
        rows[UUID(event.subject)] = _row_after(rows.get(UUID(event.subject)), event)
    await write_rows(tx.session, [Mentorship(**row) for row in rows.values()])
    touched = {rows[UUID(event.subject)]["application_id"]: event.time for event in found}
    if touched:
        await tx.changed("matches")
    return touched


_EMPTY: dict[str, Any] = {"due": None, "started_on": None, "until": None, "ended_on": None, "reason": None}
_PLAN_FIELDS = ("match_id", "application_id", "mentor_id", "country", "mentor_country", "mentor_organisation_id")


def _row_after(row: dict[str, Any] | None, event: Envelope) -> dict[str, Any]:
    """Return the row of a mentorship after one more event about it."""
    data = event.data
    assert isinstance(data, MentorshipEvent)
    new = _EMPTY | (row or {}) | {"id": UUID(event.subject), "plan": data.plan}
    new |= {name: getattr(data.plan, name) for name in _PLAN_FIELDS}
    new |= {"state": _STATES[event.type].value, "since": event.time, "due": getattr(data, "due", None)}
    new |= {name: getattr(data, name) for name in ("started_on", "until", "ended_on") if hasattr(data, name)}
    new["paused_by"] = data.by.value if isinstance(data, mentorship_events.MentorshipPaused) else None
    reason = getattr(data, "reason", None)
    return new | {"reason": reason.value if reason is not None else None}


async def mentorship(session: AsyncSession, mentorship_id: UUID, *, lock: bool = False) -> Mentorship | None:
    """Return one mentorship; with `lock` nobody else changes it, or records anything about it, until the commit."""
    return await session.get(Mentorship, mentorship_id, with_for_update=lock, populate_existing=lock)


async def of_matches(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, Mentorship]:
    """Return the mentorships of these matches, by match."""
    query = select(Mentorship).where(col(Mentorship.match_id).in_(sorted(match_ids))).order_by(col(Mentorship.id))
    return {row.match_id: row for row in await session.scalars(query)}


async def of_applications(session: AsyncSession, application_ids: Collection[UUID]) -> list[Mentorship]:
    """Return the mentorships of these applications, the oldest first."""
    query = select(Mentorship).where(col(Mentorship.application_id).in_(sorted(application_ids)))
    return list(await session.scalars(query.order_by(col(Mentorship.id))))


async def ids_of(session: AsyncSession, application_id: UUID) -> list[UUID]:
    """Return the ids of an application's mentorships, the oldest first."""
    query = select(Mentorship.id).where(Mentorship.application_id == application_id).order_by(col(Mentorship.id))
    return list(await session.scalars(query))


async def followed(session: AsyncSession, application_id: UUID) -> set[UUID]:
    """Return the mentorships of an application whose results were, are or will be asked for."""
    query = select(Mentorship.id).where(
        Mentorship.application_id == application_id, Mentorship.state != MentorshipState.ENDED_EARLY
    )
    return set(await session.scalars(query.order_by(col(Mentorship.id))))
