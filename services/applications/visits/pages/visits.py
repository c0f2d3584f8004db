"""The pages of a visit: list, details, agenda, and the way to reporting's forms.

The agenda is written on the page of the visit, so it is answered here and not by a `Decision`.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import TaskRow, outcome_row, reason_word, tag
from services.applications.guards import Anyone, Participant
from services.applications.matches.views.names import guest_name
from services.applications.outcomes.actions import tickets
from services.applications.outcomes.views import due_hint, test_names
from services.applications.overview.views.participation import VisitView
from services.applications.parameters import BusDep, Portal
from services.applications.preparation.views import readiness
from services.applications.visits.actions import visits as actions
from services.applications.visits.forms import AgendaForm
from services.applications.visits.model import BOTH
from services.applications.visits.views.attendance import day_record
from services.applications.visits.views.names import both_parties, move_asked_by, party_name, visit_path
from services.applications.visits.views.page import RESULTS, UNREADY, ListedVisit, VisitList, visit_list, visit_page
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.contracts.codes import (
    Answer,
    MoveDropCause,
    Party,
    Role,
    UnschedulableCause,
    VisitState,
)
from shared.errors import Refused
from shared.i18n import gettext, ngettext
from shared.identity import Principal
from shared.next_steps import to_come
from shared.time import dates
from shared.web.form_versions import show_both
from shared.web.forms import version_of
from shared.web.lists import Cell, Column, Count, Empty, Link, Listing, list_page, state_counts
from shared.web.query import state_of
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications/visits", include_in_schema=False)


@router.get("")
async def show_all(
    request: Request,
    principal: Anyone,
    bus: BusDep,
    state: Annotated[str, state_of("visit", UNREADY, RESULTS)] = "",
    page: Annotated[int, Query(ge=1, le=100)] = 1,
) -> Response:
    """Show the visits that concern the reader, those of today and later first."""
    async with bus.read() as session:
        found = await visit_list(session, principal, state, page)
    host = principal.has(Role.HOST_CONTACT)
    return list_page(
        request,
        Listing(
            gettext("Visits"),
            "/applications/visits",
            _columns(),
            [_row(listed) for listed in found.visits],
            found.total,
            Empty(
                gettext("No visit is planned yet. A visit gets its dates when both sides have accepted a match."),
                gettext("View matches"),
                "/applications/matches",
            ),
            page=page,
            counts=state_counts("visit", found.states, first=_waiting_counts(found)),
            back="/applications/",
            live=("/applications/matches/live", "visits"),
            legend="visit",
        ),
        "visits/list.html",
        host=host,
    )


def _waiting_counts(found: VisitList) -> list[Count]:
    """Return how many visits need something before travel, and of how many the results are asked."""
    unready = ngettext("needs something from you before travel", "need something from you before travel", found.unready)
    results = ngettext("needs a report on results at home", "need a report on results at home", found.results)
    return [
        Count(found.unready, unready, f"?state={UNREADY}", "wait"),
        Count(found.results, results, f"?state={RESULTS}", "wait"),
    ]


def _columns() -> list[Column]:
    return [
        Column(gettext("Dates")),
        Column(gettext("Guest")),
        Column(gettext("Reference")),
        Column(gettext("From")),
        Column(gettext("Host")),
        Column(gettext("State")),
    ]


def _row(listed: ListedVisit) -> list[Cell]:
    visit, view = listed.visit, listed.view
    when = gettext("No dates yet")
    if visit.start is not None and visit.end is not None:
        when = dates.span(visit.start, visit.end)
    return [
        Link(when, visit_path(visit.id)),
        guest_name(view, visit),
        view.case.application.reference,
        labels.country(visit.country),
        view.host.name if view.host and visit.guest != Party.MENTOR else labels.country(visit.host_country),
        tag("visit", visit.state),
    ]


@router.get("/{visit_id}")
async def show(request: Request, visit_id: UUID, principal: Anyone, bus: BusDep) -> Response:
    """Show one visit: state, agenda, preparation, attendance, and what is asked of the reader."""
    return await show_visit(request, principal, bus, visit_id)


async def show_visit(
    request: Request,
    principal: Principal,
    bus: Bus,
    visit_id: UUID,
    *,
    form: AgendaForm | None = None,
    status: int = 200,
) -> Response:
    """Return the page of a visit, with the agenda form."""
    async with bus.read() as session:
        page = await visit_page(session, principal, visit_id)
    view = page.view
    visit, parties = view.visit, view.of.case.parties
    scheduled = visit.stands is VisitState.SCHEDULED
    ahead = scheduled and visit.start is not None and to_come(visit.start)
    own = [party for party in BOTH if party in parties]
    return render(
        request,
        "visits/show.html",
        status,
        view=view,
        visit=visit,
        where=Standing(
            state("visit", visit.state),
            visit.since,
            page.step.due,
            page.step.holder,
            page.step.step,
            reason=reason_word(visit.reason) or None,
        ),
        who=guest_name(view.of, visit),
        topic=labels.topic(visit.topic),
        people=[(labels.label(party), identity) for party, identity in view.of.known.items() if identity.name],
        earlier=page.earlier,
        change=page.change,
        agreed=[(party_name(visit, party), view.agreed.get(party) == view.version) for party in BOTH],
        may_agree=scheduled and bool(own) and view.agreed.get(own[0]) != view.version,
        may_write=scheduled and bool(own),
        guest=Party.GUEST in parties,
        host=Party.HOST in parties,
        scheduled=scheduled,
        security=view.of.offer.entry.security if view.of.offer else "",
        contact=view.of.offer.entry.contact if view.of.offer and own else "",
        left=_still_missing(view) if ahead else [],
        arrival=_arrival_rows(view),
        days=[day_record(day, view.records.get(day), open_=day in view.recordable) for day in visit.dates],
        may_report=Party.HOST in parties and bool(view.recordable),
        came=any(view.attendance.values()),
        tasks=_tasks(view),
        cause=labels.label(UnschedulableCause(visit.cause or UnschedulableCause.NO_COMMON_WEEK)),
        kept=labels.label(MoveDropCause(visit.drop_cause)) if visit.drop_cause else "",
        move_by=move_asked_by(view),
        both=both_parties(visit),
        move_answers=[(party_name(visit, party), _answer_word(view, party)) for party in BOTH],
        form_=form or AgendaForm(data={"text": view.agenda}),
        certificates=page.certificates if Party.GUEST in parties else [],
        before=visit.replaces,
        after=page.replaced_by,
        # Both visits have the same host; of the other guest nobody else knows.
        see_both=bool(parties & {Party.HOST, Party.HOST_COORDINATOR, Party.PROGRAMME}),
        done=request.query_params.get("done"),
    )


def _still_missing(view: VisitView) -> list[Any]:
    """Return the items of the preparation that the reader still has to bring."""
    own = readiness.sides(view.of.case)
    open_ = [] if view.checklist is None else view.checklist.open_()
    return [status for status in open_ if status.owner in own]


def _arrival_rows(view: VisitView) -> list[dict[str, str]]:
    """Return whom the guest asks for, where and when, for those who may read it."""
    sheet = view.arrival
    if sheet is None:
        return []
    reach = ", ".join(part for part in (sheet.contact_name, sheet.contact_phone, sheet.contact_email) if part)
    words = {"place": sheet.place, "at": sheet.at.strftime("%H:%M")}
    rows = [
        {"key": gettext("Arrive"), "value": gettext("%(place)s, at %(at)s") % words},
        {"key": gettext("Ask for"), "value": reach},
        {"key": gettext("To bring"), "value": sheet.bring},
    ]
    return [row for row in rows if row["value"]]


def _answer_word(view: VisitView, party: Party) -> str:
    """Return what one side answered to other dates; empty while it has not answered."""
    reply = view.move_answers.get(party)
    if reply is None:
        return ""
    return gettext("accepts") if reply is Answer.ACCEPT else gettext("refuses")


def _tasks(view: VisitView) -> list[TaskRow]:
    """Return the forms of reporting that are asked of the reader, as a task list."""
    names = {
        "evaluation": gettext("Evaluate the visit"),
        "report": gettext("Write your report"),
        "follow_up": gettext("Complete the follow-up"),
        **test_names(),
        "cascade": gettext("Report your training sessions at home"),
    }
    return [
        outcome_row(
            task,
            visit_path(view.visit.id),
            names[task.purpose] if task.party in BOTH else gettext("Report the results at home"),
            due_hint(task),
        )
        for task in view.tasks
    ]


@router.get("/{visit_id}/forms/{purpose}")
async def open_form(visit_id: UUID, purpose: str, principal: Anyone, bus: BusDep, settings: Portal) -> Response:
    """Redirect to reporting's form, with a ticket that says in which role the reader answers."""
    return see_other((await tickets.for_visit(bus, settings, principal, visit_id, purpose)).link)


