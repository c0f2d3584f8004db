"""Show organisations: the list, and one with its people, open matters and history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from services.applications.overview.views import handover
from services.applications.overview.views.handover import OpenMatter
from services.applications.register.model import grants as register_grants
from services.applications.register.store import history, people
from services.applications.register.store.people import OrganisationFilters
from services.applications.register.views.entries import Organisation, organisation_view, visible_organisation
from services.applications.register.views.history import EntryChange, entry_changes, entry_events
from services.applications.register.views.proposals import waiting_about
from services.applications.register.views.scope import decides, scope_of
from shared.time import clock
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.display import TimelineEntry
    from shared.contracts.codes import Role
    from shared.identity import Principal


class OrganisationRecord(ReadModel):
    """One organisation, what it takes part in as a host, and its changes."""

    organisation: Organisation
    open: tuple[OpenMatter, ...]
    history: Annotated[tuple[EntryChange, ...], Field(description="Newest first; at most 200.")]


@dataclass(frozen=True, slots=True)
class Member:
    """A person who belongs to an organisation, with the roles of today."""

    id: UUID
    name: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class OrganisationDetails:
    """All that the page of an organisation shows; `members` is the first page of `count` people."""

    organisation: Organisation
    members: list[Member]
    count: int
    matters: list[OpenMatter]
    events: list[TimelineEntry]
    waiting: UUID | None


@dataclass(frozen=True, slots=True)
class OrganisationActivity:
    """The open matters of an organisation that is to stop taking part, and the number of its people."""

    organisation: Organisation
    matters: list[OpenMatter]
    count: int


@dataclass(frozen=True, slots=True)
class OrganisationList:
    """One page of the list of organisations."""

    shown: list[Organisation]
    total: int


async def organisation_record(session: AsyncSession, principal: Principal, organisation_id: UUID) -> OrganisationRecord:
    """Return an organisation with open matters and changes. Raises `Refused` (404)."""
    row = await visible_organisation(session, principal, organisation_id)
    changes = await history.history(session, ("organisation",), row.id)
    return OrganisationRecord(
        organisation=organisation_view(row),
        open=tuple(await handover.of_organisation(session, [row.id])),
        history=entry_changes(changes, with_actor=decides(principal)),
    )


async def organisation_list(
    session: AsyncSession, principal: Principal, filters: OrganisationFilters, page: int = 1
) -> OrganisationList:
    """Return one page of the organisations that the principal sees, by country and name."""
    rows, total = await people.organisations(session, scope_of(principal), filters, page)
    return OrganisationList([organisation_view(row) for row in rows], total)


async def organisation_details(
    session: AsyncSession, principal: Principal, organisation_id: UUID
) -> OrganisationDetails:
    """Return an organisation as its page shows it. Raises `Refused` (404)."""
    row = await visible_organisation(session, principal, organisation_id)
    scope, today = scope_of(principal), clock.today()
    members, count = await people.people(session, scope, people.Filters(organisation_id=row.id))
    grants = await people.grants(session, [person.subject for person in members])
    return OrganisationDetails(
        organisation=organisation_view(row),
        members=[
            Member(person.id, person.name, register_grants.roles_on(grants.get(person.subject, ()), today))
            for person in members
        ],
        count=count,
        matters=await handover.of_organisation(session, [row.id]),
        events=await entry_events(session, ("organisation",), row.id, scope),
        waiting=await waiting_about(session, str(row.id)),
    )


async def organisation_activity(
    session: AsyncSession, principal: Principal, organisation_id: UUID
) -> OrganisationActivity:
    """Return what is open at an organisation. Raises `Refused` (404)."""
    row = await visible_organisation(session, principal, organisation_id)
    return OrganisationActivity(
        organisation_view(row),
        await handover.of_organisation(session, [row.id]),
        await people.count_members(session, scope_of(principal), row.id),
    )


__all__ = [
    "Member",
    "OrganisationActivity",
    "OrganisationDetails",
    "OrganisationFilters",
    "OrganisationList",
    "OrganisationRecord",
    "organisation_activity",
    "organisation_details",
    "organisation_list",
    "organisation_record",
]
