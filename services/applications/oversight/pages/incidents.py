"""Report an incident in confidence, and follow it up as one of its chosen readers.

A report's page holds the forms for notes and for its end, so they are answered here and not by a `Decision`.
"""

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.display import page_rows, tag
from services.applications.guards import PARTAKING, Anyone, AnyoneOrProtectionOfficer, IncidentHandler
from services.applications.oversight.actions import incidents as actions
from services.applications.oversight.forms import IncidentForm, WordsForm
from services.applications.oversight.model import Category, Reader, standing
from services.applications.oversight.views.incidents import Incident, IncidentReport, may_report, visible_incidents
from services.applications.parameters import BusDep
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.identity import Principal, signed_in
from shared.time import dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.lists import Cell, Column, Empty, Link, Listing, list_page, state_counts
from shared.web.live import live_route
from shared.web.query import state_of
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications", include_in_schema=False)
router.add_api_route("/incidents/live", live_route("incidents"), dependencies=[Depends(signed_in())])
HERE = "/applications/incidents"
_COORDINATORS = (Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR)


@router.get("/incidents")
async def show_all(
    request: Request,
    principal: AnyoneOrProtectionOfficer,
    bus: BusDep,
    state: Annotated[str, state_of("incident")] = "",
    page: Annotated[int, Query(ge=1, le=100)] = 1,
) -> Response:
    """List the reports that the reader made or handles, without their text."""
    async with bus.read() as session:
        visible = await visible_incidents(session, principal)
    filtered = [incident for incident in visible if not state or incident.state == state]
    empty = Empty(gettext("You have no reports to read."))
    if principal.has(*PARTAKING):
        why = gettext(
            "You have no reports yet. You can report an incident from the page of a match, visit or mentorship."
        )
        empty = Empty(why, gettext("View matches"), "/applications/matches")
    heads = gettext("Report"), gettext("About"), gettext("Reported on"), gettext("By"), gettext("State")
    listing = Listing(
        gettext("Incident reports"),
        HERE,
        [Column(head) for head in heads],
        [_row(incident) for incident in page_rows(filtered, page)],
        len(filtered),
        empty,
        page=page,
        counts=state_counts("incident", Counter(incident.state.value for incident in visible)),
        back="/applications/",
        live=(f"{HERE}/live", "incidents"),
        legend="incident",
    )
    return list_page(request, listing)


def _row(incident: Incident) -> list[Cell]:
    return [
        Link(incident.reference, f"{HERE}/{incident.id}"),
        labels.label(incident.category),
        dates.day(incident.reported_at, short=True),
        gettext("You") if incident.own else labels.label(incident.by),
        tag("incident", incident.state),
    ]


async def _ask(request: DecisionRequest[IncidentForm]) -> Question:
    """Show the form of a report, with what to do first if somebody is in danger."""
    async with request.bus.read() as session:
        case = await may_report(session, request.principal, request.id)
    return Question(
        gettext("Report an incident"),
        gettext("Report incident"),
        f"/applications/matches/{request.id}",
        caption=case.application.reference or "",
        template="oversight/incident_form.html",
    )


async def _report(request: DecisionRequest[IncidentForm]) -> str:
    form = request.form
    incident = await actions.report(
        request.bus,
        request.principal,
        request.id,
        Category(form.category.data),
        form.text.data or "",
        [Reader(reader) for reader in form.readers.data or []],
        form.happened_on.data,
    )
    return f"{HERE}/{incident.id}?done=reported"


add_decision(router, Anyone, Decision("/matches/{match_id}/incident", IncidentForm, _ask, _report))


@router.get("/incidents/{incident_id}")
async def show(request: Request, incident_id: UUID, principal: AnyoneOrProtectionOfficer, bus: BusDep) -> Response:
    """Show one report to its reporter and its chosen readers."""
    return await _page(request, principal, bus, incident_id, WordsForm())


async def _page(
    request: Request,
    principal: Principal,
    bus: Bus,
    incident_id: UUID,
    form: WordsForm,
    status: int = 200,
    at: str = "",
) -> Response:
    incident = await actions.look(bus, principal, incident_id)
    answer = render(
        request,
        "oversight/incident.html",
        status,
        incident=incident,
        form_=form,
        at_=at,
        where=Standing.of(
            state("incident", incident.state),
            standing(incident.state, incident.readers, handles=incident.handles),
            incident.since,
        ),
        category=labels.label(incident.category),
        party=labels.label(incident.by),
        readers=[labels.label(reader) for reader in incident.readers],
        link=_about(incident, principal),
        done=request.query_params.get("done"),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _about(incident: IncidentReport, principal: Principal) -> str:
    """Return the link to the visit or mentorship; none for a data protection officer, who may not see it."""
    if not incident.own and not principal.has(*_COORDINATORS):
        return ""
    if incident.visit_id is not None:
        return f"/applications/visits/{incident.visit_id}"
    return f"/applications/mentorships/{incident.mentorship_id}"


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledge(incident_id: UUID, principal: IncidentHandler, bus: BusDep) -> Response:
    """Acknowledge that the report was read and is followed up."""
    await actions.acknowledge(bus, principal, incident_id)
    return see_other(f"{HERE}/{incident_id}?done=acknowledged")


@router.post("/incidents/{incident_id}/notes")
async def note(request: Request, incident_id: UUID, principal: IncidentHandler, bus: BusDep) -> Response:
    """Note what was done or found."""
    form = await WordsForm.read(request)
    if not form.validate():
        return await _page(request, principal, bus, incident_id, form, 422, "notes")
    await actions.note(bus, principal, incident_id, form.text.data or "")
    return see_other(f"{HERE}/{incident_id}?done=noted")


@router.post("/incidents/{incident_id}/close")
async def close(request: Request, incident_id: UUID, principal: IncidentHandler, bus: BusDep) -> Response:
    """Close a report with an answer to the reporter."""
    form = await WordsForm.read(request)
    if not form.validate():
        return await _page(request, principal, bus, incident_id, form, 422, "close")
    await actions.close(bus, principal, incident_id, form.text.data or "")
    return see_other(f"{HERE}/{incident_id}?done=closed")
