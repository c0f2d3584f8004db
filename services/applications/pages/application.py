"""What does an officer see and do about an application? Task list, pages, check answers, where it stands."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from wtforms import SelectField, TextAreaField

from services.applications.actions import appeals, tickets
from services.applications.actions import applications as actions
from services.applications.actions.common import not_found
from services.applications.actions.standing import Case, case_of, standing
from services.applications.api.applications import Portal
from services.applications.model import application as model
from services.applications.model.answers import FIELDS, missing
from services.applications.pages.answers import answered
from services.applications.pages.history import history
from services.applications.pages.question_forms import field_of
from services.applications.pages.task_forms import TASK_FORMS, Task, choices, lacking, prepare, tasks_of
from services.applications.store import applications as store
from services.applications.store import certificates, register
from shared.bus import Bus
from shared.contracts.applications import ApplicationWithdrawn
from shared.contracts.codes import ApplicationKind, ApplicationState, Role, StatedReason
from shared.identity import Principal, allow
from shared.identity.scope import is_self
from shared.service import bus_of
from shared.web import dates
from shared.web.errors import Refused
from shared.web.forms import Form, Longest, Needed, sent
from shared.web.i18n import N_, gettext
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications", include_in_schema=False)
Officer = Annotated[Principal, Depends(allow(Role.OFFICER))]
Store = Annotated[Bus, Depends(bus_of)]


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


def at(application_id: UUID, rest: str = "") -> str:
    """The address of the officer's own application, or of a page of it."""
    return f"/applications/mine/{application_id}" + (f"/{rest}" if rest else "")


async def own_case(bus: Bus, principal: Principal, application_id: UUID) -> Case:
    """The officer's own case. Raises `Refused` (404)."""
    async with bus.read() as session:
        case = await case_of(session, application_id)
    if case is None or not is_self(principal, case.application.subject):
        raise not_found()
    return case


@router.post("/calls/{call_id}/apply")
async def begin(request: Request, call_id: UUID, principal: Officer, bus: Store) -> Response:
    """Begin an application, or take up the draft that is there."""
    kind = str((await sent(request)).get("kind", ApplicationKind.STUDY_VISIT))
    if kind not in list(ApplicationKind):
        raise Refused(gettext("Choose a study visit or mentoring."), 422)
    application = await actions.begin(bus, principal, call_id, ApplicationKind(kind))
    return see_other(at(application.id))


@router.get("/mine/{application_id}")
async def show(request: Request, application_id: UUID, principal: Officer, bus: Store) -> Response:
    """While it can be written: the task list. After that: where it stands, what was answered, and its history."""
    case = await own_case(bus, principal, application_id)
    async with bus.read() as session:
        returned = await store.last_return(session, application_id)
        steps = await store.steps(session, application_id)
        papers = await certificates.certificates_of(session, application_id)
        organisations = await register.organisations(session, countries=[case.application.country])
        decision = await appeals.appealable(session, case.application)
    writable = case.application.own_state in actions.WRITABLE
    remarks = returned.remarks if returned and writable else {}
    return render(
        request,
        "application/show.html",
        case=case,
        application=case.application,
        call=case.call,
        where=standing(case),
        writable=writable,
        tasks=_tasks(case, remarks) if writable else [],
        left=len(missing(case.application.answers, case.terms)),
        remarks=[(TASK_FORMS[_task_of(section)].title, text) for section, text in remarks.items()],
        findings=case.findings,
        answers=answered(case, organisations),
        events=history(steps, principal, internal=False),
        certificates=papers,
        may_withdraw=model.possible(ApplicationWithdrawn, case.application.own_state)
        and case.shown_state is not ApplicationState.COMPLETED,
        appeal_until=decision.until if decision and appeals.may_file(case.application, decision) else None,
        done=request.query_params.get("done"),
    )


def _task_of(section: str) -> str:
    """The page on which a section is answered: the cascade plan stands with the objectives."""
    return section if section in TASK_FORMS else "objectives"


