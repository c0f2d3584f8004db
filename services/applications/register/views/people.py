"""Show people of the register: the list, one with roles and history, and what is open when a person leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from services.applications.overview.views import handover
from services.applications.overview.views.handover import Office, OpenMatter
from services.applications.own_cases.store import ties_of
from services.applications.register.model import grants as register_grants
from services.applications.register.store import address_checks, entries, history, people
from services.applications.register.store.people import Filters
from services.applications.register.views import words
from services.applications.register.views.confirmation import (
    access_state,
    confirmation_times,
    grants_to_confirm,
    may_confirm,
)
from services.applications.register.views.deputies import Deputy, deputies_of
from services.applications.register.views.entries import (
    Organisation,
    Person,
    grants_of,
    organisation_view,
    person_entry,
    person_view,
    visible_person,
)
from services.applications.register.views.history import EntryChange, entry_changes, events
from services.applications.register.views.proposals import waiting_about
from services.applications.register.views.scope import decides, scope_of
from shared.contracts.access import AccessGrant
from shared.contracts.codes import COUNTRIES
from shared.time import clock
from shared.web import states
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.display import TimelineEntry
    from services.applications.own_cases.model import Ties
    from services.applications.register.model import PersonEntry
    from services.applications.settings import Settings
    from shared.contracts.codes import Role
    from shared.identity import Principal


class PersonRecord(ReadModel):
    """One person with all roles, open matters and changes."""

    person: Person
    grants: Annotated[tuple[AccessGrant, ...], Field(description="All roles: past, present and future ones.")]
    unconfirmed_address: Annotated[
        str | None, Field(description="The address that its owner has not confirmed yet.", examples=[None])
    ]
    open: Annotated[tuple[OpenMatter, ...], Field(description="What the person takes part in.")]
    offices: Annotated[tuple[Office, ...], Field(description="Roles of the person that others depend on.")]
    history: Annotated[tuple[EntryChange, ...], Field(description="Newest first; at most 200.")]


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A person as a row of the list: the roles of today, the organisation's name, and the state of the access."""

    person: Person
    roles: tuple[Role, ...]
    organisation: str
    access: str


@dataclass(frozen=True, slots=True)
class PeopleList:
    """One page of the list of people, with the organisations that the filter offers."""

    shown: list[ListedPerson]
    total: int
    organisations: list[Organisation]


@dataclass(frozen=True, slots=True)
class PersonAccess:
    """The yearly confirmation of a person's access: its state, and whether the reader may confirm it."""

    state: str
    due: date
    lapses: date
    may_confirm: bool


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """All that the page of a person shows.

    `names`: organisations by id. `holders`: the names of those represented, by sign-in name, as far as the reader may
    know them. `address`: the state of the address; `asked_at`: when the last mail to confirm it was sent.
    """

    person: Person
    names: dict[str, str]
    grants: list[AccessGrant]
    holders: dict[str, str]
    access: PersonAccess
    address: states.State
    asked_at: datetime | None
    deputies: list[Deputy]
    events: list[TimelineEntry]
    waiting: UUID | None

    @property
    def offices(self) -> list[AccessGrant]:
        """Return the roles for which a deputy may be named."""
        return register_grants.deputisable_offices(self.grants, clock.today())

    @property
    def has_access(self) -> bool:
        """Return whether the person has a role now or later."""
        return bool(register_grants.current_or_future(self.grants, clock.today()))


@dataclass(frozen=True, slots=True)
class EditedPerson:
    """A person as the form shows him or her: the entry with all grants."""

    person: Person
    entry: PersonEntry


@dataclass(frozen=True, slots=True)
class FormChoices:
    """The choices in the form of a person: countries, and organisations that take part."""

    countries: frozenset[str]
    organisations: list[Organisation]


