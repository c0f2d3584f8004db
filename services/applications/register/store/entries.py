"""Who and what is in the register: organisations, people, partners, funds, exclusions. The only place with names."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, select

from services.applications.tables import Table, one_page
from shared.contracts.codes import PartnerStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


# What a search for people looks through: each part of an address is a word of its own.
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
    version: int = Field(default=1, description="Counts its changes: the optimistic lock of forms and proposals")


class Person(Table, table=True):
    """A person with an account: the names and the address by which the programme writes, and what is known."""

    __tablename__ = "person"
    __table_args__ = (
        sa.Index("person_email_key", sa.text("lower(email)"), unique=True),
        sa.Index(
            "person_words",
            sa.text(PERSON_WORDS),
            postgresql_using="gin",
        ),
        sa.Index("person_confirmed_on", "confirmed_on", postgresql_where=sa.text("lapsed_on IS NULL")),
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
    version: int = Field(default=1, description="Counts its changes: the optimistic lock of forms and proposals")
    email_verified_at: datetime | None = Field(
        default=None, sa_type=sa.DateTime(timezone=True), description="When its owner, or the programme, vouched for it"
    )
    email_wanted: str | None = Field(default=None, description="A new address that its owner has not confirmed yet")
    confirmed_on: date = Field(description="When the access was last confirmed, as it is once a year")
    lapsed_on: date | None = Field(default=None, description="When the access lapsed, since nobody confirmed it")
    lapsed_grants: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSONB, description="What lapsed: given back when it is confirmed"
    )
    moves_on: date | None = Field(default=None, description="From when the person belongs to `moves_to`")
    moves_to: UUID | None = None

    @property
    def written_in(self) -> str:
        """In which language the programme writes."""
        return self.mail_language or self.language

    @property
    def reachable(self) -> bool:
        """Whether the programme may write to the address."""
        return self.email_verified_at is not None

    @property
    def unconfirmed_address(self) -> str | None:
        """The address that its owner has not confirmed yet; None if all is confirmed."""
        return self.email_wanted or (None if self.reachable else self.email)


class Partner(Table, table=True):
    """How a partner country stands, from a day on; its newest word counts from then."""

    __tablename__ = "partner"

    country: str = Field(primary_key=True)
    since: date = Field(primary_key=True)
    status: str


class Fund(Table, table=True):
    """Who pays, from when, until when."""

    __tablename__ = "fund"

    id: UUID = Field(primary_key=True)
    name: str
    payer: str
    since: date
    until: date | None = None
    active: bool = True
    version: int = Field(default=1, description="Counts its changes: the optimistic lock of forms")


class Exclusion(Table, table=True):
    """A pair of countries or organisations that is never matched, for a time."""

    __tablename__ = "exclusion"

    id: UUID = Field(primary_key=True)
    countries: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    organisations: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    since: date
    until: date | None = None
    confidential: bool = False
    version: int = Field(default=1, description="Counts its changes: the optimistic lock of forms")


async def alone(session: AsyncSession) -> None:
    """Nobody else writes people until the commit: so that an address or a sign-in name cannot be taken twice."""
    await session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('register.people'))"))


async def put(session: AsyncSession, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of one of the tables above, replacing those with the same key. One statement for all."""
    if not rows:
        return
    made: sa.Table = table.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
    new = insert(made).values(list(rows))
    keys = [column.name for column in made.primary_key]
    # A person keeps the id under which others know him or her.
    kept = {*keys, "id"} if made.name == "person" else set(keys)
    changes = {name: new.excluded[name] for name in rows[0] if name not in kept}
    await session.execute(new.on_conflict_do_update(index_elements=keys, set_=changes))


async def organisations(
    session: AsyncSession, *, countries: Iterable[str] | None = None, ids: Iterable[UUID] | None = None
) -> list[Organisation]:
    """Organisations by country and name: all, those of `countries`, or those with `ids`."""
    query = select(Organisation).order_by(Organisation.country, Organisation.name, sa.text("id"))
    if countries is not None:
        query = query.where(sa.column("country").in_(sorted(countries)))
    if ids is not None:
        query = query.where(sa.column("id", sa.Uuid).in_(sorted(ids)))
    return list((await session.scalars(query)).all())


