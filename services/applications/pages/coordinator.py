"""What does the home national coordinator see and do? The queue of the own country, a case, and the three decisions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from markupsafe import Markup
from wtforms import SelectField, TextAreaField

from services.applications.actions import endorsement as actions
from services.applications.actions.common import not_found
from services.applications.actions.standing import Case, case_of, standing
from services.applications.model import application as model
from services.applications.pages.answers import answered, organisations_of
from services.applications.pages.history import history
from services.applications.pages.task_forms import TASK_FORMS, choices
from services.applications.store import applications as store
from services.applications.store import calls, queue, register
from shared.bus import Bus
from shared.contracts.applications import ApplicationEndorsed
from shared.contracts.codes import PARTNERS, NotEndorsedReason, Role, Section
from shared.identity import Principal, allow
from shared.identity.scope import countries_visible, may_see_country, reach
from shared.service import bus_of
from shared.web import dates, states, words
from shared.web.errors import Refused
from shared.web.forms import Form, Longest, Needed
from shared.web.i18n import N_, gettext
from shared.web.live import live_route
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/cases", include_in_schema=False)
Decider = Annotated[Principal, Depends(allow(Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR))]
Store = Annotated[Bus, Depends(bus_of)]
router.add_api_route(
    "/live",
    live_route("applications"),
    dependencies=[Depends(allow(Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR))],
)


class EndorseForm(Form):
    """An endorsement."""

    note = TextAreaField(
        N_("Note for the other reviewers"), [Longest(1000)], description=N_("The officer does not see it")
    )


class NotEndorseForm(Form):
    """Why not."""

    reason = SelectField(
        N_("Why do you not endorse it?"), [Needed(N_("Choose a reason"))], choices=lambda: choices(NotEndorsedReason)
    )
    text = TextAreaField(N_("What should the officer know?"), [Longest(1000)], description=N_("The officer reads it"))


class ReturnForm(Form):
    """A remark for each section that needs one."""

    contact = TextAreaField(N_("Contact details"), [Longest(1000)])
    service = TextAreaField(N_("Service and rank"), [Longest(1000)])
    line_manager = TextAreaField(N_("Line manager"), [Longest(1000)])
    expertise = TextAreaField(N_("Expertise"), [Longest(1000)])
    languages = TextAreaField(N_("Languages"), [Longest(1000)])
    topics = TextAreaField(N_("Topics and countries"), [Longest(1000)])
    periods = TextAreaField(N_("Periods"), [Longest(1000)])
    objectives = TextAreaField(N_("Objectives"), [Longest(1000)])
    cascade = TextAreaField(N_("How it is passed on"), [Longest(1000)])
    questions = TextAreaField(N_("Questions of this call"), [Longest(1000)])


def at(application_id: UUID, rest: str = "") -> str:
    """The address of a case, or of a page of it."""
    return f"/applications/cases/{application_id}" + (f"/{rest}" if rest else "")


@router.get("")
async def show_queue(
    request: Request,
    principal: Decider,
    bus: Store,
    state: str = "",
    country: str = "",
    q: str = "",
    sort: str = "due",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """The submitted applications of the own country, those due first; filters stand in the address."""
    filters = queue.Filters(state or None, country or None, None, q.strip() or None, sort)
    async with bus.read() as session:
        lines, total = await queue.lines(session, reach(principal), filters, page)
        counts = await queue.counts(session, reach(principal), filters)
        people = await register.people_by_subject(session, [line.subject for line in lines])
        of = await calls.calls_by_id(session, {line.call_id for line in lines})
    seen = countries_visible(principal)
    return render(
        request,
        "coordinator/queue.html",
        rows=[_row(line, people, of) for line in lines],
        total=total,
        page=page,
        sort=sort,
        counts=_counts(counts),
        state_options=[(one.code, one.word) for one in states.states("application") if one.code != "draft"],
        country_options=[] if seen is not None else [(c, words.country(c)) for c in PARTNERS],
        filters_=filters,
    )


def _row(line: queue.Line, people: dict[str, register.Person], of: dict[UUID, calls.Call]) -> list[Any]:
    person, shown = people.get(line.subject), states.state("application", line.state)
    tag = Markup('<strong class="govuk-tag tandem-tag tandem-tag--{}">{}</strong>').format(shown.tone, shown.word)
    return [
        {"text": line.reference, "href": at(line.id)},
        person.name if person else "",
        words.country(line.country),
        of[line.call_id].reference,
        tag,
        dates.day(line.since, short=True),
        None if line.due is None else dates.day(line.due, short=True),
    ]


def _counts(found: dict[str, int]) -> list[dict[str, Any]]:
    """What stands where, in the order of the life cycle; each count leads to exactly the rows that it counts."""
    return [
        {"count": found[one.code], "name": one.word, "href": f"/applications/cases?state={one.code}", "tone": one.tone}
        for one in states.states("application")
        if found.get(one.code)
    ]


async def visible_case(bus: Bus, principal: Principal, application_id: UUID) -> Case:
    """A submitted case that is the principal's to see. Raises `Refused` (404)."""
    async with bus.read() as session:
        case = await case_of(session, application_id)
    if (
        case is None
        or case.application.submitted_at is None
        or not may_see_country(principal, case.application.country)
    ):
        raise not_found()
    return case