@dataclass(frozen=True, slots=True)
class OfficeAt:
    """An office with the name of its organisation or country."""

    grant: AccessGrant
    others: int
    matters: tuple[OpenMatter, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Departure:
    """A person with open matters, shown before he or she leaves or moves."""

    person: Person
    grants: tuple[AccessGrant, ...]
    matters: list[OpenMatter]
    offices: list[OfficeAt]

    @property
    def keeps_programme_roles(self) -> bool:
        """Return whether the person has programme-wide roles, which stay after a move."""
        current = register_grants.current_or_future(self.grants, clock.today())
        return any(grant.role in register_grants.PROGRAMME_WIDE for grant in current)


async def person_record(session: AsyncSession, principal: Principal, person_id: UUID) -> PersonRecord:
    """Return a person with roles, open matters and changes. Raises `Refused` (404)."""
    row = await visible_person(session, principal, person_id)
    grants = await grants_of(session, row.subject)
    changes = await history.history(session, ("person", "access"), row.id)
    return PersonRecord(
        person=person_view(row),
        grants=grants,
        unconfirmed_address=row.unconfirmed_address,
        open=tuple(await handover.of_person(session, row)),
        offices=tuple(await handover.offices_of(session, row, grants)),
        history=entry_changes(changes, with_actor=decides(principal)),
    )


async def with_role_since(
    session: AsyncSession, subjects: Collection[str], roles: Collection[Role], day: date
) -> set[str]:
    """Return those of the people who had one of the roles on a day or later, or will have it.

    Access that lapses for want of a confirmation ends on the day on which it lapses.
    """
    grants = await people.grants(session, subjects)
    register = await entries.people_by_subject(session, subjects)
    for subject, person in register.items():
        if person.lapsed_on is not None and person.lapsed_on >= day:
            grants[subject] = (*grants.get(subject, ()), *person.lapsed_grants)
    return {
        subject
        for subject, own in grants.items()
        if any(grant.role in roles and not register_grants.has_ended(grant, day) for grant in own)
    }


async def people_list(
    session: AsyncSession, principal: Principal, settings: Settings, filters: Filters, page: int = 1
) -> PeopleList:
    """Return one page of the people whom the principal sees."""
    scope, today = scope_of(principal), clock.today()
    due_before = confirmation_times(settings).due_before(today)
    rows, total = await people.people(session, scope, filters, page)
    grants = await people.grants(session, [row.subject for row in rows])
    names = await words.organisation_names(session, [row.organisation_id for row in rows])
    organisations, _ = await people.organisations(session, scope, people.OrganisationFilters())
    listed_people = []
    for row in rows:
        person, own_grants = person_view(row), grants.get(row.subject, ())
        roles = register_grants.roles_on(own_grants, today)
        organisation = names.get(str(row.organisation_id), "")
        listed_people.append(ListedPerson(person, roles, organisation, access_state(person, own_grants, due_before)))
    return PeopleList(listed_people, total, [organisation_view(row) for row in organisations])


async def person_details(
    session: AsyncSession, principal: Principal, settings: Settings, person_id: UUID
) -> PersonDetails:
    """Return a person as the page shows him or her. Raises `Refused` (404)."""
    row = await visible_person(session, principal, person_id)
    person, grants, scope = person_view(row), await grants_of(session, row.subject), scope_of(principal)
    changes = await history.history(session, ("person", "access"), row.id)
    values = [*(change.before for change in changes), *(change.after for change in changes)]
    names = await words.organisation_names(session, [row.organisation_id, row.moves_to, *grants, *values])
    holders = await entries.people_by_subject(session, [grant.deputy_for for grant in grants if grant.deputy_for])
    check = await address_checks.newest(session, row.subject)
    today = clock.today()
    return PersonDetails(
        person=person,
        names=names,
        grants=sorted(grants, key=lambda grant: (register_grants.has_ended(grant, today), grant.since)),
        holders={
            subject: holder.name
            for subject, holder in holders.items()
            if scope.covers(holder.country, holder.organisation_id)
        },
        access=_access(principal, settings, person, grants, await ties_of(session, [principal.subject])),
        address=_address_state(person, link_open=check is not None and check.open(clock.now())),
        asked_at=None if check is None else check.asked_at,
        deputies=await deputies_of(session, row.subject, within=scope),
        events=await events(session, changes, scope, names),
        waiting=await waiting_about(session, row.subject),
    )


def _access(
    principal: Principal, settings: Settings, person: Person, grants: Sequence[AccessGrant], ties: Ties
) -> PersonAccess:
    times = confirmation_times(settings)
    return PersonAccess(
        access_state(person, grants, times.due_before(clock.today())),
        times.due(person.confirmed_on),
        times.lapses(person.confirmed_on),
        may_confirm(principal, person, grants_to_confirm(person, grants), ties),
    )


def _address_state(person: Person, *, link_open: bool) -> states.State:
    """Return the state of a person's address."""
    if person.unconfirmed_address is None:
        return states.state("address", "verified")
    return states.state("address", "asked" if link_open else "over")


async def edited_person(session: AsyncSession, principal: Principal, person_id: UUID) -> EditedPerson:
    """Return a person as the form shows him or her. Raises `Refused` (404)."""
    person = person_view(await visible_person(session, principal, person_id))
    return EditedPerson(person, person_entry(person, await grants_of(session, person.subject)))


async def form_choices(session: AsyncSession, principal: Principal, current: UUID | None) -> FormChoices:
    """Return what the form of a person offers the principal; `current` is the person's organisation."""
    scope = scope_of(principal)
    rows = await entries.organisations(session, countries=scope.countries)
    if scope.organisations:
        organisation_ids = {row.id for row in rows}
        own = await entries.organisations(session, ids=scope.organisations)
        rows += [row for row in own if row.id not in organisation_ids]
    countries = (
        frozenset(COUNTRIES) if scope.countries is None else scope.countries | frozenset(row.country for row in rows)
    )
    return FormChoices(countries, [organisation_view(row) for row in rows if row.active or row.id == current])


async def chosen_organisation(
    session: AsyncSession, principal: Principal, organisation_id: UUID | None
) -> Organisation | None:
    """Return the organisation to which a new person is to belong; None if there is none that the principal sees."""
    row = None if organisation_id is None else await entries.organisation(session, organisation_id)
    if row is None or not scope_of(principal).covers(row.country, row.id):
        return None
    return organisation_view(row)


async def departure(session: AsyncSession, principal: Principal, person_id: UUID) -> Departure:
    """Return a person with open matters and offices. Raises `Refused` (404)."""
    row = await visible_person(session, principal, person_id)
    grants = await grants_of(session, row.subject)
    offices = await handover.offices_of(session, row, grants)
    names = await words.organisation_names(session, [office.grant for office in offices])
    return Departure(
        person_view(row),
        grants,
        await handover.of_person(session, row),
        [OfficeAt(office.grant, office.others, office.matters, words.place(office.grant, names)) for office in offices],
    )


async def successors(session: AsyncSession, principal: Principal, leaving: Departure) -> list[Person]:
    """Return who may take over the offices: people of the same country or organisation whom the principal sees."""
    organisations = {office.grant.organisation_id for office in leaving.offices} - {None}
    scope = scope_of(principal)
    nearby = people.RegisterScope(frozenset({leaving.person.country or ""}), frozenset())
    return [
        person_view(row)
        for row in await people.choosable(session, nearby)
        if row.subject != leaving.person.subject
        and scope.covers(row.country, row.organisation_id)
        and (not organisations or row.organisation_id in organisations)
    ]


__all__ = [
    "Departure",
    "EditedPerson",
    "Filters",
    "FormChoices",
    "ListedPerson",
    "OfficeAt",
    "PeopleList",
    "PersonAccess",
    "PersonDetails",
    "PersonRecord",
    "chosen_organisation",
    "departure",
    "edited_person",
    "form_choices",
    "people_list",
    "person_details",
    "person_record",
    "successors",
]
