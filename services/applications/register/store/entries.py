"""Store the organisations, people, partners, funds and exclusions of the register.

Names of people are stored nowhere else.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.register.store.history import changed_since
from services.applications.tables import Table, write_rows
from shared.bus.db.documents import JsonDocument
from shared.bus.db.locking import for_update
from shared.contracts.access import AccessGrant
from shared.contracts.codes import PartnerStatus
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest


# The search for people looks through these words: each part of an address is a word of its own.
PERSON_WORDS = (
    "to_tsvector('simple'::regconfig, translate((((name || ' '::text) || own_name) || ' '::text) || email,"
    " '@.-_'::text, '    '::text))"
)


class Organisation(Table, table=True):
    """An organisation as it is now."""

    __tablename__ = "organisation"

    id: UUID = Field(primary_key=True)
    name: str
    kind: str
    country: str = Field(index=True)
    city: str = ""
    active: bool = True
    domains: list[str] = Field(
        default_factory=list, sa_type=JSONB, description="Of the service addresses of its people, in small letters"
    )
    version: int = Field(default=1, description="Counts its changes: what a proposal rests on")


class Person(Table, table=True):
    """A person with an account: names, the address for mail, and the details of the register."""

    __tablename__ = "person"
    __table_args__ = (
        sa.Index("person_email_key", sa.text("lower(email)"), unique=True),
        sa.Index(
            "person_words",
            sa.text(PERSON_WORDS),
            postgresql_using="gin",
        ),
        sa.Index("person_confirmed_on", "confirmed_on", postgresql_where=sa.text("lapsed_on IS NULL")),
        sa.Index("person_changed_at", "changed_at"),
        sa.Index("person_moves_on", "moves_on", postgresql_where=sa.text("moves_on IS NOT NULL")),
    )

    subject: str = Field(primary_key=True, description="Sign-in subject")
    id: UUID = Field(unique=True, description="Opaque: recipients are told apart by it, never by the subject")
    name: str = Field(index=True, description="In Latin letters, as in the passport")
    own_name: str = ""
    email: str
    language: str = "en"
    mail_language: str | None = Field(
        default=None, description="Which language of messages its owner chose; goes before the register's"
    )
    country: str | None = Field(default=None, index=True)
    organisation_id: UUID | None = Field(default=None, index=True)
    service: str | None = None
    unit: str = ""
    rank_group: str | None = None
    national_rank: str = ""
    years_in_field: int | None = None
    sex: str | None = None
    changed_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    version: int = Field(default=1, description="Counts its changes: what a proposal rests on")
    email_verified_at: datetime | None = Field(
        default=None, sa_type=sa.DateTime(timezone=True), description="When its owner, or the programme, vouched for it"
    )
    email_wanted: str | None = Field(default=None, description="A new address that its owner has not confirmed yet")
    confirmed_on: date = Field(description="When the access was last confirmed, as it is once a year")
    lapsed_on: date | None = Field(default=None, description="When the access lapsed, since nobody confirmed it")
    lapsed_grants: tuple[AccessGrant, ...] = Field(
        default=(),
        sa_type=JsonDocument(tuple[AccessGrant, ...]),
        description="What lapsed: given back when it is confirmed",
    )
    moves_on: date | None = Field(default=None, description="From when the person belongs to `moves_to`")
    moves_to: UUID | None = None

    @property
    def written_in(self) -> str:
        """Return the language in which the programme writes to the person."""
        return self.mail_language or self.language

    @property
    def reachable(self) -> bool:
        """Return whether the programme may write to the address."""
        return self.email_verified_at is not None

    @property
    def unconfirmed_address(self) -> str | None:
        """Return the address that its owner has not confirmed yet; None if all is confirmed."""
        return self.email_wanted or (None if self.reachable else self.email)


class Partner(Table, table=True):
    """The status of a partner country from a day on; the newest row counts."""

    __tablename__ = "partner"

    country: str = Field(primary_key=True)
    since: date = Field(primary_key=True)
    status: str


class Fund(Table, table=True):
    """A fund: its name, payer and term."""

    __tablename__ = "fund"

    id: UUID = Field(primary_key=True)
    name: str
    payer: str
    since: date
    until: date | None = None
    active: bool = True


class Exclusion(Table, table=True):
    """A pair of countries or organisations that is not matched during a term."""

    __tablename__ = "exclusion"

    id: UUID = Field(primary_key=True)
    countries: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    organisations: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    since: date
    until: date | None = None
    confidential: bool = False


async def lock_people(session: AsyncSession) -> None:
    """Lock the people of the register until the commit, so that no address or sign-in name is taken twice."""
    await session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('register.people'))"))


async def put(session: AsyncSession, rows: Iterable[Table]) -> None:
    """Write rows of one of the tables above, new ones and those whose key is known; a person's id never changes.

    Events and links name it.
    """
    await write_rows(session, rows, fixed=("id",))


async def organisations(
    session: AsyncSession, *, countries: Iterable[str] | None = None, ids: Iterable[UUID] | None = None
) -> list[Organisation]:
    """Return organisations by country and name: all, those of `countries`, or those with `ids`."""
    query = select(Organisation).order_by(Organisation.country, Organisation.name, sa.text("id"))
    if countries is not None:
        query = query.where(sa.column("country").in_(sorted(countries)))
    if ids is not None:
        query = query.where(sa.column("id", sa.Uuid).in_(sorted(ids)))
    return list((await session.scalars(query)).all())


async def organisation(session: AsyncSession, organisation_id: UUID, *, lock: bool = False) -> Organisation | None:
    """Return one organisation; with `lock` nobody else changes it until the commit."""
    return await session.get(Organisation, organisation_id, with_for_update=lock, populate_existing=lock)


async def person(session: AsyncSession, subject: str, *, lock: bool = False) -> Person | None:
    """Return the person with that sign-in subject; with `lock` nobody else changes it until the commit."""
    return await session.get(Person, subject, with_for_update=lock, populate_existing=lock)


async def person_by_email(session: AsyncSession, email: str) -> Person | None:
    """Return the person with that service e-mail, in upper or lower case."""
    query = select(Person).where(sa.func.lower(sa.column("email", sa.String)) == email.lower())
    return (await session.scalars(query.order_by(Person.subject).limit(1))).first()


# Asked with each page of cases and each email, so they are put together once.
_BY_SUBJECT = (
    select(Person).where(col(Person.subject).in_(sa.bindparam("subjects", expanding=True))).order_by(Person.subject)
)
_BY_SUBJECT_LOCKED = for_update(_BY_SUBJECT)


async def people_by_subject(session: AsyncSession, subjects: Iterable[str], *, lock: bool = False) -> dict[str, Person]:
    """Return the people with these sign-in subjects; with `lock` nobody else changes them until the commit."""
    query = _BY_SUBJECT_LOCKED if lock else _BY_SUBJECT
    found = await session.scalars(query, {"subjects": sorted(set(subjects))})
    return {person.subject: person for person in found.all()}


async def people_page(session: AsyncSession, countries: Iterable[str] | None, request: PageRequest) -> list[Person]:
    """Return one page of people (all, or those of `countries`) by id."""
    query = select(Person)
    if countries is not None:
        query = query.where(col(Person.country).in_(sorted(countries)))
    if request.since is not None:
        query = query.where(col(Person.changed_at) >= request.since)
    return list((await session.scalars(cut(query, [col(Person.id)], request))).all())


async def organisations_page(session: AsyncSession, request: PageRequest) -> list[Organisation]:
    """Return one page of organisations by id."""
    query = select(Organisation)
    if request.since is not None:
        query = query.where(changed_since("organisation", col(Organisation.id), request.since))
    return list((await session.scalars(cut(query, [col(Organisation.id)], request))).all())


async def funds_page(session: AsyncSession, request: PageRequest) -> list[Fund]:
    """Return one page of funds by id."""
    query = select(Fund)
    if request.since is not None:
        query = query.where(changed_since("fund", col(Fund.id), request.since))
    return list((await session.scalars(cut(query, [col(Fund.id)], request))).all())


async def exclusions_page(session: AsyncSession, request: PageRequest) -> list[Exclusion]:
    """Return one page of exclusions by id, newest first."""
    query = select(Exclusion)
    if request.since is not None:
        query = query.where(changed_since("exclusion", col(Exclusion.id), request.since))
    return list((await session.scalars(cut(query, [col(Exclusion.id)], request, newest=True))).all())


_STATUS = sa.text("SELECT status FROM partner WHERE country = :country AND since <= :on ORDER BY since DESC LIMIT 1")


async def partner_status(session: AsyncSession, country: str, on: date) -> PartnerStatus:
    """Return the status of a country on a day; active if nothing is recorded."""
    status = await session.scalar(_STATUS, {"country": country, "on": on})
    return PartnerStatus.ACTIVE if status is None else PartnerStatus(status)


async def partners(session: AsyncSession) -> list[Partner]:
    """Return all recorded statuses of partners, by country, newest first."""
    query = select(Partner).order_by(Partner.country, sa.column("since").desc())
    return list((await session.scalars(query)).all())


async def fund(session: AsyncSession, fund_id: UUID, *, lock: bool = False) -> Fund | None:
    """Return one fund; with `lock` nobody else changes it until the commit."""
    return await session.get(Fund, fund_id, with_for_update=lock, populate_existing=lock)


async def exclusion(session: AsyncSession, exclusion_id: UUID, *, lock: bool = False) -> Exclusion | None:
    """Return one exclusion; with `lock` nobody else changes it until the commit."""
    return await session.get(Exclusion, exclusion_id, with_for_update=lock, populate_existing=lock)


async def funds(session: AsyncSession) -> list[Fund]:
    """Return all funds by name."""
    return list((await session.scalars(select(Fund).order_by(Fund.name, sa.text("id")))).all())


async def exclusions(session: AsyncSession) -> list[Exclusion]:
    """Return all exclusions, newest first."""
    query = select(Exclusion).order_by(sa.column("since").desc(), sa.text("id"))
    return list((await session.scalars(query)).all())