async def organisation(session: AsyncSession, organisation_id: UUID, *, lock: bool = False) -> Organisation | None:
    """One organisation; with `lock` nobody else changes the entry until the commit."""
    return await session.get(Organisation, organisation_id, with_for_update=lock, populate_existing=lock)


async def person(session: AsyncSession, subject: str, *, lock: bool = False) -> Person | None:
    """The person with that sign-in subject; with `lock` nobody else changes the entry until the commit."""
    return await session.get(Person, subject, with_for_update=lock, populate_existing=lock)


async def person_by_email(session: AsyncSession, email: str) -> Person | None:
    """The person with that service e-mail, written in whatever case."""
    query = select(Person).where(sa.func.lower(sa.column("email", sa.String)) == email.lower())
    return (await session.scalars(query.order_by(Person.subject).limit(1))).first()


async def people_by_subject(session: AsyncSession, subjects: Iterable[str], *, lock: bool = False) -> dict[str, Person]:
    """The people with these sign-in subjects, as far as they are known; with `lock` until the commit."""
    query = select(Person).where(sa.column("subject").in_(sorted(set(subjects)))).order_by(Person.subject)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return {one.subject: one for one in (await session.scalars(query)).all()}


async def people(session: AsyncSession, *, countries: Iterable[str] | None, page: int) -> tuple[list[Person], int]:
    """One page of people by name (all, or those of `countries`), and how many there are."""
    among = sa.true() if countries is None else sa.column("country").in_(sorted(countries))
    total = (await session.execute(sa.select(sa.func.count()).select_from(Person).where(among))).scalar_one()
    query = select(Person).where(among).order_by(Person.name, Person.subject)
    return list((await session.scalars(one_page(query, page))).all()), int(total)


_STATUS = sa.text("SELECT status FROM partner WHERE country = :country AND since <= :on ORDER BY since DESC LIMIT 1")


async def partner_status(session: AsyncSession, country: str, on: date) -> PartnerStatus:
    """How a country stands on that day; one of which nothing is said is active."""
    status = await session.scalar(_STATUS, {"country": country, "on": on})
    return PartnerStatus.ACTIVE if status is None else PartnerStatus(status)


async def partners(session: AsyncSession) -> list[Partner]:
    """All that was said about partners, by country, the newest first."""
    query = select(Partner).order_by(Partner.country, sa.column("since").desc())
    return list((await session.scalars(query)).all())


async def fund(session: AsyncSession, fund_id: UUID, *, lock: bool = False) -> Fund | None:
    """One fund; with `lock` nobody else changes it until the commit."""
    return await session.get(Fund, fund_id, with_for_update=lock, populate_existing=lock)


async def exclusion(session: AsyncSession, exclusion_id: UUID, *, lock: bool = False) -> Exclusion | None:
    """One exclusion; with `lock` nobody else changes it until the commit."""
    return await session.get(Exclusion, exclusion_id, with_for_update=lock, populate_existing=lock)


async def funds(session: AsyncSession) -> list[Fund]:
    """All funds by name."""
    return list((await session.scalars(select(Fund).order_by(Fund.name, sa.text("id")))).all())


async def exclusions(session: AsyncSession) -> list[Exclusion]:
    """All exclusions, the newest first."""
    query = select(Exclusion).order_by(sa.column("since").desc(), sa.text("id"))
    return list((await session.scalars(query)).all())


async def subjects_with_role(
    session: AsyncSession, role: str, *, country: str | None = None, organisation_id: UUID | None = None
) -> list[str]:
    """The sign-in subjects that hold `role` (at some time), in a country or an organisation where one is given."""
    wanted = {"role": role}
    if country is not None:
        wanted["country"] = country
    if organisation_id is not None:
        wanted["organisation_id"] = str(organisation_id)
    query = sa.text("SELECT subject FROM access WHERE grants @> :wanted ORDER BY subject").bindparams(
        sa.bindparam("wanted", [wanted], type_=JSONB)
    )
    return list((await session.execute(query)).scalars())
