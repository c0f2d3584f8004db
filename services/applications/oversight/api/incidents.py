"""How does a program report an incident, and how do those chosen for it read it and follow it up?"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from services.applications.oversight.actions import incidents as actions
from services.applications.oversight.model import LONGEST, Category, Reader
from services.applications.oversight.store.incidents import Incident
from services.applications.parameters import Body, BusDep
from shared.contracts.codes import Role
from shared.identity import Principal, allow

router = APIRouter(prefix="/applications/api", tags=["incidents"])
_PARTIES = (
    Role.OFFICER,
    Role.MENTOR,
    Role.HOST_CONTACT,
    Role.NATIONAL_COORDINATOR,
    Role.CLEARANCE_OFFICER,
    Role.PROGRAMME_COORDINATOR,
)
Involved = Annotated[Principal, Depends(allow(*_PARTIES))]
Anyone = Annotated[Principal, Depends(allow(*_PARTIES, Role.DATA_PROTECTION_OFFICER))]
Handler = Annotated[
    Principal,
    Depends(
        allow(
            Role.NATIONAL_COORDINATOR,
            Role.CLEARANCE_OFFICER,
            Role.PROGRAMME_COORDINATOR,
            Role.DATA_PROTECTION_OFFICER,
        )
    ),
]


class Report(Body):
    """What happened, and who may read it."""

    category: Category
    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    readers: Annotated[tuple[Reader, ...], Field(min_length=1)]
    happened_on: date | None = None


class Words(Body):
    """A note, or what whoever reported it is told."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]


def _row(one: Incident) -> dict[str, Any]:
    return {
        "id": one.id,
        "reference": one.reference,
        "category": one.category,
        "state": one.state,
        "since": one.since,
        "reported_at": one.reported_at,
    }


def _whole(view: actions.View) -> dict[str, Any]:
    one = view.incident
    return _row(one) | {
        "match_id": one.match_id,
        "visit_id": one.visit_id,
        "mentorship_id": one.mentorship_id,
        "by": one.party,
        "happened_on": one.happened_on,
        "text": one.text,
        "readers": one.readers,
        "answer": one.answer,
        "yours": view.own,
        "yours_to_handle": view.handles,
        "notes": [{"text": note.text, "at": note.at} for note in view.notes],
    }


@router.post("/matches/{match_id}/incidents", status_code=201)
async def report(match_id: UUID, body: Report, principal: Involved, bus: BusDep) -> dict[str, Any]:
    """Report an incident of a visit or mentorship, to those chosen and nobody else."""
    made = await actions.report(bus, principal, match_id, body.category, body.text, body.readers, body.happened_on)
    return _row(made)


@router.get("/incidents")
async def read_all(principal: Anyone, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """What the reader reported or is to handle, without what it says."""
    async with bus.read() as session:
        return {"incidents": [_row(one) for one in await actions.listed(session, principal)]}


@router.get("/incidents/{incident_id}")
async def read_one(incident_id: UUID, principal: Anyone, bus: BusDep) -> dict[str, Any]:
    """One report; each look of those who handle it is noted."""
    return _whole(await actions.look(bus, principal, incident_id))


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(incident_id: UUID, principal: Handler, bus: BusDep) -> dict[str, Any]:
    """Say that it was read and is followed up."""
    return _row(await actions.acknowledge(bus, principal, incident_id))


@router.post("/incidents/{incident_id}/notes", status_code=201)
async def note(incident_id: UUID, body: Words, principal: Handler, bus: BusDep) -> dict[str, Any]:
    """Note what was done or found, for those who handle it."""
    return _row(await actions.note(bus, principal, incident_id, body.text))


@router.post("/incidents/{incident_id}/close")
async def close(incident_id: UUID, body: Words, principal: Handler, bus: BusDep) -> dict[str, Any]:
    """Close it, with what whoever reported it is told."""
    return _row(await actions.close(bus, principal, incident_id, body.text))
