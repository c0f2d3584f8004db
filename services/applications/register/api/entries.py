"""What do the register's routes for programs share: who may call them, and how an entry is given?"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.applications.guards import Decider
from services.applications.overview.views import handover
from services.applications.parameters import REGISTER_API, BusDep
from services.applications.register.store import people
from services.applications.register.store.history import RegisterChange, history
from services.applications.register.views.scope import decides, seen_organisation, seen_person


def history_entry(change: RegisterChange, *, named: bool) -> dict[str, Any]:
    """A change of the history; who made it only to the programme."""
    return change.model_dump(mode="json", exclude=set() if named else {"actor"})


router = APIRouter(prefix=REGISTER_API, tags=["register"])


@router.get("/organisations/{organisation_id}")
async def read_organisation(organisation_id: UUID, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """One organisation, what it takes part in as a host, and what was changed."""
    async with bus.read() as session:
        one = await seen_organisation(session, principal, organisation_id)
        open_ = await handover.of_organisation(session, [one.id])
        changes = await history(session, ("organisation",), one.id)
    return {
        "organisation": one.model_dump(mode="json"),
        "open": [{"title": item.title, "state": item.state, "href": item.href} for item in open_],
        "history": [history_entry(change, named=decides(principal)) for change in changes],
    }


@router.get("/people/{person_id}")
async def read_person(person_id: UUID, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """One person with all roles, what is open, and what was changed."""
    async with bus.read() as session:
        one = await seen_person(session, principal, person_id)
        grants = (await people.grants(session, [one.subject])).get(one.subject, ())
        open_ = await handover.of_person(session, one)
        offices = await handover.offices_of(session, one, grants)
        changes = await history(session, ("person", "access"), one.id)
    return {
        "person": one.model_dump(mode="json"),
        "grants": [grant.model_dump(mode="json") for grant in grants],
        "address_waits": one.unconfirmed_address,
        "open": [{"title": item.title, "state": item.state, "href": item.href} for item in open_],
        "offices": [
            {"grant": office.grant.model_dump(mode="json"), "others": len(office.others)} for office in offices
        ],
        "history": [history_entry(change, named=decides(principal)) for change in changes],
    }