@router.get("/{application_id}")
async def show(request: Request, application_id: UUID, principal: Decider, bus: Store) -> Response:
    """One case: where it stands, what the rules say, what was answered, and what can be decided now."""
    case = await visible_case(bus, principal, application_id)
    async with bus.read() as session:
        steps = await store.steps(session, application_id)
        organisations = await organisations_of(session, case.application.answers)
    return render(
        request,
        "coordinator/case.html",
        case=case,
        application=case.application,
        call=case.call,
        where=standing(case),
        answers=answered(case, organisations),
        findings=case.findings,
        events=history(steps, principal, internal=True),
        decides=model.possible(ApplicationEndorsed, case.application.own_state),
        asked=actions.acting_as_for(principal, case.application.country) == "programme",
        done=request.query_params.get("done"),
    )


@router.get("/{application_id}/endorse")
async def ask_endorse(request: Request, application_id: UUID, principal: Decider, bus: Store) -> Response:
    """Ask once more, with room for a note."""
    case = await visible_case(bus, principal, application_id)
    return render(request, "coordinator/endorse.html", application=case.application, form_=EndorseForm())


@router.post("/{application_id}/endorse")
async def endorse(request: Request, application_id: UUID, principal: Decider, bus: Store) -> Response:
    """Endorse it."""
    form = await EndorseForm.read(request)
    if not form.validate():
        case = await visible_case(bus, principal, application_id)
        return render(request, "coordinator/endorse.html", 422, application=case.application, form_=form)
    await actions.endorse(bus, principal, application_id, form.note.data or "")
    return see_other(at(application_id) + "?done=endorsed")


@router.get("/{application_id}/return")
async def ask_return(request: Request, application_id: UUID, principal: Decider, bus: Store) -> Response:
    """A remark for each section."""
    return await _return_page(request, await visible_case(bus, principal, application_id), ReturnForm(), bus)


async def _return_page(request: Request, case: Case, form: ReturnForm, bus: Bus, status: int = 200) -> Response:
    async with bus.read() as session:
        organisations = await organisations_of(session, case.application.answers)
    shown = {code: rows for code, _, rows in answered(case, organisations)}
    return render(
        request,
        "coordinator/return.html",
        status,
        application=case.application,
        form_=form,
        shown=shown,
        titles={code: task.title for code, task in TASK_FORMS.items()},
    )


@router.post("/{application_id}/return")
async def send_back(request: Request, application_id: UUID, principal: Decider, bus: Store) -> Response:
    """Ask for information."""
    case, form = await visible_case(bus, principal, application_id), await ReturnForm.read(request)
    if not form.validate():
        return await _return_page(request, case, form, bus, 422)
    try:
        remarks = {Section(field.name): field.data or "" for field in form}
        await actions.send_back(bus, principal, application_id, remarks)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        form.refuse("contact", gettext("Write what you ask for, at least for one section."))
        return await _return_page(request, case, form, bus, 422)
    return see_other(at(application_id) + "?done=returned")


@router.get("/{application_id}/not-endorse")
async def ask_not_endorse(request: Request, application_id: UUID, principal: Decider, bus: Store) -> Response:
    """Ask why."""
    case = await visible_case(bus, principal, application_id)
    return render(request, "coordinator/not_endorse.html", application=case.application, form_=NotEndorseForm())


@router.post("/{application_id}/not-endorse")
async def not_endorse(request: Request, application_id: UUID, principal: Decider, bus: Store) -> Response:
    """Do not endorse it."""
    form = await NotEndorseForm.read(request)
    if not form.validate():
        case = await visible_case(bus, principal, application_id)
        return render(request, "coordinator/not_endorse.html", 422, application=case.application, form_=form)
    reason = NotEndorsedReason(form.reason.data)
    await actions.not_endorse(bus, principal, application_id, reason, form.text.data or "")
    return see_other(at(application_id) + "?done=not_endorsed")
