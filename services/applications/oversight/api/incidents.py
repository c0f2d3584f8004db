"""Serve incident reports: to make one, read it and follow it up."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.guards import Anyone, AnyoneOrProtectionOfficer, IncidentHandler
from services.applications.oversight.actions import incidents as actions
from services.applications.oversight.model import LONGEST, Category, Reader
from services.applications.oversight.store.incidents import Incident
from services.applications.oversight.views.incidents import IncidentView, visible_incidents
from services.applications.parameters import Body, BusDep

router = APIRouter(prefix="/applications/api/v1", tags=["incidents"])


class Report(Body):
    """What happened, and who may read it."""

    category: Category
    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    readers: Annotated[tuple[Reader, ...], Field(min_length=1)]
    happened_on: date | None = None


class Words(Body):
    """A note, or the answer to the reporter."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]


def _row(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "reference": incident.reference,
        "category": incident.category,
        "state": incident.state,
        "since": incident.since,
        "reported_at": incident.reported_at,
    }


def _incident_json(view: IncidentView) -> dict[str, Any]:
    incident = view.incident
    return _row(incident) | {
        "match_id": incident.match_id,
        "visit_id": incident.visit_id,
        "mentorship_id": incident.mentorship_id,
        "by": incident.party,
        "happened_on": incident.happened_on,
        "text": incident.text,
        "readers": incident.readers,
        "answer": incident.answer,
        "yours": view.own,
        "yours_to_handle": view.handles,
        "notes": [{"text": note.text, "at": note.at} for note in view.notes],
    }


@router.post("/matches/{match_id}/incidents", status_code=201)
async def report(match_id: UUID, body: Report, principal: Anyone, bus: BusDep) -> dict[str, Any]:
    """Report an incident of a visit or mentorship, to the chosen readers and nobody else."""
    incident = await actions.report(bus, principal, match_id, body.category, body.text, body.readers, body.happened_on)
    return _row(incident)


@router.get("/incidents")
async def read_all(principal: AnyoneOrProtectionOfficer, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """The reports that the caller made or handles, without their text."""
    async with bus.read() as session:
        return {"incidents": [_row(incident) for incident in await visible_incidents(session, principal)]}


@router.get("/incidents/{incident_id}")
async def read_one(incident_id: UUID, principal: AnyoneOrProtectionOfficer, bus: BusDep) -> dict[str, Any]:
    """One report; each look of a handler is logged."""
    return _incident_json(await actions.look(bus, principal, incident_id))


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(incident_id: UUID, principal: IncidentHandler, bus: BusDep) -> dict[str, Any]:
    """Acknowledge that the report was read and is followed up."""
    return _row(await actions.acknowledge(bus, principal, incident_id))


@router.post("/incidents/{incident_id}/notes", status_code=201)
async def note(incident_id: UUID, body: Words, principal: IncidentHandler, bus: BusDep) -> dict[str, Any]:
    """Note what was done or found, for the handlers."""
    return _row(await actions.note(bus, principal, incident_id, body.text))


@router.post("/incidents/{incident_id}/close")
async def close(incident_id: UUID, body: Words, principal: IncidentHandler, bus: BusDep) -> dict[str, Any]:
    """Close a report with an answer to the reporter."""
    return _row(await actions.close(bus, principal, incident_id, body.text))
