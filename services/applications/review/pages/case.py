"""The page of one case, and its three decisions.

A clearance officer sees and decides it for an EU agency, the programme coordinator for all once a deadline has passed.
"""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.access.views import capacity_for
from services.applications.application.forms.tasks import TASK_FORMS
from services.applications.application.model import states
from services.applications.application.store import applications as store
from services.applications.application.views.answers import answer_changes, answer_sections
from services.applications.application.views.companions import company_of_case, company_sentence
from services.applications.application.views.history import history
from services.applications.application.views.standing import Case, case_of, standing
from services.applications.guards import Decider
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from services.applications.review.actions import endorsement as actions
from services.applications.review.actions.endings import can_cancel
from services.applications.review.forms.decisions import EndorseForm, NotEndorseForm, ReturnForm, seen_at
from shared.bus import Bus
from shared.contracts.applications import ApplicationEndorsed, ApplicationVoided
from shared.contracts.codes import NotEndorsedReason, Role, Section
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import may_coordinate
from shared.web.forms import Form
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/cases", include_in_schema=False)
deciders = allow(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR)


def case_address(application_id: UUID, rest: str = "") -> str:
    """The address of a case, or of a page of it."""
    return f"/applications/cases/{application_id}" + (f"/{rest}" if rest else "")


async def visible_case(bus: Bus, principal: Principal, application_id: UUID) -> Case:
    """Return a submitted case that is the principal's to see. Raises `Refused` (404)."""
    async with bus.read() as session:
        case = await case_of(session, application_id)
    if (
        case is None
        or case.application.submitted_at is None
        or not may_coordinate(principal, case.application.country, case.application.organisation_id)
    ):
        raise not_found()
    return case


@router.get("/{application_id}")
async def show(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show one case: status, rules, answers, and what can be decided now."""
    case = await visible_case(bus, principal, application_id)
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    async with bus.read() as session:
        steps = await store.steps(session, application_id)
        answers = await answer_sections(session, case, others=True)
        changed = await answer_changes(session, case)
        company = await company_of_case(session, case)
        own = await capacity_for(session, principal, case.application)
        may_cancel = programme and await can_cancel(session, case.application)
    decidable = states.possible(ApplicationEndorsed, case.application.own_state)
    shown_standing = standing(case, others=True)
    return render(
        request,
        "review/case.html",
        changed=changed,
        company=company_sentence(company, others=True),
        case=case,
        application=case.application,
        call=case.call,
        where=replace(shown_standing, holder=own.holder) if decidable else shown_standing,
        answers=answers,
        findings=case.findings_for(others=True),
        events=history(steps, principal, internal=True),
        decides=decidable and own.acting_as is not None,
        asked=own.notice_for(principal) if decidable else None,
        may_cancel=may_cancel,
        may_void=programme and states.possible(ApplicationVoided, case.application.own_state),
        done=request.query_params.get("done"),
    )


@router.get("/{application_id}/endorse")
async def ask_endorse(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Ask for confirmation, with room for a note."""
    case = await visible_case(bus, principal, application_id)
    return render(request, "review/endorse.html", application=case.application, form_=EndorseForm())


@router.post("/{application_id}/endorse")
async def endorse(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Endorse the application."""
    case, form = await visible_case(bus, principal, application_id), await EndorseForm.read(request)
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
    return await _return_page(request, await visible_case(bus, principal, application_id), ReturnForm(), bus)


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
        titles={code: task.title for code, task in TASK_FORMS.items()},
    )


@router.post("/{application_id}/return")
async def send_back(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Return the application for information."""
    case, form = await visible_case(bus, principal, application_id), await ReturnForm.read(request)
    remarks = {Section(field.name): field.data or "" for field in form}
    if form.validate() and not any(remarks.values()):
        form.refuse("contact", gettext("Write what you ask for, at least for one section."))
    elif form.validate() and await _decide(request, bus, principal, case, form, actions.Return(remarks)):
        return see_other(case_address(application_id) + "?done=returned")
    return await _return_page(request, case, form, bus, _status(form))


@router.get("/{application_id}/not-endorse")
async def ask_not_endorse(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Ask for the reason."""
    case = await visible_case(bus, principal, application_id)
    return render(request, "review/not_endorse.html", application=case.application, form_=NotEndorseForm())


@router.post("/{application_id}/not-endorse")
async def not_endorse(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Refuse the endorsement."""
    case, form = await visible_case(bus, principal, application_id), await NotEndorseForm.read(request)
    if form.validate():
        decision = actions.NotEndorse(NotEndorsedReason(form.reason.data), form.text.data or "")
        if await _decide(request, bus, principal, case, form, decision):
            return see_other(case_address(application_id) + "?done=not_endorsed")
    return render(request, "review/not_endorse.html", _status(form), application=case.application, form_=form)