def _tasks(case: Case, remarks: dict[str, str]) -> list[dict[str, Any]]:
    lacks = missing(case.application.answers, case.terms)
    asked = {_task_of(section) for section in remarks}
    rows = []
    for code, task in tasks_of(case.terms).items():
        hint = lacks[code][0] if code in lacks else ""
        status = gettext("Not yet complete") if code in lacks else gettext("Completed")
        if code in asked:
            status, hint = gettext("Your coordinator has a question"), ""
        rows.append({"title": task.title, "href": at(case.application.id, code), "hint": hint, "status": status})
    return rows


def _task(code: str, case: Case) -> Task:
    tasks = tasks_of(case.terms)
    if code not in tasks:
        raise not_found()
    return tasks[code]


@router.get("/mine/{application_id}/check")
async def check(request: Request, application_id: UUID, principal: Officer, bus: Store) -> Response:
    """All answers on one page, before they are submitted."""
    return await _check(request, await own_case(bus, principal, application_id), bus)


async def _check(request: Request, case: Case, bus: Bus, refused: Refused | None = None) -> Response:
    if case.application.own_state not in actions.WRITABLE:
        return see_other(at(case.application.id))
    async with bus.read() as session:
        organisations = await register.organisations(session, countries=[case.application.country])
    lacks = missing(case.application.answers, case.terms)
    return render(
        request,
        "application/check.html",
        200 if refused is None else refused.status_code,
        case=case,
        application=case.application,
        call=case.call,
        answers=answered(case, organisations, change=lambda code: at(case.application.id, code)),
        lacks=[(TASK_FORMS[code].title, at(case.application.id, code), texts) for code, texts in lacks.items()],
        findings=case.findings,
        refused=refused,
    )


@router.post("/mine/{application_id}/check")
async def submit(request: Request, application_id: UUID, principal: Officer, bus: Store, settings: Portal) -> Response:
    """Submit it."""
    try:
        await actions.submit(bus, principal, application_id, settings)
    except Refused as refused:
        if refused.status_code == 404:
            raise
        return await _check(request, await own_case(bus, principal, application_id), bus, refused)
    return see_other(at(application_id) + "?done=submitted")


@router.get("/mine/{application_id}/withdraw")
async def ask_withdraw(request: Request, application_id: UUID, principal: Officer, bus: Store) -> Response:
    """Ask once more, and why."""
    case = await own_case(bus, principal, application_id)
    return render(request, "application/withdraw.html", application=case.application, form_=WithdrawForm())


@router.post("/mine/{application_id}/withdraw")
async def withdraw(request: Request, application_id: UUID, principal: Officer, bus: Store) -> Response:
    """Withdraw it; a draft that was never submitted is thrown away."""
    case = await own_case(bus, principal, application_id)
    if case.application.own_state is ApplicationState.DRAFT:
        await actions.discard(bus, principal, application_id)
        return see_other("/applications/?done=discarded")
    form = await WithdrawForm.read(request)
    if not form.validate():
        return render(request, "application/withdraw.html", 422, application=case.application, form_=form)
    await actions.withdraw(bus, principal, application_id, StatedReason(form.reason.data), form.text.data or "")
    return see_other(at(application_id) + "?done=withdrawn")


@router.get("/mine/{application_id}/open/{purpose}")
async def way_in(
    application_id: UUID, purpose: str, principal: Officer, bus: Store, settings: Portal, subject: UUID | None = None
) -> Response:
    """On to the own form or receipt in another service, with a ticket that opens just that."""
    way = await tickets.for_application(bus, settings, principal, purpose, application_id, subject)
    return see_other(way.link)


@router.get("/mine/{application_id}/{code}")
async def task(request: Request, application_id: UUID, code: str, principal: Officer, bus: Store) -> Response:
    """One page of the application."""
    case = await own_case(bus, principal, application_id)
    page = _task(code, case)
    if case.application.own_state not in actions.WRITABLE:
        return see_other(at(application_id))
    return await _page(request, bus, case, page, page.form_for(case.terms)(data=page.fields(case.application.answers)))


