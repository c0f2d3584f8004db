"""Serve single organisations and people of the register, with open matters and history."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.applications.guards import Decider
from services.applications.overview.views import handover
from services.applications.parameters import REGISTER_API, BusDep
from services.applications.register.store import people
from services.applications.register.store.history import RegisterChange, history
from services.applications.register.views.scope import decides, visible_organisation, visible_person


def history_entry(change: RegisterChange, *, named: bool) -> dict[str, Any]:
    """Return a change of the history as JSON; with `named` also who made it."""
    return change.model_dump(mode="json", exclude=set() if named else {"actor"})


router = APIRouter(prefix=REGISTER_API, tags=["register"])


@router.get("/organisations/{organisation_id}")
async def read_organisation(organisation_id: UUID, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """One organisation, what it takes part in as a host, and its changes."""
    async with bus.read() as session:
        organisation = await visible_organisation(session, principal, organisation_id)
        matters = await handover.of_organisation(session, [organisation.id])
        changes = await history(session, ("organisation",), organisation.id)
    return {
        "organisation": organisation.model_dump(mode="json"),
        "open": [{"title": matter.title, "state": matter.state, "href": matter.href} for matter in matters],
        "history": [history_entry(change, named=decides(principal)) for change in changes],
    }


@router.get("/people/{person_id}")
async def read_person(person_id: UUID, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """One person with all roles, open matters and changes."""
    async with bus.read() as session:
        person = await visible_person(session, principal, person_id)
        grants = (await people.grants(session, [person.subject])).get(person.subject, ())
        matters = await handover.of_person(session, person)
        offices = await handover.offices_of(session, person, grants)
        changes = await history(session, ("person", "access"), person.id)
    return {
        "person": person.model_dump(mode="json"),
        "grants": [grant.model_dump(mode="json") for grant in grants],
        "address_waits": person.unconfirmed_address,
        "open": [{"title": matter.title, "state": matter.state, "href": matter.href} for matter in matters],
        "offices": [
            {"grant": office.grant.model_dump(mode="json"), "others": len(office.others)} for office in offices
        ],
        "history": [history_entry(change, named=decides(principal)) for change in changes],
    }
