"""Show organisations, people, funds and excluded pairs of the register, and turn them into entries for forms."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue

from services.applications.refusals import not_found
from services.applications.register.model import OrganisationEntry, PersonEntry
from services.applications.register.store import entries as store
from services.applications.register.store import people
from services.applications.register.views.scope import scope_of
from shared.contracts.access import AccessGrant
from shared.contracts.codes import OrganisationKind, PartnerStatus, RankGroup, ServiceKind, Sex
from shared.web.items import ListedVersion
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal
    from shared.web.paging import PageRequest


class Organisation(ReadModel):
    """An organisation of the register."""

    id: UUID
    name: Annotated[str, Field(examples=["Cybercrime Unit Yerevan"])]
    kind: OrganisationKind
    country: Annotated[str, Field(examples=["AM"])]
    city: Annotated[str, Field(description="Empty if not known.", examples=["Yerevan"])]
    active: Annotated[bool, Field(description="Takes part: it can host, send and mentor.")]
    domains: Annotated[
        tuple[str, ...], Field(description="Of the service addresses of its people.", examples=[["police.example"]])
    ]


class ListedOrganisation(Organisation):
    """An organisation in a list, with the version of the record."""

    version: ListedVersion


class Person(ReadModel):
    """A person of the register."""

    id: Annotated[UUID, Field(description="Opaque: messages and links name it, never the sign-in name.")]
    subject: Annotated[str, Field(description="The name with which the person signs in.", examples=["ani"])]
    name: Annotated[str, Field(description="In Latin letters, as in the passport.", examples=["Ani Petrosyan"])]
    own_name: Annotated[str, Field(description="In the person's own script; empty if not known.", examples=[""])]
    email: Annotated[str, Field(examples=["ani@police.example"])]
    email_wanted: Annotated[
        str | None, Field(description="A new address that its owner has not confirmed yet.", examples=[None])
    ]
    email_verified_at: Annotated[
        AwareDatetime | None, Field(description="When its owner, or the programme, vouched for the address.")
    ]
    language: Annotated[str, Field(description="The language of messages, as the register has it.", examples=["en"])]
    mail_language: Annotated[
        str | None, Field(description="The language of messages that the person chose.", examples=[None])
    ]
    country: Annotated[str | None, Field(examples=["AM"])]
    organisation_id: UUID | None
    service: ServiceKind | None
    unit: Annotated[str, Field(examples=["Digital forensics"])]
    rank_group: RankGroup | None
    national_rank: Annotated[str, Field(examples=["Major"])]
    years_in_field: Annotated[int | None, Field(examples=[6])]
    sex: Sex | None
    confirmed_on: Annotated[date, Field(description="The day of the last yearly confirmation of access.")]
    lapsed_on: Annotated[date | None, Field(description="When the access lapsed, as nobody confirmed it.")]
    lapsed_grants: Annotated[
        tuple[AccessGrant, ...], Field(description="The roles that lapsed, given back when they are confirmed.")
    ]
    moves_on: Annotated[date | None, Field(description="From when the person belongs to `moves_to`.")]
    moves_to: UUID | None
    changed_at: AwareDatetime

    @property
    def unconfirmed_address(self) -> str | None:
        """Return the address that its owner has not confirmed yet; None if all is confirmed."""
        return self.email_wanted or (None if self.email_verified_at is not None else self.email)


class ListedPerson(Person):
    """A person in a list, with the version of the record."""

    version: ListedVersion


class PartnerSince(ReadModel):
    """The status of a partner country from a day on."""

    country: str
    since: date
    status: PartnerStatus


class Fund(ReadModel):
    """A fund: who pays for visits and mentorships, from when until when."""

    id: UUID
    name: Annotated[str, Field(examples=["Exchange fund 2026"])]
    payer: Annotated[str, Field(examples=["European Commission"])]
    since: date
    until: Annotated[date | None, Field(description="The last day; null if it has no end.")]
    active: Annotated[bool, Field(description="Calls can use it.")]


class ListedFund(Fund):
    """A fund in a list, with the version of the record."""

    version: ListedVersion


class Exclusion(ReadModel):
    """A pair of countries or of organisations that is not matched during a term."""

    id: UUID
    countries: Annotated[tuple[str, str] | None, Field(examples=[("AM", "AZ")])]
    organisations: Annotated[tuple[UUID, UUID] | None, Field(examples=[None])]
    since: date
    until: Annotated[date | None, Field(description="The last day; null if it has no end.")]
    confidential: Annotated[bool, Field(description="Everybody but the programme coordinator reads “not available”.")]


class ListedExclusion(Exclusion):
    """A pair in a list, with the version of the record."""

    version: ListedVersion


class Entered(ReadModel):
    """The ids of entries that were made, in the order in which they were sent."""

    ids: tuple[UUID, ...]


class EntryId(ReadModel):
    """The id of the entry that was made or changed."""

    id: UUID


class EnteredPartners(ReadModel):
    """The number of partner countries that were entered."""

    entered: int


class Ended(ReadModel):
    """The confirmation that a term was ended."""

    ended: bool


def organisation_view(row: store.Organisation) -> Organisation:
    """Return the read model of an organisation."""
    return Organisation.model_validate(row, from_attributes=True)


def person_view(row: store.Person) -> Person:
    """Return the read model of a person."""
    return Person.model_validate(row, from_attributes=True)


def _fund_view(row: store.Fund) -> Fund:
    return Fund.model_validate(row, from_attributes=True)


def _exclusion_view(row: store.Exclusion) -> Exclusion:
    return Exclusion.model_validate(row, from_attributes=True)


async def visible_person(
    session: AsyncSession, principal: Principal, person_id: UUID, *, lock: bool = False
) -> store.Person:
    """Return the row of a person whom the principal may see. Raises `Refused` (404)."""
    row = await people.by_id(session, person_id, lock=lock)
    if row is None or not scope_of(principal).covers(row.country, row.organisation_id):
        raise not_found()
    return row


async def visible_organisation(
    session: AsyncSession, principal: Principal, organisation_id: UUID
) -> store.Organisation:
    """Return the row of an organisation that the principal may see. Raises `Refused` (404)."""
    row = await store.organisation(session, organisation_id)
    if row is None or not scope_of(principal).covers(row.country, row.id):
        raise not_found()
    return row


async def person(session: AsyncSession, principal: Principal, person_id: UUID) -> Person:
    """Return a person whom the principal may see. Raises `Refused` (404)."""
    return person_view(await visible_person(session, principal, person_id))


async def organisation(session: AsyncSession, principal: Principal, organisation_id: UUID) -> Organisation:
    """Return an organisation that the principal may see. Raises `Refused` (404)."""
    return organisation_view(await visible_organisation(session, principal, organisation_id))


async def grants_of(session: AsyncSession, subject: str) -> tuple[AccessGrant, ...]:
    """Return all grants of a person, past and future ones too."""
    return (await people.grants(session, [subject])).get(subject, ())


async def organisations(session: AsyncSession, *, ids: Iterable[UUID] | None = None) -> list[Organisation]:
    """Return organisations by country and name: all, or those with `ids`."""
    return [organisation_view(row) for row in await store.organisations(session, ids=ids)]


async def organisations_page(session: AsyncSession, request: PageRequest) -> Page[Organisation]:
    """Return one page of all organisations, in the order in which they were entered."""
    rows = await store.organisations_page(session, request)
    return page_of(rows, request, Organisation, organisation_view, lambda row: [row.id])


async def people_page(session: AsyncSession, countries: Iterable[str] | None, request: PageRequest) -> Page[Person]:
    """Return one page of the people (all, or those of `countries`), in the order in which they were entered."""
    rows = await store.people_page(session, countries, request)
    return page_of(rows, request, Person, person_view, lambda row: [row.id])


async def fund(session: AsyncSession, fund_id: UUID) -> Fund:
    """Return a fund. Raises `Refused` (404)."""
    row = await store.fund(session, fund_id)
    if row is None:
        raise not_found()
    return _fund_view(row)


async def funds(session: AsyncSession) -> list[Fund]:
    """Return all funds by name."""
    return [_fund_view(row) for row in await store.funds(session)]


async def funds_page(session: AsyncSession, request: PageRequest) -> Page[Fund]:
    """Return one page of the funds, in the order in which they were entered."""
    return page_of(await store.funds_page(session, request), request, Fund, _fund_view, lambda row: [row.id])


async def exclusion(session: AsyncSession, exclusion_id: UUID) -> Exclusion:
    """Return an excluded pair. Raises `Refused` (404)."""
    row = await store.exclusion(session, exclusion_id)
    if row is None:
        raise not_found()
    return _exclusion_view(row)


async def exclusions(session: AsyncSession) -> list[Exclusion]:
    """Return all excluded pairs, newest first."""
    return [_exclusion_view(row) for row in await store.exclusions(session)]


async def exclusions_page(session: AsyncSession, request: PageRequest) -> Page[Exclusion]:
    """Return one page of the excluded pairs, the one entered last first."""
    rows = await store.exclusions_page(session, request)
    return page_of(rows, request, Exclusion, _exclusion_view, lambda row: [row.id])


async def partners(session: AsyncSession) -> list[PartnerSince]:
    """Return all recorded statuses of partners, by country, newest first."""
    return [PartnerSince.model_validate(row, from_attributes=True) for row in await store.partners(session)]


def person_entry(person: store.Person | Person, grants: Sequence[AccessGrant]) -> PersonEntry:
    """Return a person as an entry, from which forms and proposals start.

    An address that waits for confirmation is the entry's.
    """
    values = {name: getattr(person, name) for name in PersonEntry.model_fields if name not in {"grants", "email"}}
    # Built without checks: entries made under older rules must be readable, so that they can be corrected.
    return PersonEntry.model_construct(**values, email=person.email_wanted or person.email, grants=tuple(grants))


def person_json(person: store.Person, grants: Sequence[AccessGrant]) -> dict[str, JsonValue]:
    """Return a person as JSON, for comparisons and the history."""
    return person_entry(person, grants).model_dump(mode="json", warnings=False)


def organisation_entry(organisation: store.Organisation | Organisation) -> OrganisationEntry:
    """Return an organisation as an entry."""
    return OrganisationEntry.model_construct(
        **{name: getattr(organisation, name) for name in OrganisationEntry.model_fields}
    )


def organisation_json(organisation: store.Organisation) -> dict[str, JsonValue]:
    """Return an organisation as JSON, for comparisons and the history."""
    return organisation_entry(organisation).model_dump(mode="json", warnings=False)
