"""One page of an application: shown, saved, saved as a draft, with rows added and removed."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.application.actions import applications as actions
from services.applications.application.forms import questions
from services.applications.application.forms.tasks import FormContext, Task, tasks_of
from services.applications.application.model.tasks import FIELDS
from services.applications.application.pages.application import task_of_section
from services.applications.application.store import applications as store
from services.applications.application.views.standing import Case, application_address, case_of, own_case
from services.applications.guards import Officer
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.bus import Bus
from shared.contracts.codes import ApplicationState
from shared.errors import Refused
from shared.time import dates
from shared.web.forms import Form
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/mine", include_in_schema=False)


def page_of(case: Case, code: str) -> Task:
    """Return the page with that code. Raises `Refused` (404)."""
    tasks = tasks_of(case.terms)
    if code not in tasks:
        raise not_found()
    return tasks[code]


async def prepare_form(bus: Bus, case: Case, page: Task, form: Form) -> None:
    """Give the page's form the choices that depend on the call and on the register."""
    async with bus.read() as session:
        everybody = await entries.organisations(session)
    own = [organisation for organisation in everybody if organisation.country == case.application.country]
    abroad = [organisation for organisation in everybody if organisation.country != case.application.country]
    page.prepare(form, FormContext(case.terms, own, abroad))


def field_of(form: Form, name: str) -> str:
    """Return the form's field at which an error of the model belongs: `languages.0.level` at `languages`."""
    first = questions.field_of(name)
    return first if first in form else next(iter(form)).name


def task_context(case: Case, page: Task, form: Form) -> dict[str, Any]:
    """Return what the template of a page needs, wherever the page is shown."""
    return {
        "case": case,
        "application": case.application,
        "call": case.call,
        "task": page,
        "title": page.title_for(case.application.for_),
        "visits": [dates.span(period.start, period.end) for period in case.terms.visit_periods],
        "form_": form,
        "findings": [finding for finding in case.findings if finding.rule in page.rules],
    }


@router.get("/{application_id}/{code}")
async def task(request: Request, application_id: UUID, code: str, principal: Officer, bus: BusDep) -> Response:
    """Show one page of the application."""
    case = await own_case(bus, principal, application_id)
    page = page_of(case, code)
    if case.application.own_state not in actions.WRITABLE:
        return see_other(application_address(application_id))
    form = page.form_for(case.terms)(data=page.fields(case.application.answers))
    return await _page(request, bus, case, page, form)


async def _page(request: Request, bus: Bus, case: Case, page: Task, form: Form, status: int = 200) -> Response:
    await prepare_form(bus, case, page, form)
    return await _render(request, bus, case, page, form, status)


async def _render(request: Request, bus: Bus, case: Case, page: Task, form: Form, status: int) -> Response:
    async with bus.read() as session:
        returned = await store.last_return(session, case.application.id)
    codes = list(tasks_of(case.terms))
    remarks = {} if returned is None or case.application.own_state is ApplicationState.DRAFT else returned.remarks
    return render(
        request,
        "application/task.html",
        status,
        **task_context(case, page, form),
        step=codes.index(page.code) + 1,
        steps=len(codes),
        back_to=application_address(case.application.id),
        autosave=application_address(case.application.id, f"{page.code}/draft"),
        remark=" ".join(text for section, text in remarks.items() if task_of_section(section) == page.code),
    )


@router.post("/{application_id}/{code}")
async def save(request: Request, application_id: UUID, code: str, principal: Officer, bus: BusDep) -> Response:
    """Save one page and go on to the next, or back to the task list."""
    case = await own_case(bus, principal, application_id)
    page = page_of(case, code)
    form = await page.form_for(case.terms).read(request)
    if await form.rows_changed(request):
        await actions.save_readable(bus, principal, application_id, page.changes(form))
        return await _page(request, bus, case, page, form)
    await prepare_form(bus, case, page, form)
    if "later" in await request.form():
        await actions.save_readable(bus, principal, application_id, page.changes(form))
        return see_other(application_address(application_id))
    valid = form.validate()
    page.check(form)
    if not valid or form.problems():
        await actions.save_readable(bus, principal, application_id, page.changes(form))
        return await _render(request, bus, case, page, form, 422)
    try:
        await actions.save(bus, principal, application_id, page.changes(form))
    except Refused as refused:
        if refused.status_code != 422:
            raise
        await actions.save_readable(bus, principal, application_id, page.changes(form))
        for name, sentence in refused.fields.items():
            form.refuse(field_of(form, name), sentence)
        return await _render(request, bus, case, page, form, 422)
    codes = list(tasks_of(case.terms))
    after = codes.index(code) + 1
    returned = case.application.own_state is not ApplicationState.DRAFT
    onward = (
        application_address(application_id)
        if returned
        else application_address(application_id, codes[after] if after < len(codes) else "check")
    )
    # A page that breaks a rule of the call is shown again, once, so that its writer reads it there.
    async with bus.read() as session:
        saved = await case_of(session, application_id)
    broken = saved and [finding for finding in saved.findings if not finding.held and finding.rule in page.rules]
    if broken and "seen" not in await request.form():
        return see_other(application_address(application_id, f"{code}?kept=1"))
    return see_other(onward)


@router.post("/{application_id}/{code}/draft")
async def autosave(request: Request, application_id: UUID, code: str, principal: Officer, bus: BusDep) -> Response:
    """Save what can be read of a page that its writer leaves."""
    case = await own_case(bus, principal, application_id)
    page = page_of(case, code)
    form = await page.form_for(case.terms).read(request)
    changes = {name: value for name, value in page.changes(form).items() if name in FIELDS[code]}
    await actions.save_readable(bus, principal, application_id, changes)
    return Response(status_code=204)
