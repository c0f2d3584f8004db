"""One page of an application: shown, saved, saved as a draft, with rows added and removed."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.application.actions.answers import WRITABLE, Writing, agencies, writing
from services.applications.application.actions.profile import company_of
from services.applications.application.forms import questions
from services.applications.application.forms.tasks import FormContext, Task, tasks_of
from services.applications.application.model.answers import FIELDS, TASKS, application_address
from services.applications.application.views import status
from services.applications.application.views.standing import Case, case_of, own_case_in
from services.applications.calls.views.headings import places_path
from services.applications.fields import missing
from services.applications.guards import Officer
from services.applications.parameters import BusDep
from services.applications.places.views import Applicant, names_of_places, suitable_places
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts.calls import CallTerms
from shared.contracts.codes import ApplicationState, Section
from shared.errors import Refused
from shared.honesty import truth_is_safe
from shared.identity import Principal
from shared.identity.versions import show_present
from shared.time import clock, dates
from shared.web.form_versions import show_both
from shared.web.forms import Form
from shared.web.path_parameters import limit_parameter
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/mine", include_in_schema=False)
limit_parameter("task", TASKS)


def page_of(terms: CallTerms, code: str) -> Task:
    """Return the page with that code. Raises `Refused` (404)."""
    tasks = tasks_of(terms)
    if code not in tasks:
        raise not_found()
    return tasks[code]


async def prepare_form(session: AsyncSession, application: Applicant, terms: CallTerms, page: Task, form: Form) -> None:
    """Give the page's form the choices that depend on the call, on the register and on what is published."""
    if page.needs_register:
        found = await agencies(session, application.country)
        page.prepare(form, FormContext(terms, found.own, found.abroad))
    elif page.needs_places:
        places = await suitable_places(session, application, terms)
        known = {place.id for place in places}
        others = await names_of_places(session, set(application.answers.wishes) - known)
        page.prepare(form, FormContext(terms, places=places, other_places=others))
    else:
        page.prepare(form, FormContext(terms))


def field_of(form: Form, name: str) -> str:
    """Return the form's field at which an error of the model belongs: `languages.0.level` at `languages`."""
    first = questions.field_of(name)
    return first if first in form else next(iter(form)).name


def render_page(
    request: Request, template: str, http_status: int, case: Case, page: Task, form: Form, **more: Any
) -> Response:
    """Show a page of an application, wherever it is shown; `more` is what only that template needs."""
    return render(
        request,
        template,
        http_status,
        case=case,
        application=case.application,
        call=case.call,
        task=page,
        title=page.title_for(case.application.for_),
        visits=[dates.span(period.start, period.end) for period in case.terms.visit_periods],
        form_=form,
        findings=[finding for finding in case.findings if finding.rule in page.rules],
        **more,
    )


@router.get("/{application_id}/{code:task}")
async def task(request: Request, application_id: UUID, code: str, principal: Officer, bus: BusDep) -> Response:
    """Show one page of the application."""
    async with bus.read() as session:
        case = await own_case_in(session, principal, application_id)
        page = page_of(case.terms, code)
        if case.application.own_state not in WRITABLE:
            return see_other(application_address(application_id))
        form = page.form_for(case.terms)(data=page.fields(case.application.answers))
        await prepare_form(session, case.application, case.terms, page, form)
        _show_what_was_typed(form, page, case)
        return await _page(request, session, case, page, form)


def _show_what_was_typed(form: Form, page: Task, case: Case) -> None:
    """Say on the form why what was typed there before is not accepted."""
    answers = case.application.answers
    typed = [name for name in FIELDS[page.code] if name in answers.typed]
    if not typed:
        return
    form.note_unreadable()
    errors, noted = missing(answers, case.terms), {anchor for anchor, _ in form.problems()}
    for name in typed:
        if not any(anchor == name or anchor.startswith(f"{name}-") for anchor in noted):
            form.refuse(field_of(form, name), errors[name])


