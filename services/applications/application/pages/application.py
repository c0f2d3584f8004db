"""The officer's page of an application: task list, check answers, status and withdrawal."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession
from wtforms import SelectField, TextAreaField

from services.applications.application.actions import applications as actions
from services.applications.application.actions import reuse
from services.applications.application.forms.tasks import TASK_FORMS, choices, tasks_of
from services.applications.application.model import states
from services.applications.application.model.answers import BACKGROUND
from services.applications.application.model.tasks import missing
from services.applications.application.store import applications as store
from services.applications.application.views import companions
from services.applications.application.views.answers import answer_changes, answer_sections
from services.applications.application.views.companions import company_sentence
from services.applications.application.views.history import history
from services.applications.application.views.outcome_tasks import outcome_tasks
from services.applications.application.views.standing import Case, application_address, own_case, standing
from services.applications.certificates import store as certificates_store
from services.applications.guards import Officer
from services.applications.mentorships.store import mentorships
from services.applications.outcomes.actions import line_managers, tickets
from services.applications.parameters import BusDep, Portal
from services.applications.review.actions import appeals
from services.applications.visits import store as visits_store
from shared.bus import Bus
from shared.contracts.applications import AppealDecided
from shared.contracts.codes import ApplicationKind, ApplicationState, StatedReason
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.web.forms import Form, Longest, Needed, sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications", include_in_schema=False)


class WithdrawForm(Form):
    """Why the officer withdraws."""

    reason = SelectField(
        N_("Why do you withdraw?"), [Needed(N_("Choose a reason"))], choices=lambda: choices(StatedReason)
    )
    text = TextAreaField(
        N_("Anything that your coordinator should know"),
        [Longest(1000)],
        description=N_("Read by your coordinator and the programme only"),
    )


class ReplyForm(Form):
    """What the officer answers to the coordinator, where something was asked."""

    text = TextAreaField(
        N_("Your answer to your coordinator"),
        [Longest(actions.MOST_REPLY)],
        description=N_("What no part of your application says. Your coordinator and you can read it afterwards."),
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
    case = await own_case(bus, principal, application_id)
    async with bus.read() as session:
        returned = await store.last_return(session, application_id)
        steps = await store.steps(session, application_id)
        certificates = await certificates_store.certificates_of(session, application_id)
        answers = await answer_sections(session, case)
        decision = await appeals.appealable(session, case.application)
        _, company = await companions.own_company(session, principal, application_id)
        may_withdraw = await actions.may_withdraw(session, case.application)
        may_name = await line_managers.may_name(session, case.application)
        manager_over = not may_name and await line_managers.follow_up_over(session, case.application)
        outcomes = await outcome_tasks(session, principal, application_id)
        changed = await answer_changes(session, case)
        before = await reuse.earlier(session, case.application)
        notes = await reuse.out_of_date(session, case)
        next_address = await _next_address(session, case)
        next_ = await reuse.next_calls(session, case.application)
    events = history(steps, principal, internal=False)
    writable = case.application.own_state in actions.WRITABLE
    remarks = returned.remarks if returned and writable else {}
    return render(
        request,
        "application/show.html",
        case=case,
        application=case.application,
        call=case.call,
        where=replace(standing(case), reason=_refusal_reason(case, steps, events)),
        writable=writable,
        tasks=_tasks(case, remarks, notes) if writable else [],
        left=len(missing(case.application.answers, case.terms)),
        remarks=_remarks(returned) if writable else [],
        findings=case.findings,
        answers=answers,
        events=events,
        certificates=certificates,
        company=company_sentence(company),
        outcomes=outcomes,
        changed=changed,
        earlier=before,
        next_calls=next_,
        came=next_address,
        may_withdraw=may_withdraw,
        may_change=states.may_change(case.application.own_state, case.shown_state),
        may_name=may_name,
        manager_over=manager_over,
        appeal_until=decision.until if decision and appeals.may_file(case.application, decision) else None,
        done=request.query_params.get("done"),
    )


_REFUSED = frozenset({ApplicationState.NOT_ENDORSED, ApplicationState.INELIGIBLE, ApplicationState.CANCELLED})


def _refusal_reason(case: Case, steps: Sequence[store.Step], events: Sequence[dict[str, Any]]) -> str | None:
    """Return the reason of a refusal, as the history has it; `events` are the steps in words, in the same order."""
    if case.application.own_state is ApplicationState.UNPLACED and steps and steps[0].event == AppealDecided.type:
        return gettext(
            "Your appeal was upheld: the decision against you no longer stands. But the call had closed by then."
        )
    if case.application.own_state not in _REFUSED:
        return None
    reasons = (event["text"] for step, event in zip(steps, events, strict=True) if step.state == case.application.state)
    return next(reasons, None)


# In these states a visit or a mentorship has come of the application, and is where it goes on.
_WITH_PARTICIPATION = frozenset(
    {
        ApplicationState.ACCEPTED,
        ApplicationState.SCHEDULED,
        ApplicationState.UNDER_WAY,
        ApplicationState.COMPLETED,
        ApplicationState.ENDED,
    }
)


async def _next_address(session: AsyncSession, case: Case) -> str | None:
    """Return the address of the visit or mentorship of the newest match."""
    if case.projected is None or case.projected.match_id is None or case.shown_state not in _WITH_PARTICIPATION:
        return None
    match_id = case.projected.match_id
    visit = (await visits_store.of_matches(session, [match_id])).get(match_id)
    pair = (await mentorships.of_matches(session, [match_id])).get(match_id)
    if pair is not None:
        return f"/applications/mentorships/{pair.id}"
    return None if visit is None else f"/applications/visits/{visit.id}"


def task_of_section(section: str) -> str:
    """Return the page on which a section is answered: the cascade plan belongs to the objectives."""
    return section if section in TASK_FORMS else "objectives"


def _remarks(returned: store.Step | None) -> list[tuple[str, str]]:
    """Return what the coordinator asked when the application was returned: the part, and the question."""
    remarks = {} if returned is None else returned.remarks
    return [(gettext(TASK_FORMS[task_of_section(section)].title), text) for section, text in remarks.items()]


def _tasks(case: Case, remarks: dict[str, str], notes: dict[str, str]) -> list[dict[str, Any]]:
    missing_answers = missing(case.application.answers, case.terms)
    returned_tasks = {task_of_section(section) for section in remarks}
    rows = []
    for code, task in tasks_of(case.terms).items():
        hint = missing_answers[code][0] if code in missing_answers else ""
        hint = notes.get(code) or hint
        status = gettext("Not yet complete") if code in missing_answers else gettext("Completed")
        if code == BACKGROUND and not (case.application.answers.courses or case.application.answers.conflicts):
            status = gettext("Optional")
        if code in returned_tasks:
            status, hint = gettext("Your coordinator has a question"), ""
        rows.append(
            {
                "title": task.title_for(case.application.for_),
                "href": application_address(case.application.id, code),
                "hint": hint,
                "status": status,
            }
        )
    return rows


@router.post("/mine/{application_id}/again")
async def take_over(application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Reuse the answers of the newest earlier application."""
    case = await own_case(bus, principal, application_id)
    async with bus.read() as session:
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
    if case.application.own_state not in actions.WRITABLE:
        return see_other(application_address(case.application.id))
    returned = case.application.own_state is not ApplicationState.DRAFT
    async with bus.read() as session:
        last_return = await store.last_return(session, case.application.id) if returned else None
        answers = await answer_sections(
            session, case, change=lambda code: application_address(case.application.id, code)
        )
        company = await companions.company_of_case(session, case)
    missing_answers = missing(case.application.answers, case.terms)
    return render(
        request,
        "application/check.html",
        refused.status_code if refused is not None else 422 if form is not None else 200,
        form_=(form or ReplyForm()) if returned else None,
        remarks=_remarks(last_return),
        company=company_sentence(company),
        case=case,
        application=case.application,
        call=case.call,
        answers=answers,
        lacks=[
            (TASK_FORMS[code].title, application_address(case.application.id, code), texts)
            for code, texts in missing_answers.items()
        ],
        findings=case.findings,
        refused=refused,
    )


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
        return await _check(request, await own_case(bus, principal, application_id), bus, refused, form)
    return see_other(application_address(application_id) + "?done=submitted")


