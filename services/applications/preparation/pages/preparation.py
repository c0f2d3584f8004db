"""The pages of a visit's preparation: the checklist, and a page for each item."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.guards import Anyone, Participant
from services.applications.matches.views import parties
from services.applications.overview.views.participation import VisitView
from services.applications.parameters import BusDep
from services.applications.preparation import model
from services.applications.preparation.actions import preparation as actions
from services.applications.preparation.forms import SHEET_FORMS
from services.applications.preparation.model.letters import LetterKind
from services.applications.preparation.views import readiness
from services.applications.preparation.views.preparation import (
    SheetToFill,
    letter_list,
    preparation_page,
    sheet_to_fill,
)
from services.applications.transitions import NotNow
from services.applications.visits.views.names import party_name, visit_path
from shared.contracts import labels
from shared.contracts.codes import Party, PreparationItem, Role
from shared.contracts.lifecycle.state_sets import VISIT_GOING
from shared.i18n import N_, gettext
from shared.time import clock, dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form
from shared.web.render import render, see_other
from shared.web.states import state

router = APIRouter(prefix="/applications/visits", include_in_schema=False)
ROLES = (
    Role.OFFICER,
    Role.MENTOR,
    Role.HOST_CONTACT,
    Role.NATIONAL_COORDINATOR,
    Role.CLEARANCE_OFFICER,
    Role.PROGRAMME_COORDINATOR,
)


_OWN_PAGES: dict[PreparationItem, str] = {PreparationItem.COSTS: "costs", PreparationItem.INVITATION: "letters"}
_EXPLANATIONS: dict[PreparationItem, str] = {
    PreparationItem.AUTHORISATION: N_("The order or letter in which the sending agency allows the officer to travel."),
    PreparationItem.VISA: N_("Only you and the coordinator of your country see the days. Others see the status."),
    PreparationItem.INSURANCE: N_("Only you and the coordinator of your country see the insurer and the number."),
    PreparationItem.EMERGENCY_CONTACT: N_(
        "Only you can see this. On the days of the visit your host can view it, and we record each view."
    ),
    PreparationItem.ACCESS_NEEDS: N_(
        "You do not have to answer this. If you answer, you agree that your host reads it."
    ),
    PreparationItem.ARRIVAL: N_("The guest reads this, with your name and address."),
}


@router.get("/{visit_id}/preparation")
async def show(request: Request, visit_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """Show the checklist: the reader's items first, then those of the others."""
    async with bus.read() as session:
        found = await preparation_page(session, principal, visit_id)
    view = found.view
    if view.checklist is None:
        return see_other(visit_path(visit_id))
    own_sides = readiness.sides(view.of.case)
    own_items = [standing for standing in view.checklist.standings if readiness.owns_item(view.of.case, standing.item)]
    own_items = [
        standing
        for standing in own_items
        if standing.item in view.checklist.required or standing.item is PreparationItem.ACCESS_NEEDS
    ]
    other_items = [
        standing
        for standing in view.checklist.standings
        if standing not in own_items and standing.item in view.checklist.required
    ]
    read = {item for item in _OWN_PAGES if own_sides & model.READERS[item]}
    return render(
        request,
        "preparation/preparation.html",
        view=view,
        visit=view.visit,
        due=view.preparation_due,
        mine=[_task(view, standing, linked=True) for standing in sorted(own_items, key=_urgency)],
        others=[_task(view, standing, linked=standing.item in read) for standing in other_items],
        complete=view.checklist.complete,
        read=[
            {"title": labels.label(standing.item), "rows": sheet_rows(found.sheets[standing.item])}
            for standing in view.checklist.standings
            if standing.item in found.sheets and standing.item is not PreparationItem.COSTS
        ],
        emergency=Party.HOST in own_sides and _may_see_emergency(view),
        emergency_days=view.visit.start is not None and Party.HOST in own_sides,
        done=request.query_params.get("done"),
    )


def _urgency(status: model.Standing) -> int:
    return [model.Readiness.PROBLEM, model.Readiness.MISSING, model.Readiness.UNDER_WAY, model.Readiness.THERE].index(
        status.ready if status.ready is not model.Readiness.NOT_ASKED else model.Readiness.THERE
    )


def _task(view: VisitView, status: model.Standing, *, linked: bool) -> dict[str, Any]:
    page = _OWN_PAGES.get(status.item)
    mine = readiness.owns_item(view.of.case, status.item)
    hint = status.remark or (
        "" if mine else gettext("Provided by: %(owner)s") % {"owner": party_name(view.visit, status.owner)}
    )
    if status.item is PreparationItem.ACCESS_NEEDS and status.ready is model.Readiness.NOT_ASKED:
        hint = gettext("If you need anything, tell your host here.")
    open_ = view.visit.stands in VISIT_GOING
    return {
        "title": labels.label(status.item),
        "hint": hint,
        "href": visit_path(view.visit.id, page or f"preparation/{status.item.value}")
        if linked and (open_ or page)
        else None,
        "state": None
        if status.item is PreparationItem.ACCESS_NEEDS and status.ready is model.Readiness.NOT_ASKED
        else state("preparation", status.ready),
        "status": gettext("Optional"),
    }