async def _page(
    request: Request, session: AsyncSession, case: Case, page: Task, form: Form, http_status: int = 200
) -> Response:
    codes = list(tasks_of(case.terms))
    remarks = await status.remarks_of(session, case)
    return render_page(
        request,
        "application/task.html",
        http_status,
        case,
        page,
        form,
        step=codes.index(page.code) + 1,
        steps=len(codes),
        back_to=application_address(case.application.id),
        autosave=application_address(case.application.id, f"{page.code}/draft"),
        browse=_browse_path(case) if page.code == Section.TOPICS else None,
        remark=" ".join(remark.text for remark in remarks if remark.task == page.code),
        truthful=truth_is_safe(case.call.terms, (await company_of(session, case.application)).mode),
    )


def _browse_path(case: Case) -> str | None:
    """Return the address of the call's placements or mentors, while the officer may browse them."""
    application, countries = case.application, case.terms.rules.countries
    takes_part = case.partner_active and (not countries or application.country in countries)
    if not takes_part or not case.call.takes_applications(clock.now()):
        return None
    return places_path(application.call_id, application.for_)


@router.post("/{application_id}/{code:task}")
async def save(request: Request, application_id: UUID, code: str, principal: Officer, bus: BusDep) -> Response:
    """Save one page and go on to the next, or back to the task list."""
    sent = await request.form()  # read before the application is locked
    try:
        async with writing(bus, principal, application_id) as written:
            page = page_of(written.terms, code)
            form = await page.form_for(written.terms).read(request)
            rows_changed = await form.rows_changed(request)
            await prepare_form(written.session, written.application, written.terms, page, form)
            if rows_changed or "later" in sent or not await _saved(written, page, form):
                await written.save_readable(page.changes(form))
                if "later" in sent:
                    return see_other(application_address(application_id))
                await show_present(request, written.session)
                case = await case_of(written.session, application_id)
                assert case is not None
                return await _page(request, written.session, case, page, form, 200 if rows_changed else 422)
            # A page that breaks a rule of the call is shown again, once, so that its writer reads it there.
            broken = "seen" not in sent and await written.breaks(page.rules)
    except Outdated as outdated:
        return await _outdated(request, bus, principal, application_id, code, outdated)
    if broken:
        return see_other(application_address(application_id, f"{code}?done=kept"))
    return see_other(_onward(written, code))


async def _outdated(
    request: Request, bus: Bus, principal: Principal, application_id: UUID, code: str, outdated: Outdated
) -> Response:
    """Show the page that was sent beside what another tab saved after it was opened."""
    async with bus.read() as session:
        case = await own_case_in(session, principal, application_id)
        page = page_of(case.terms, code)
        form = await page.form_for(case.terms).read(request)
        saved = page.form_for(case.terms)(data=page.fields(case.application.answers))
        for each in (form, saved):
            await prepare_form(session, case.application, case.terms, page, each)
        show_both(request, outdated, form, saved)
        return await _page(request, session, case, page, form, outdated.status_code)


async def _saved(written: Writing, page: Task, form: Form) -> bool:
    """Save what a form says and return True; where something is wrong with it, say so on the form."""
    valid = form.validate()
    page.check(form)
    if not valid or form.problems():
        return False
    try:
        await written.save(page.changes(form))
    except Refused as refused:
        if refused.status_code != 422:
            raise
        for name, sentence in refused.fields.items():
            form.refuse(field_of(form, name), sentence)
        return False
    return True


def _onward(written: Writing, code: str) -> str:
    """Return the address of the page after the one with that code; of a returned application, of its task list."""
    if written.application.own_state is not ApplicationState.DRAFT:
        return application_address(written.application.id)
    codes = list(tasks_of(written.terms))
    after = codes.index(code) + 1
    return application_address(written.application.id, codes[after] if after < len(codes) else "check")


@router.post("/{application_id}/{code}/draft")
async def autosave(request: Request, application_id: UUID, code: str, principal: Officer, bus: BusDep) -> Response:
    """Save what can be read of a page that its writer leaves."""
    await request.form()  # read before the application is locked
    async with writing(bus, principal, application_id) as written:
        page = page_of(written.terms, code)
        form = await page.form_for(written.terms).read(request)
        changes = {name: value for name, value in page.changes(form).items() if name in FIELDS[code]}
        await written.save_readable(changes)
        await show_present(request, written.session)
    return Response(status_code=204)