@router.get("/mine/{application_id}/withdraw")
async def ask_withdraw(request: Request, application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Ask for the reason; where it can no longer be withdrawn, redirect to its status."""
    case = await own_case(bus, principal, application_id)
    async with bus.read() as session:
        may_withdraw = await actions.may_withdraw(session, case.application)
    if not may_withdraw and case.application.own_state is not ApplicationState.DRAFT:
        return see_other(application_address(application_id))
    return render(request, "application/withdraw.html", application=case.application, form_=WithdrawForm())


@router.post("/mine/{application_id}/withdraw")
async def withdraw(request: Request, application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Withdraw the application; a draft that was never submitted is deleted."""
    case = await own_case(bus, principal, application_id)
    if case.application.own_state is ApplicationState.DRAFT:
        await actions.discard(bus, principal, application_id)
        return see_other("/applications/?done=discarded")
    form = await WithdrawForm.read(request)
    if not form.validate():
        return render(request, "application/withdraw.html", 422, application=case.application, form_=form)
    await actions.withdraw(bus, principal, application_id, StatedReason(form.reason.data), form.text.data or "")
    return see_other(application_address(application_id) + "?done=withdrawn")


@router.get("/mine/{application_id}/open/{purpose}")
async def open_form(
    application_id: UUID, purpose: str, principal: Officer, bus: BusDep, settings: Portal, subject: UUID | None = None
) -> Response:
    """Redirect to the officer's own form or receipt in another service, with a ticket that opens just that."""
    ticket_link = await tickets.for_application(bus, settings, principal, purpose, application_id, subject)
    return see_other(ticket_link.link)
