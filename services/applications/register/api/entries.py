"""Serve single organisations and people of the register, with open matters and history."""

from uuid import UUID

from fastapi import APIRouter

from services.applications.guards import Decider
from services.applications.parameters import REGISTER_API, BusDep
from services.applications.register.views import organisations, people
from services.applications.register.views.organisations import OrganisationRecord
from services.applications.register.views.people import PersonRecord

router = APIRouter(prefix=REGISTER_API, tags=["register"])


@router.get("/organisations/{organisation_id}")
async def read_organisation(organisation_id: UUID, principal: Decider, bus: BusDep) -> OrganisationRecord:
    """Return one organisation, what it takes part in as a host, and its changes."""
    async with bus.read() as session:
        return await organisations.organisation_record(session, principal, organisation_id)


@router.get("/people/{person_id}")
async def read_person(person_id: UUID, principal: Decider, bus: BusDep) -> PersonRecord:
    """Return one person with all roles, open matters and changes."""
    async with bus.read() as session:
        return await people.person_record(session, principal, person_id)
