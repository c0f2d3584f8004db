"""Store incident reports and their notes. They never leave the portal, and no event mentions them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.oversight.model import Category, IncidentState, Reader
from services.applications.tables import Table
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)
MOST = 500


class Incident(Table, table=True):
    """A report: `country` and `organisation_id` are those of the reporting side."""

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
    since: datetime = Field(index=True, sa_type=_TIME)
    reported_at: datetime = Field(sa_type=_TIME)
    answer: str = Field(default="", description="What the reporter is told at the end")

    @property
    def stands(self) -> IncidentState:
        """Return the state."""
        return IncidentState(self.state)

    @property
    def about(self) -> Category:
        """Return the category."""
        return Category(self.category)

    @property
    def read_by(self) -> list[Reader]:
        """Return who may read it."""
        return [Reader(reader) for reader in self.readers]


class Note(Table, table=True):
    """A handler's note on a report: actions and findings; the reporter does not see it."""

    __tablename__ = "incident_note"
    __table_args__ = (sa.Index("incident_note_of", "incident_id", "id"),)

    id: UUID = Field(primary_key=True)
    incident_id: UUID
    text: str
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def incident(session: AsyncSession, incident_id: UUID, *, lock: bool = False) -> Incident | None:
    """Return one report; with `lock` nobody else changes it until the commit."""
    return await session.get(Incident, incident_id, with_for_update=lock, populate_existing=lock)


async def of_reporter(session: AsyncSession, subject: str) -> list[Incident]:
    """Return a person's own reports, newest first."""
    query = select(Incident).where(Incident.reporter == subject).order_by(col(Incident.id).desc()).limit(MOST)
    return list(await session.scalars(query))


async def same(session: AsyncSession, match_id: UUID, reporter: str, category: str, text: str) -> Incident | None:
    """Return the identical report, so that a second click makes no second one."""
    query = select(Incident).where(Incident.match_id == match_id, Incident.reporter == reporter)
    query = query.where(Incident.category == category, Incident.text == text)
    return await session.scalar(query.order_by(col(Incident.id).desc()).limit(1))


async def read_by(session: AsyncSession, readers: Sequence[sa.ColumnElement[bool]]) -> list[Incident]:
    """Return the reports that meet one of the conditions `readers`, oldest first."""
    query = select(Incident).where(sa.or_(sa.false(), *readers)).order_by(col(Incident.id)).limit(MOST)
    return list(await session.scalars(query))


async def visible_page(
    session: AsyncSession, readers: Sequence[sa.ColumnElement[bool]], subject: str, request: PageRequest
) -> list[Incident]:
    """Return one page of the reports that meet one of the conditions or are a person's own, newest first.

    `since` is when a report came into its state.
    """
    query = select(Incident).where(sa.or_(col(Incident.reporter) == subject, *readers))
    if request.since is not None:
        query = query.where(col(Incident.since) >= request.since)
    return list(await session.scalars(cut(query, [col(Incident.id)], request, newest=True)))


def to(reader: Reader) -> sa.ColumnElement[bool]:
    """Return the condition for reports that this reader was chosen for."""
    return col(Incident.readers).contains([reader.value])


def to_country(countries: Sequence[str], organisation_ids: Sequence[UUID], union: str) -> sa.ColumnElement[bool]:
    """Return the condition for reports to coordinators of these countries, or to officers of these EU agencies."""
    own = sa.or_(
        sa.and_(col(Incident.country).in_(countries), col(Incident.country) != union),
        sa.and_(col(Incident.country) == union, col(Incident.organisation_id).in_(organisation_ids)),
    )
    return sa.and_(to(Reader.COUNTRY), own)


async def notes(session: AsyncSession, incident_id: UUID) -> list[Note]:
    """Return the notes of a report, oldest first."""
    query = select(Note).where(Note.incident_id == incident_id).order_by(col(Note.id))
    return list(await session.scalars(query))
