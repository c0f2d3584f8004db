"""The facts that matching knows from the portal: calls, applications, offers, mentors and the register.

All tables are projections, so a rebuild empties them and reads them again. Ids across topics are no foreign keys, since
topics arrive in any order; rows are joined when they are read.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Index, bindparam, select, text
from sqlmodel import Field, col

from services.matching.tables import Table, document, moment
from shared.bus.db.locking import for_update
from shared.contracts.applications import ApplicationProfile
from shared.contracts.calls import CallTerms
from shared.contracts.lifecycle.state_sets import SEAT_OPEN
from shared.contracts.mentors import MentorProfile
from shared.contracts.offers import CandidateChoices, OfferTerms

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.ext.asyncio import AsyncSession


class Call(Table, table=True):
    """A call as it was last published or revised."""

    id: UUID = Field(primary_key=True)
    reference: str
    title: str
    state: str
    terms: dict[str, JsonValue] = Field(sa_column=document())
    changed_at: datetime = Field(sa_column=moment())

    @property
    def parsed_terms(self) -> CallTerms:
        """The terms of the call."""
        return CallTerms.model_validate(self.terms)


class Candidate(Table, table=True):
    """An application with the facts that rules and matching use; it holds no name."""

    __table_args__ = (
        Index("candidate_pool", "call_id", "state", "id"),
        Index("candidate_country", "country", "reference"),
        Index("candidate_reference", "reference"),
        Index("candidate_due", "due", postgresql_where=text("due IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    call_id: UUID
    reference: str
    kind: str
    country: str
    organisation_id: UUID
    state: str
    group_id: UUID | None = None
    profile: dict[str, JsonValue] = Field(sa_column=document())
    submitted_at: datetime = Field(sa_column=moment())
    changed_at: datetime = Field(sa_column=moment(index=True))
    due: datetime | None = Field(default=None, sa_column=moment(nullable=True))

    @property
    def parsed_profile(self) -> ApplicationProfile:
        """The profile of the application."""
        return ApplicationProfile.model_validate(self.profile)


class Seat(Table, table=True):
    """A seat: an offer of a placement with its terms, or a mentor with the profile."""

    __table_args__ = (
        Index("seat_call", "call_id", "kind", "id"),
        Index("seat_country", "country", "reference"),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    call_id: UUID
    reference: str
    title: str
    country: str
    organisation_id: UUID
    state: str
    terms: dict[str, JsonValue] = Field(sa_column=document())
    choices: dict[str, JsonValue] = Field(default_factory=dict, sa_column=document())
    changed_at: datetime = Field(sa_column=moment())

    @property
    def candidate_choices(self) -> CandidateChoices:
        """The choices of the host or mentor."""
        return CandidateChoices.model_validate(self.choices)

    @property
    def placement_terms(self) -> OfferTerms:
        """The terms, if it is a placement."""
        return OfferTerms.model_validate(self.terms)

    @property
    def mentor_profile(self) -> MentorProfile:
        """The profile, if it is a mentor."""
        return MentorProfile.model_validate(self.terms)


class Organisation(Table, table=True):
    """An organisation of the register: its name is public."""

    id: UUID = Field(primary_key=True)
    name: str
    kind: str
    country: str
    active: bool


class Partner(Table, table=True):
    """The status of a partner country, from a day on."""

    country: str = Field(primary_key=True)
    status: str
    since: date


class Fund(Table, table=True):
    """A fund and the period for which it pays."""

    id: UUID = Field(primary_key=True)
    name: str
    since: date
    until: date | None = None
    active: bool


class Exclusion(Table, table=True):
    """Two countries or organisations that the programme keeps apart."""

    id: UUID = Field(primary_key=True)
    first: str
    second: str
    since: date
    until: date | None = None
    confidential: bool


class Need(Table, table=True):
    """A training need from the OTNA; a call cites it by its id."""

    id: UUID = Field(primary_key=True)
    country: str
    topic: str
    area: str | None = None
    since: date
    until: date
    withdrawn: bool


PROJECTIONS = ("call", "candidate", "seat", "organisation", "partner", "fund", "exclusion", "need")


_CANDIDATES = (
    select(Candidate).where(col(Candidate.id).in_(bindparam("ids", expanding=True))).order_by(col(Candidate.id))
)
"""Built once, since it runs with each batch of events."""


async def candidates(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Candidate]:
    """Return the applications with these ids, as far as they have arrived."""
    found = await session.scalars(_CANDIDATES, {"ids": list(ids)})
    return {row.id: row for row in found}


async def seats(session: AsyncSession, ids: Collection[UUID], *, lock: bool = False) -> dict[UUID, Seat]:
    """Return the offers and mentors with these ids.

    `lock` locks them, so that only one transaction fills their weeks.
    """
    query = select(Seat).where(col(Seat.id).in_(ids)).order_by(col(Seat.id))
    found = await session.scalars(for_update(query) if lock else query)
    return {row.id: row for row in found}


async def calls(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Call]:
    """Return the calls with these ids, as far as they have arrived."""
    found = await session.scalars(select(Call).where(col(Call.id).in_(ids)).order_by(col(Call.id)))
    return {row.id: row for row in found}


async def all_calls(session: AsyncSession) -> list[Call]:
    """Return all calls: open ones first, then the newest."""
    found = await session.scalars(select(Call).order_by(text("state = 'closed'"), col(Call.id).desc()))
    return list(found)


async def open_calls(session: AsyncSession) -> set[UUID]:
    """Return the ids of the calls that are still matched."""
    found = await session.scalars(select(col(Call.id)).where(col(Call.state) != "closed").order_by(col(Call.id)))
    return set(found)


async def seats_of(session: AsyncSession, call_id: UUID, kind: str) -> list[Seat]:
    """Return the offers (`placement`) or mentors (`mentor`) of a call that are open, by id."""
    published = col(Seat.call_id) == call_id, col(Seat.state).in_(SEAT_OPEN)
    return list(await session.scalars(select(Seat).where(*published, col(Seat.kind) == kind).order_by(col(Seat.id))))


async def suspended(session: AsyncSession) -> dict[str, date]:
    """Return the suspended partner countries, each with the first day."""
    found = await session.scalars(select(Partner).where(col(Partner.status) == "suspended"))
    return {row.country: row.since for row in found}


async def needs(session: AsyncSession, cited: Collection[UUID]) -> list[Need]:
    """Return the cited training needs by id."""
    return list(await session.scalars(select(Need).where(col(Need.id).in_(cited)).order_by(col(Need.id))))


async def organisation_names(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Return the published names of organisations."""
    found = await session.scalars(
        select(Organisation).where(col(Organisation.id).in_(ids)).order_by(col(Organisation.id))
    )
    return {row.id: row.name for row in found}


async def pair_count(session: AsyncSession, call_id: UUID) -> int:
    """Return the number of pairs of a call: its applications times its offers and mentors."""
    found = await session.execute(
        text(
            "SELECT (SELECT count(*) FROM candidate WHERE call_id = :call)"
            " * (SELECT count(*) FROM seat WHERE call_id = :call)"
        ),
        {"call": call_id},
    )
    return int(found.scalar_one())
