"""Which incidents were reported, and what was done about them? Nothing of it leaves the portal, nor is it an event."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.oversight.model import Category, IncidentState, Reader
from services.applications.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)
MOST = 500


class Incident(Table, table=True):
    """A report: `country` and `organisation_id` are those of the side that reported."""

    __tablename__ = "incident"
    __table_args__ = (
        sa.Index("incident_readers", "readers", postgresql_using="gin", postgresql_ops={"readers": "jsonb_path_ops"}),
        sa.Index("incident_reporter", "reporter", "id"),
        sa.Index("incident_match", "match_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    reference: str = Field(unique=True)
    match_id: UUID
    application_id: UUID
    visit_id: UUID | None = None
    mentorship_id: UUID | None = None
    party: str
    reporter: str
    country: str
    organisation_id: UUID
    category: str
    happened_on: date | None = None
    text: str
    readers: list[str] = Field(sa_type=JSONB)
    state: str = IncidentState.REPORTED
    since: datetime = Field(sa_type=_TIME)
    reported_at: datetime = Field(sa_type=_TIME)
    answer: str = Field(default="", description="What the reporter is told at the end")

    @property
    def stands(self) -> IncidentState:
        """Its state."""
        return IncidentState(self.state)

    @property
    def about(self) -> Category:
        """Its category."""
        return Category(self.category)

    @property
    def read_by(self) -> list[Reader]:
        """Who may read it."""
        return [Reader(one) for one in self.readers]


class Note(Table, table=True):
    """What somebody who handles a report did or found; not for the one who reported."""

    __tablename__ = "incident_note"
    __table_args__ = (sa.Index("incident_note_of", "incident_id", "id"),)

    id: UUID = Field(primary_key=True)
    incident_id: UUID
    text: str
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def incident(session: AsyncSession, incident_id: UUID, *, lock: bool = False) -> Incident | None:
    """One report; with `lock` nobody else changes it until the commit."""
    return await session.get(Incident, incident_id, with_for_update=lock, populate_existing=lock)


async def of_reporter(session: AsyncSession, subject: str) -> list[Incident]:
    """What somebody reported, the newest first."""
    query = select(Incident).where(Incident.reporter == subject).order_by(col(Incident.id).desc()).limit(MOST)
    return list(await session.scalars(query))


async def same(session: AsyncSession, match_id: UUID, reporter: str, category: str, text: str) -> Incident | None:
    """The report that says just this already, so that a second click makes no second one."""
    query = select(Incident).where(Incident.match_id == match_id, Incident.reporter == reporter)
    query = query.where(Incident.category == category, Incident.text == text)
    return await session.scalar(query.order_by(col(Incident.id).desc()).limit(1))


async def read_by(session: AsyncSession, readers: Sequence[sa.ColumnElement[bool]]) -> list[Incident]:
    """The reports that meet one of `readers`, the oldest first."""
    query = select(Incident).where(sa.or_(sa.false(), *readers)).order_by(col(Incident.id)).limit(MOST)
    return list(await session.scalars(query))


def to(reader: Reader) -> sa.ColumnElement[bool]:
    """The reports that this reader was chosen for."""
    return col(Incident.readers).contains([reader.value])


def to_country(countries: Sequence[str], organisation_ids: Sequence[UUID], union: str) -> sa.ColumnElement[bool]:
    """Those for the coordinators of these countries, or the clearance officers of these EU agencies."""
    own = sa.or_(
        sa.and_(col(Incident.country).in_(countries), col(Incident.country) != union),
        sa.and_(col(Incident.country) == union, col(Incident.organisation_id).in_(organisation_ids)),
    )
    return sa.and_(to(Reader.COUNTRY), own)


async def notes(session: AsyncSession, incident_id: UUID) -> list[Note]:
    """What was noted, the oldest first."""
    query = select(Note).where(Note.incident_id == incident_id).order_by(col(Note.id))
    return list(await session.scalars(query))