async def _page(request: Request, bus: Bus, case: Case, page: Task, form: Form, status: int = 200) -> Response:
    async with bus.read() as session:
        organisations = await register.organisations(session, countries=[case.application.country])
        returned = await store.last_return(session, case.application.id)
    prepare(form, case.terms, organisations)
    codes = list(tasks_of(case.terms))
    remarks = {} if returned is None or case.application.own_state is ApplicationState.DRAFT else returned.remarks
    return render(
        request,
        "application/task.html",
        status,
        case=case,
        application=case.application,
        call=case.call,
        task=page,
        visits=[dates.span(one.start, one.end) for one in case.terms.visit_periods],
        form_=form,
        step=codes.index(page.code) + 1,
        steps=len(codes),
        back_to=at(case.application.id),
        autosave=at(case.application.id, f"{page.code}/draft"),
        remark=" ".join(text for section, text in remarks.items() if _task_of(section) == page.code),
        findings=[one for one in case.findings if one.rule in _RULES_OF.get(page.code, ())],
    )


# Which rules of the call an answer on a page is held against, so that the page can say it at once.
_RULES_OF: dict[str, tuple[str, ...]] = {
    "service": ("years_in_field", "service", "rank_group", "country", "partner_active"),
    "languages": ("language",),
    "topics": ("topics",),
    "periods": ("periods",),
    "objectives": ("cascade",),
}


@router.post("/mine/{application_id}/{code}")
async def save(request: Request, application_id: UUID, code: str, principal: Officer, bus: Store) -> Response:
    """Keep one page and go on to the next, or back to the task list."""
    case = await own_case(bus, principal, application_id)
    page = _task(code, case)
    form = await page.form_for(case.terms).read(request)
    if await form.rows_changed(request):
        return await _page(request, bus, case, page, form)
    async with bus.read() as session:
        prepare(form, case.terms, await register.organisations(session, countries=[case.application.country]))
    if "later" in await request.form():
        await actions.save_readable(bus, principal, application_id, page.changes(form))
        return see_other(at(application_id))
    valid = form.validate()
    lacking(form)
    if not valid or form.problems():
        await actions.save_readable(bus, principal, application_id, page.changes(form))
        return await _page(request, bus, case, page, form, 422)
    try:
        await actions.save(bus, principal, application_id, page.changes(form))
    except Refused as refused:
        if refused.status_code != 422:
            raise
        await actions.save_readable(bus, principal, application_id, page.changes(form))
        for name, sentence in refused.fields.items():
            form.refuse(_field_of(form, name), sentence)
        return await _page(request, bus, case, page, form, 422)
    codes = list(tasks_of(case.terms))
    after = codes.index(code) + 1
    returned = case.application.own_state is not ApplicationState.DRAFT
    onward = at(application_id) if returned else at(application_id, codes[after] if after < len(codes) else "check")
    # A page that breaks a rule of the call is shown again, once, so that its writer reads it there.
    async with bus.read() as session:
        saved = await case_of(session, application_id)
    broken = saved and [one for one in saved.findings if not one.held and one.rule in _RULES_OF.get(code, ())]
    if broken and "seen" not in await request.form():
        return see_other(at(application_id, f"{code}?kept=1"))
    return see_other(onward)


def _field_of(form: Form, name: str) -> str:
    """The field of the form at which an error of the model belongs: `languages.0.level` at `languages`."""
    first = field_of(name)
    return first if first in form else next(iter(form)).name


@router.post("/mine/{application_id}/{code}/draft")
async def autosave(request: Request, application_id: UUID, code: str, principal: Officer, bus: Store) -> Response:
    """Keep what can be read of a page that its writer leaves."""
    case = await own_case(bus, principal, application_id)
    page = _task(code, case)
    form = await page.form_for(case.terms).read(request)
    changes = {name: value for name, value in page.changes(form).items() if name in FIELDS[code]}
    await actions.save_readable(bus, principal, application_id, changes)
    return Response(status_code=204)