@router.get("/{visit_id}/closed-forms/{purpose}/{party}")
async def why(visit_id: UUID, purpose: str, party: str, principal: Anyone, bus: BusDep, settings: Portal) -> Response:
    """Redirect to the closed form for this party, which explains why answers are no longer accepted."""
    return see_other((await tickets.for_visit(bus, settings, principal, visit_id, purpose, party)).link)


@router.post("/{visit_id}/agenda")
async def write_agenda(request: Request, visit_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Write the next version of the agenda."""
    form = await AgendaForm.read(request)
    if not form.validate():
        return await show_visit(request, principal, bus, visit_id, form=form, status=422)
    try:
        await actions.write_agenda(bus, principal, visit_id, form.text.data or "")
    except Outdated as outdated:
        async with bus.read() as session:
            saved = AgendaForm(data={"text": (await visit_page(session, principal, visit_id)).view.agenda})
        show_both(request, outdated, form, saved)
        return await show_visit(request, principal, bus, visit_id, form=form, status=outdated.status_code)
    except Refused as refused:
        if refused.status_code != 409:
            raise
        form.refuse("text", refused.detail)
        return await show_visit(request, principal, bus, visit_id, form=form, status=409)
    return see_other(visit_path(visit_id) + "?done=agenda")


@router.post("/{visit_id}/agenda/agree")
async def agree(request: Request, visit_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Agree to the agenda that the page showed."""
    await actions.agree(bus, principal, visit_id, await version_of(request))
    return see_other(visit_path(visit_id) + "?done=agreed")
