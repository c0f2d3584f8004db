"""The officer's page of an application: task list, check answers, status and withdrawal."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from wtforms import SelectField, TextAreaField

from services.applications.application.actions import applications as actions
from services.applications.application.actions import reuse
from services.applications.application.actions.answers import WRITABLE
from services.applications.application.forms.tasks import choices
from services.applications.application.model import states
from services.applications.application.model.answers import application_address, missing
from services.applications.application.views import status
from services.applications.application.views.standing import (
    Case,
    own_case,
    own_case_in,
    standing,
)
from services.applications.guards import Officer
from services.applications.outcomes.actions import line_managers, tickets
from services.applications.outcomes.views import manager_to_confirm
from services.applications.parameters import BusDep, Portal
from services.applications.review.actions import appeals
from shared.bus import Bus
from shared.contracts.codes import ApplicationKind, ApplicationState, StatedReason
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.time import clock
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form, Longest, Needed, sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications", include_in_schema=False)


class WithdrawForm(Form):
    """The form to withdraw an application, with a reason."""

    reason = SelectField(
        N_("Why are you withdrawing?"), [Needed(N_("Choose a reason"))], choices=lambda: choices(StatedReason)
    )
    text = TextAreaField(
        N_("Anything that your coordinator should know"),
        [Longest(1000)],
        description=N_("Only your coordinator and the programme read this"),
    )


class ReplyForm(Form):
    """The officer's reply to the coordinator's remarks on a returned application."""

    text = TextAreaField(
        N_("Your answer to your coordinator"),
        [Longest(actions.MOST_REPLY)],
        description=N_("Anything that is not in your application. You and your coordinator can read it later."),
    )


@router.post("/calls/{call_id}/apply")
async def begin(request: Request, call_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Begin an application, or open the existing draft."""
    kind = str((await sent(request)).get("kind", ApplicationKind.STUDY_VISIT))
    if kind not in list(ApplicationKind):
        raise Refused(gettext("Choose a study visit or mentoring."), 422)
    application = await actions.begin(bus, principal, call_id, ApplicationKind(kind))
    return see_other(application_address(application.id))


