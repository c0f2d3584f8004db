"""Store mentors' profiles, and list them for a reader by state, call, country and reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.mentors.model import MentorEntry
from services.applications.tables import Table, one_page
from shared.contracts.codes import UNION, MentorState
from shared.contracts.lifecycle.state_sets import MENTOR_NOT_OPEN, in_sql
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.visibility import Visibility
    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)


class Mentor(Table, table=True):
    """A mentor's profile for one call: its id is the mentor's name on the log; the person's identity stays here."""

    __tablename__ = "mentor"
    __table_args__ = (
        sa.Index("mentor_one_a_call", "subject", "call_id", unique=True),
        sa.Index("mentor_call_state", "call_id", "state", "reference"),
        sa.Index("mentor_saved_at", "saved_at"),
        sa.Index("mentor_asked", "due", postgresql_where=sa.text("state = 'published'")),
        sa.Index("mentor_last_day", "last_day", postgresql_where=sa.text(f"state NOT IN ({in_sql(MENTOR_NOT_OPEN)})")),
    )

    id: UUID = Field(primary_key=True)
    subject: str = Field(description="The mentor's sign-in subject")
    reference: str = Field(unique=True)
    call_id: UUID
    organisation_id: UUID
    country: str = Field(index=True)
    state: str = MentorState.DRAFT
    since: datetime = Field(sa_type=_TIME)
    due: datetime | None = Field(
        default=None, sa_type=_TIME, description="Until when the mentor is asked whether there is still time"
    )
    cause: str | None = Field(default=None, description="Why it pauses or is closed, a code")
    last_day: date | None = Field(default=None, description="Of the last period")
    entry_json: dict[str, JsonValue] = Field(sa_type=JSONB, sa_column_kwargs={"name": "entry"})
    created_at: datetime = Field(sa_type=_TIME)
    saved_at: datetime = Field(sa_type=_TIME, description="Last written, moved or confirmed to be available")

    @property
    def entry(self) -> MentorEntry:
        """The entry of the mentor; what newer rules do not accept is open."""
        return MentorEntry.from_stored(self.entry_json)

    @property
    def stands(self) -> MentorState:
        """Its state."""
        return MentorState(self.state)

    @property
    def awaits_answer(self) -> bool:
        """Return whether the mentor is asked if there is still time."""
        return self.stands is MentorState.PUBLISHED and self.due is not None


async def mentor(session: AsyncSession, mentor_id: UUID, *, lock: bool = False) -> Mentor | None:
    """Return one profile; with `lock` nobody else changes it until the commit."""
    return await session.get(Mentor, mentor_id, with_for_update=lock, populate_existing=lock)


async def of_subject(session: AsyncSession, subject: str) -> list[Mentor]:
    """Return a person's profiles, the newest first."""
    query = select(Mentor).where(Mentor.subject == subject).order_by(col(Mentor.id).desc()).limit(100)
    return list(await session.scalars(query))


async def mentors_by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Mentor]:
    """Return the profiles with these ids."""
    query = select(Mentor).where(col(Mentor.id).in_(sorted(ids))).order_by(col(Mentor.id))
    return {row.id: row for row in await session.scalars(query)}


async def by_reference(session: AsyncSession, reference: str) -> Mentor | None:
    """Return the profile with that reference."""
    return (await session.scalars(select(Mentor).where(Mentor.reference == reference))).first()


ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list; None is no filter. `state` may be `ASKED`: profiles whose answer is awaited."""

    state: str | None = None
    call_id: UUID | None = None
    country: str | None = None
    reference: str | None = None


def _where(visibility: Visibility, filters: Filters, *, state: bool = True) -> list[sa.ColumnElement[bool]]:
    conditions = [col(Mentor.state) != MentorState.DRAFT]
    if visibility.countries is not None:
        agency = sa.and_(col(Mentor.country) == UNION, col(Mentor.organisation_id).in_(visibility.agencies))
        conditions.append(sa.or_(col(Mentor.country).in_(visibility.countries), agency))
    if state and filters.state == ASKED:
        conditions.append(_awaits_answer())
    elif state and filters.state:
        conditions.append(col(Mentor.state) == filters.state)
    if filters.call_id:
        conditions.append(col(Mentor.call_id) == filters.call_id)
    if filters.country:
        conditions.append(col(Mentor.country) == filters.country)
    if filters.reference:
        conditions.append(col(Mentor.reference) == filters.reference.upper())
    return conditions


def _awaits_answer() -> sa.ColumnElement[bool]:
    return sa.and_(col(Mentor.state) == MentorState.PUBLISHED, col(Mentor.due).is_not(None))


async def list_page(
    session: AsyncSession, visibility: Visibility, filters: Filters, page: int = 1
) -> tuple[list[Mentor], int]:
    """Return one page of the visible published profiles, those that are asked first, and how many there are."""
    conditions = _where(visibility, filters)
    total = (await session.execute(sa.select(sa.func.count()).select_from(Mentor).where(*conditions))).scalar_one()
    query = select(Mentor).where(*conditions).order_by(col(Mentor.due).nulls_last(), col(Mentor.id).desc())
    return list(await session.scalars(one_page(query, page))), int(total)


async def newest(session: AsyncSession, visibility: Visibility, filters: Filters, request: PageRequest) -> list[Mentor]:
    """Return the visible published profiles of one page and one more, the newest first."""
    query = select(Mentor).where(*_where(visibility, filters))
    if request.since is not None:
        query = query.where(col(Mentor.saved_at) >= request.since)
    return list(await session.scalars(cut(query, [col(Mentor.id)], request, newest=True)))


async def counts(session: AsyncSession, visibility: Visibility, filters: Filters) -> dict[str, int]:
    """Return how many visible profiles are in each state, and how many are asked whether there is time."""
    query = sa.select(col(Mentor.state), sa.func.count(), sa.func.count().filter(_awaits_answer()))
    query = (
        query.where(*_where(visibility, filters, state=False)).group_by(col(Mentor.state)).order_by(col(Mentor.state))
    )
    rows = (await session.execute(query)).all()
    return {str(state): int(count) for state, count, _ in rows} | {ASKED: sum(row[2] for row in rows)}
