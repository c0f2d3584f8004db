"""The page of one case, and its three decisions.

A clearance officer sees and decides it for an EU agency, the programme coordinator for all once a deadline has passed.
"""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.application.model import states
from services.applications.application.model.tasks import TASKS, task_title
from services.applications.application.views.answers import answer_sections
from services.applications.application.views.standing import Case
from services.applications.guards import Decider
from services.applications.parameters import BusDep
from services.applications.review.actions import endorsement as actions
from services.applications.review.actions.endings import can_cancel
from services.applications.review.forms.decisions import EndorseForm, NotEndorseForm, ReturnForm, seen_at
from services.applications.review.views.case import case_address, case_page, load_case
from shared.bus import Bus
from shared.contracts.applications import ApplicationVoided
from shared.contracts.codes import NotEndorsedReason, Role, Section
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.web.forms import Form
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/cases", include_in_schema=False)
deciders = allow(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR)


@router.get("/{application_id}")
async def show(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show one case: status, rules, answers, and what can be decided now."""
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    async with bus.read() as session:
        view = await case_page(session, principal, application_id)
        may_cancel = programme and await can_cancel(session, view.case.application)
    return render(
        request,
        "review/case.html",
        view=view,
        case=view.case,
        application=view.case.application,
        call=view.case.call,
        findings=view.case.findings_for(others=True),
        may_cancel=may_cancel,
        may_void=programme and states.possible(ApplicationVoided, view.case.application.own_state),
        done=request.query_params.get("done"),
    )


@router.get("/{application_id}/endorse")
async def ask_endorse(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Ask for confirmation, with room for a note."""
    case = await load_case(bus, principal, application_id)
    return render(request, "review/endorse.html", application=case.application, form_=EndorseForm())


@router.post("/{application_id}/endorse")
async def endorse(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Endorse the application."""
    case, form = await load_case(bus, principal, application_id), await EndorseForm.read(request)
    decision = actions.Endorse(form.note.data or "")
    if form.validate() and await _decide(request, bus, principal, case, form, decision):
        return see_other(case_address(application_id) + "?done=endorsed")
    return render(request, "review/endorse.html", _status(form), application=case.application, form_=form)


async def _decide(
    request: Request, bus: Bus, principal: Principal, case: Case, form: Form, decision: actions.Decision
) -> bool:
    """Decide and return True; where the case has changed since the page was opened, say so on the form."""
    try:
        await actions.decide(bus, principal, case.application.id, decision, opened_at=await seen_at(request))
    except Refused as refused:
        if refused.status_code not in {409, 422}:
            raise
        form.refuse("", refused.detail)
        return False
    return True


def _status(form: Form) -> int:
    """Return 409 where the case has moved on, 422 where the form itself has to be corrected."""
    return 409 if form.form_errors else 422


@router.get("/{application_id}/return")
async def ask_return(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Ask for a remark on each section."""
    return await _return_page(request, await load_case(bus, principal, application_id), ReturnForm(), bus)


async def _return_page(request: Request, case: Case, form: ReturnForm, bus: Bus, status: int = 200) -> Response:
    async with bus.read() as session:
        answers = {section.code: section.rows for section in await answer_sections(session, case, others=True)}
    return render(
        request,
        "review/return.html",
        status,
        application=case.application,
        form_=form,
        shown=answers,
        titles={code: task_title(code) for code in TASKS},
    )


@router.post("/{application_id}/return")
async def send_back(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Return the application for information."""
    case, form = await load_case(bus, principal, application_id), await ReturnForm.read(request)
    remarks = {Section(field.name): field.data or "" for field in form}
    if form.validate() and not any(remarks.values()):
        form.refuse("contact", gettext("Write what you ask for, at least for one section."))
    elif form.validate() and await _decide(request, bus, principal, case, form, actions.Return(remarks)):
        return see_other(case_address(application_id) + "?done=returned")
    return await _return_page(request, case, form, bus, _status(form))


@router.get("/{application_id}/not-endorse")
async def ask_not_endorse(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Ask for the reason."""
    case = await load_case(bus, principal, application_id)
    return render(request, "review/not_endorse.html", application=case.application, form_=NotEndorseForm())


@router.post("/{application_id}/not-endorse")
async def not_endorse(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Refuse the endorsement."""
    case, form = await load_case(bus, principal, application_id), await NotEndorseForm.read(request)
    if form.validate():
        decision = actions.NotEndorse(NotEndorsedReason(form.reason.data), form.text.data or "")
        if await _decide(request, bus, principal, case, form, decision):
            return see_other(case_address(application_id) + "?done=not_endorsed")
    return render(request, "review/not_endorse.html", _status(form), application=case.application, form_=form)