def _may_see_emergency(view: VisitView) -> bool:
    """Return whether today is a day on which the host can read the emergency contact."""
    visit = view.visit
    assert visit.start is not None
    assert visit.end is not None
    try:
        model.may_see_emergency(visit.stands, visit.start, visit.end, clock.today())
    except NotNow:
        return False
    return True


_FIELDS: dict[str, str] = {
    "reference": N_("Reference"),
    "given_on": N_("Of"),
    "result": N_("Status"),
    "applied_on": N_("Applied on"),
    "decided_on": N_("Decided on"),
    "valid_from": N_("Valid from"),
    "valid_until": N_("Valid until"),
    "insurer": N_("Insurer"),
    "policy_number": N_("Policy"),
    "contact_name": N_("Ask for"),
    "contact_email": N_("Email"),
    "contact_phone": N_("Telephone"),
    "place": N_("Where"),
    "at": N_("Time"),
    "bring": N_("To bring"),
    "text": N_("What is needed"),
    "name": N_("Name"),
    "relation": N_("About the person"),
    "phone": N_("Telephone"),
    "languages": N_("Languages"),
}


def sheet_rows(sheet: model.Sheet) -> list[dict[str, str]]:
    """Return a sheet as rows to read."""
    rows = []
    for name, value in sheet:
        if value in (None, ""):
            continue
        text = str(value)
        if hasattr(value, "strftime"):
            text = value.strftime("%H:%M") if name == "at" else dates.day(value)
        elif name == "result":
            text = labels.label(value)
        rows.append({"key": gettext(_FIELDS[name]), "value": text})
    return rows


def _sheet_decision(item: PreparationItem) -> Decision[Form]:
    """Return the page on which the owner fills in one sheet."""

    async def sheet(request: DecisionRequest[Form]) -> SheetToFill:
        async with request.bus.read() as session:
            return await sheet_to_fill(session, request.principal, request.id, item)

    async def written(request: DecisionRequest[Form]) -> Form:
        return SHEET_FORMS[item](data=_form_values(await sheet(request), item))

    async def ask(request: DecisionRequest[Form]) -> Question:
        found = await sheet(request)
        return Question(
            labels.label(item),
            gettext("Save details"),
            visit_path(request.id, "preparation"),
            caption=found.reference or "",
            text=gettext(_EXPLANATIONS[item]),
        )

    async def write(request: DecisionRequest[Form]) -> str:
        values = {field.name: field.data for field in request.form}
        await actions.fill_in(request.bus, request.principal, request.id, item, values)
        return visit_path(request.id, "preparation") + "?done=written"

    return Decision(f"/{{visit_id}}/preparation/{item.value}", SHEET_FORMS[item], ask, write, new=written)


def _form_values(found: SheetToFill, item: PreparationItem) -> dict[str, object]:
    """Return what the form shows first: what was written, or for a first arrival sheet the host's own name."""
    sheet, person = found.sheet, found.person
    if sheet is None:
        if item is PreparationItem.ARRIVAL and person is not None:
            return {"contact_name": person.name, "contact_email": person.email}
        return {}
    at = {"at": sheet.at.strftime("%H:%M")} if isinstance(sheet, model.Arrival) else {}
    return sheet.model_dump() | at


for sheet_item in SHEET_FORMS:
    add_decision(router, Anyone, _sheet_decision(sheet_item))


@router.get("/{visit_id}/preparation/{item}")
async def ask_elsewhere(visit_id: UUID, item: PreparationItem, principal: Anyone, bus: BusDep) -> Response:
    """Redirect to the page of the costs or the letters, which are no sheets."""
    async with bus.read() as session:
        await parties.case_of_visit(session, principal, visit_id)
    return see_other(visit_path(visit_id, _OWN_PAGES[item]))


@router.post("/{visit_id}/emergency")
async def emergency(request: Request, visit_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Show the guest's emergency contact on a day of the visit; each access is logged, so it is a form, not a link."""
    sheet = await actions.emergency_contact(bus, principal, visit_id)
    async with bus.read() as session:
        case, visit = await parties.case_of_visit(session, principal, visit_id)
    answer = render(
        request,
        "preparation/emergency.html",
        visit=visit,
        rows=sheet_rows(sheet),
        phone=sheet.phone,
        caption=case.application.reference,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/{visit_id}/letters")
async def show_letters(request: Request, visit_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """Show the letters that were made and, to the host, those that can be made."""
    async with bus.read() as session:
        found = await letter_list(session, principal, visit_id)
    view, own_sides = found.view, readiness.sides(found.view.of.case)
    days = (view.visit.start, view.visit.end)
    return render(
        request,
        "preparation/letters.html",
        view=view,
        visit=view.visit,
        remark=found.remark,
        letters=[(letter, labels.label(letter.kind), (letter.start, letter.end) == days) for letter in found.letters],
        kinds=list(LetterKind),
        may_make=Party.HOST in own_sides and view.visit.stands in VISIT_GOING,
        done=request.query_params.get("done"),
    )
