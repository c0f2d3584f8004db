"""Serve incident reports: to make one, read it and follow it up."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.guards import Anyone, AnyoneOrProtectionOfficer, IncidentHandler
from services.applications.oversight.actions import incidents as actions
from services.applications.oversight.model import LONGEST, Category, Reader
from services.applications.oversight.views import incidents as views
from services.applications.oversight.views.incidents import Incident, IncidentReport
from services.applications.parameters import Body, BusDep
from shared.contracts.base import Day
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1", tags=["incidents"])


class Report(Body):
    """A report of an incident, and the readers whom the reporter chooses."""

    category: Category
    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    readers: Annotated[tuple[Reader, ...], Field(min_length=1)]
    happened_on: Day | None = None


class Words(Body):
    """A note, or the answer to the reporter."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]


@router.post("/matches/{match_id}/incidents", status_code=201)
async def report(match_id: UUID, body: Report, principal: Anyone, bus: BusDep) -> Incident:
    """Report an incident of a visit or mentorship, to the chosen readers and nobody else."""
    return await actions.report(bus, principal, match_id, body.category, body.text, body.readers, body.happened_on)


@router.get("/incidents")
async def read_all(principal: AnyoneOrProtectionOfficer, bus: BusDep, page: PageDep) -> Page[Incident]:
    """Return the reports that the caller made or handles, without their text, the newest first."""
    async with bus.read() as session:
        return await views.incidents_page(session, principal, page)


@router.get("/incidents/{incident_id}")
async def read_one(incident_id: UUID, principal: AnyoneOrProtectionOfficer, bus: BusDep) -> IncidentReport:
    """Return one report; each look of a handler is logged."""
    return await actions.look(bus, principal, incident_id)


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(incident_id: UUID, principal: IncidentHandler, bus: BusDep) -> Incident:
    """Acknowledge that the report was read and is followed up."""
    return await actions.acknowledge(bus, principal, incident_id)


@router.post("/incidents/{incident_id}/notes", status_code=201)
async def note(incident_id: UUID, body: Words, principal: IncidentHandler, bus: BusDep) -> Incident:
    """Note what was done or found, for the handlers."""
    return await actions.note(bus, principal, incident_id, body.text)


@router.post("/incidents/{incident_id}/close")
async def close(incident_id: UUID, body: Words, principal: IncidentHandler, bus: BusDep) -> Incident:
    """Close a report with an answer to the reporter."""
    return await actions.close(bus, principal, incident_id, body.text)