@router.get("/mine/{application_id}")
async def show(request: Request, application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Show the task list while it can be written; after that status, answers and history."""
    async with bus.read() as session:
        case = await own_case_in(session, principal, application_id)
        application = case.application
        found = await status.status(session, principal, case)
        decision = await appeals.appealable(session, application)
        may_withdraw = await actions.may_withdraw(session, application)
        may_name = await line_managers.may_name(session, application)
        manager_over = not may_name and await line_managers.follow_up_over(session, application)
        manager_waits = await manager_to_confirm(session, application) is not None
        before = await reuse.earlier(session, application)
        notes = await reuse.out_of_date(session, case)
        next_calls = await reuse.next_calls(session, application)
    writable = application.own_state in WRITABLE
    return render(
        request,
        "application/show.html",
        case=case,
        application=application,
        call=case.call,
        view=found,
        where=replace(standing(case), reason=found.reason),
        writable=writable,
        over_since=_over_since(case),
        tasks=status.task_rows(case, found.remarks, notes) if writable else [],
        left=len(missing(application.answers, case.terms)),
        findings=case.findings,
        earlier=before,
        next_calls=next_calls,
        may_withdraw=may_withdraw,
        may_change=states.may_change(application.own_state, case.shown_state),
        may_name=may_name,
        manager_over=manager_over,
        manager_waits=manager_waits,
        appeal_until=decision.until if decision and appeals.may_file(application, decision) else None,
        done=request.query_params.get("done"),
    )


@router.post("/mine/{application_id}/again")
async def take_over(application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Reuse the answers of the newest earlier application."""
    async with bus.read() as session:
        case = await own_case_in(session, principal, application_id)
        before = await reuse.earlier(session, case.application)
    if before is None:
        return see_other(application_address(application_id))
    await reuse.take_over(bus, principal, application_id, before.id)
    return see_other(application_address(application_id) + "?done=again")


@router.get("/mine/{application_id}/check")
async def check(request: Request, application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Show all answers on one page, before they are submitted."""
    return await _check(request, await own_case(bus, principal, application_id), bus)


async def _check(
    request: Request, case: Case, bus: Bus, refused: Refused | None = None, form: ReplyForm | None = None
) -> Response:
    if case.application.own_state not in WRITABLE:
        return see_other(application_address(case.application.id))
    returned = case.application.own_state is not ApplicationState.DRAFT
    async with bus.read() as session:
        found = await status.check(session, case)
    return render(
        request,
        "application/check.html",
        refused.status_code if refused is not None else 422 if form is not None else 200,
        form_=(form or ReplyForm()) if returned else None,
        check=found,
        case=case,
        application=case.application,
        call=case.call,
        findings=case.findings,
        over_since=_over_since(case),
        refused=refused,
    )


def _over_since(case: Case) -> datetime | None:
    """Return the deadline that a draft has missed; None while it can be submitted."""
    is_draft = case.application.own_state is ApplicationState.DRAFT
    return case.call.deadline if is_draft and case.call.deadline < clock.now() else None


@router.post("/mine/{application_id}/check")
async def submit(request: Request, application_id: UUID, principal: Officer, bus: BusDep, settings: Portal) -> Response:
    """Submit the application."""
    form = await ReplyForm.read(request)
    if not form.validate():
        return await _check(request, await own_case(bus, principal, application_id), bus, form=form)
    try:
        await actions.submit(bus, principal, application_id, settings, form.text.data or "")
    except Refused as refused:
        if refused.status_code == 404:
            raise
        case = await own_case(bus, principal, application_id)
        if case.application.own_state not in WRITABLE:
            raise  # there is no form to show again: the refusal names the present state
        return await _check(request, case, bus, refused, form)
    return see_other(application_address(application_id) + "?done=submitted")


async def _fit_withdrawing(request: DecisionRequest[WithdrawForm]) -> None:
    """Ask for no reason where it is a draft: nobody but its officer has read it."""
    if (await own_case(request.bus, request.principal, request.id)).application.own_state is ApplicationState.DRAFT:
        del request.form["reason"]
        del request.form["text"]


async def _ask_withdraw(request: DecisionRequest[WithdrawForm]) -> Question | str:
    """Ask for the reason; where it can no longer be withdrawn, lead to its status."""
    address = application_address(request.id)
    async with request.bus.read() as session:
        case = await own_case_in(session, request.principal, request.id)
        may_withdraw = await actions.may_withdraw(session, case.application)
    if case.application.own_state is ApplicationState.DRAFT:
        title, button = gettext("Delete this draft?"), gettext("Yes, delete draft")
        return Question(title, button, address, text=gettext("This deletes everything you wrote."), warning=True)
    if not may_withdraw:
        return address
    return Question(
        gettext("Withdraw your application?"),
        gettext("Withdraw application"),
        address,
        caption=case.application.reference or "",
        text=_lost(case),
        cancel=gettext("No, keep it"),
        warning=True,
    )


def _lost(case: Case) -> str:
    """Return what an officer loses by withdrawing: what is agreed by then ends too."""
    if case.shown_state not in {ApplicationState.ACCEPTED, ApplicationState.SCHEDULED, ApplicationState.UNDER_WAY}:
        return gettext("You cannot undo this. A place that was found for you goes to the next officer in line.")
    if case.application.for_ is ApplicationKind.MENTEE:
        return gettext("You cannot undo this. Your mentorship ends.")
    return gettext("You cannot undo this. Your visit is cancelled.")


async def _withdraw(request: DecisionRequest[WithdrawForm]) -> str:
    """Withdraw the application; a draft that was never submitted is deleted."""
    if "reason" not in request.form:
        await actions.discard(request.bus, request.principal, request.id)
        return "/applications/?done=discarded"
    reason, text = StatedReason(request.form.reason.data), request.form.text.data or ""
    await actions.withdraw(request.bus, request.principal, request.id, reason, text)
    return application_address(request.id) + "?done=withdrawn"


add_decision(
    router,
    Officer,
    Decision("/mine/{application_id}/withdraw", WithdrawForm, _ask_withdraw, _withdraw, prepare=_fit_withdrawing),
)


@router.get("/mine/{application_id}/open/{purpose}")
async def open_form(
    application_id: UUID, purpose: str, principal: Officer, bus: BusDep, settings: Portal, subject: UUID | None = None
) -> Response:
    """Redirect to the officer's own form or receipt in another service, with a ticket that opens just that."""
    ticket_link = await tickets.for_application(bus, settings, principal, purpose, application_id, subject)
    return see_other(ticket_link.link)
