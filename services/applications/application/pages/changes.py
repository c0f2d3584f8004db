"""The pages on which an officer changes a submitted application, section by section, or the line manager.

Each section has the form of its task, with rows, so it is answered here and not by a `Decision`.
"""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.application.actions import changes as actions
from services.applications.application.forms.tasks import LINE_MANAGER, Task, tasks_of
from services.applications.application.model import states
from services.applications.application.model.answers import application_address
from services.applications.application.pages.tasks import field_of, page_of, prepare_form, render_page
from services.applications.application.views.standing import Case, own_case, own_case_in
from services.applications.guards import Officer
from services.applications.outcomes.actions import line_managers
from services.applications.parameters import BusDep
from services.applications.refusals import lawful, not_found
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts.codes import ApplicationMode, StatedReason
from shared.errors import Refused
from shared.honesty import truth_is_safe
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.form_versions import show_both
from shared.web.forms import Form, Longest, Needed, SelectField, TextAreaField
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/mine", include_in_schema=False)


class Reasoned(Form):
    """The reason for a change; asked on each page of a change, after its own fields."""

    change_reason = SelectField(
        N_("Why are you making this change?"),
        [Needed(N_("Choose a reason"))],
        choices=StatedReason,
        blank=N_("Choose one"),
    )
    change_text = TextAreaField(
        N_("Anything that your coordinator should know"),
        [Longest(1000)],
        description=N_("Only your coordinator and the programme read this"),
    )


def _form_of(page: Task, case: Case) -> type[Form]:
    """Return the page's own form, followed by the reason."""
    return type("ChangeForm", (Reasoned, page.form_for(case.terms)), {})


async def _changeable(session: AsyncSession, principal: Principal, application_id: UUID) -> Case:
    """Return the officer's own case where it can be changed. Raises `Refused` (404, 409)."""
    case = await own_case_in(session, principal, application_id)
    with lawful():
        states.after_change(case.application.own_state, case.shown_state, matters=False)
    return case


@router.get("/{application_id}/change")
async def choose(request: Request, application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Show what can be changed and what follows; where nothing can, redirect to the status."""
    case = await own_case(bus, principal, application_id)
    if not states.may_change(case.application.own_state, case.shown_state):
        return see_other(application_address(application_id))
    pages = [page for code, page in tasks_of(case.terms).items() if code in actions.CHANGEABLE]
    return render(
        request,
        "application/change.html",
        application=case.application,
        case=case,
        tasks=[
            {
                "title": page.title_for(case.application.for_),
                "href": application_address(application_id, f"change/{page.code}"),
            }
            for page in pages
        ],
    )


@router.get("/{application_id}/change/{code}")
async def show(request: Request, application_id: UUID, code: str, principal: Officer, bus: BusDep) -> Response:
    """Show one section as it was submitted, to be changed; where nothing can be, redirect to the status."""
    async with bus.read() as session:
        case = await own_case_in(session, principal, application_id)
        page = _page_of(case, code)
        if not states.may_change(case.application.own_state, case.shown_state):
            return see_other(application_address(application_id))
        form = _form_of(page, case)(data=page.fields(case.application.answers))
        await prepare_form(session, case.application, case.terms, page, form)
    return _page(request, case, page, form)


def _page_of(case: Case, code: str) -> Task:
    if code not in actions.CHANGEABLE:
        raise not_found()
    return page_of(case.terms, code)


def _page(request: Request, case: Case, page: Task, form: Form, status: int = 200) -> Response:
    profile = case.application.profile
    return render_page(
        request,
        "application/change_one.html",
        status,
        case,
        page,
        form,
        back_to=application_address(case.application.id, "change"),
        truthful=truth_is_safe(case.call.terms, ApplicationMode.OPEN if profile is None else profile.mode),
    )


@router.post("/{application_id}/change/{code}")
async def save(request: Request, application_id: UUID, code: str, principal: Officer, bus: BusDep) -> Response:
    """Change the section."""
    async with bus.read() as session:
        case = await _changeable(session, principal, application_id)
        page = _page_of(case, code)
        form = await _form_of(page, case).read(request)
        changed = await form.rows_changed(request)
        await prepare_form(session, case.application, case.terms, page, form)
    if changed:
        return _page(request, case, page, form)
    valid = form.validate()
    page.check(form)
    if not valid or form.problems():
        return _page(request, case, page, form, 422)
    reason, text = StatedReason(form["change_reason"].data), form["change_text"].data or ""
    try:
        await actions.change(bus, principal, application_id, page.changes(form), reason, text)
    except Outdated as outdated:
        return await _outdated(request, bus, principal, application_id, code, outdated)
    except Refused as refused:
        if refused.status_code == 404:
            raise
        for name, sentence in (refused.fields or {"": str(refused.detail)}).items():
            form.refuse(field_of(form, name) if refused.fields else "", sentence)
        return _page(request, case, page, form, refused.status_code)
    return see_other(application_address(application_id) + "?done=changed")


async def _outdated(
    request: Request, bus: Bus, principal: Principal, application_id: UUID, code: str, outdated: Outdated
) -> Response:
    """Show the change that was sent beside the section as it is now."""
    async with bus.read() as session:
        case = await _changeable(session, principal, application_id)
        page = _page_of(case, code)
        form = await _form_of(page, case).read(request)
        saved = page.form_for(case.terms)(data=page.fields(case.application.answers))
        for each in (form, saved):
            await prepare_form(session, case.application, case.terms, page, each)
    show_both(request, outdated, form, saved)
    return _page(request, case, page, form, outdated.status_code)


async def _present_manager(request: DecisionRequest[Form]) -> Form:
    case = await own_case(request.bus, request.principal, request.id)
    return LINE_MANAGER.form(data=LINE_MANAGER.fields(case.application.answers))


async def _ask_manager(request: DecisionRequest[Form]) -> Question | str:
    """Ask for another line manager, at any time before the follow-up."""
    address = application_address(request.id)
    async with request.bus.read() as session:
        application = (await own_case_in(session, request.principal, request.id)).application
        over = ""
        if not await line_managers.may_name(session, application):
            if not await line_managers.follow_up_over(session, application):
                return address
            over = line_managers.not_asked(application)
    return Question(
        gettext("Your line manager"),
        gettext("Save line manager"),
        address,
        back_text=application.reference or "",
        caption=application.reference or "",
        text=gettext(
            "You may name another line manager at any time before the follow-up. The person you name gets an email."
            " We write to them again for the follow-up."
        ),
        obstacle=over,
    )


async def _name_manager(request: DecisionRequest[Form]) -> str:
    changes = LINE_MANAGER.changes(request.form)
    name, email = str(changes["line_manager_name"] or ""), str(changes["line_manager_email"] or "")
    await line_managers.name_line_manager(request.bus, request.principal, request.id, name, email)
    return application_address(request.id) + "?done=manager"


add_decision(
    router,
    Officer,
    Decision("/{application_id}/line-manager", LINE_MANAGER.form, _ask_manager, _name_manager, new=_present_manager),
)
