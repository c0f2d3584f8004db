"""Which entries of the register does somebody see and propose? Own country, own EU agency, or all."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.refusals import not_found
from services.applications.register.model.grants import PROGRAMME_WIDE, PROPOSED_BY_AGENCY, PROPOSED_BY_COUNTRY
from services.applications.register.store import entries, people
from services.applications.register.store.people import RegisterScope
from shared.contracts.codes import Role
from shared.identity.scope import countries_visible

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal


def scope_of(principal: Principal) -> RegisterScope:
    """What a coordinator of the programme or of a country, or the clearance officer of an EU agency, sees."""
    countries = countries_visible(principal)
    if countries is None:
        return RegisterScope()
    return RegisterScope(countries, frozenset(UUID(one) for one in principal.organisations(Role.CLEARANCE_OFFICER)))


def decides(principal: Principal) -> bool:
    """Whether what somebody proposes needs nobody's approval."""
    return principal.has(Role.PROGRAMME_COORDINATOR)


def grantable(principal: Principal) -> tuple[Role, ...]:
    """The roles that somebody may propose, in the order of the code list."""
    if decides(principal):
        return tuple(Role)
    wanted: set[Role] = set()
    if principal.has(Role.NATIONAL_COORDINATOR):
        wanted |= set(PROPOSED_BY_COUNTRY)
    if principal.has(Role.CLEARANCE_OFFICER):
        wanted |= set(PROPOSED_BY_AGENCY)
    return tuple(role for role in Role if role in wanted - PROGRAMME_WIDE)


async def seen_person(
    session: AsyncSession, principal: Principal, person_id: UUID, *, lock: bool = False
) -> entries.Person:
    """A person that is somebody's to see. Raises `Refused` (404)."""
    person = await people.by_id(session, person_id, lock=lock)
    if person is None or not scope_of(principal).covers(person.country, person.organisation_id):
        raise not_found()
    return person


async def seen_organisation(
    session: AsyncSession, principal: Principal, organisation_id: UUID, *, lock: bool = False
) -> entries.Organisation:
    """An organisation that is somebody's to see. Raises `Refused` (404)."""
    organisation = await entries.organisation(session, organisation_id, lock=lock)
    if organisation is None or not scope_of(principal).covers(organisation.country, organisation.id):
        raise not_found()
    return organisation
