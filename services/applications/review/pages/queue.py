"""A coordinator's queue: figures, filters in the address, and selectable rows."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.access.store import deciders_on as held_on
from services.applications.calls import store as calls_store
from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.overview.model import QueueFilters
from services.applications.overview.store import queue
from services.applications.parameters import BusDep
from services.applications.register.store import entries
from services.applications.review.forms.queue import QueueQuery
from services.applications.review.pages.bulk import ACTS, acts_of
from services.applications.review.pages.case import deciders
from services.applications.review.views.case import case_address
from shared.contracts import labels
from shared.contracts.codes import PARTNERS, ApplicationKind, ApplicationMode, RankGroup, Role, ServiceKind
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal
from shared.time import clock, dates
from shared.web import states
from shared.web.live import live_route
from shared.web.render import render

router = APIRouter(prefix="/applications/cases", include_in_schema=False)
router.add_api_route("/live", live_route("applications"), dependencies=[Depends(deciders)])

DUES = {"overdue": N_("Overdue"), "week": N_("Within a week"), "later": N_("Later")}
AGES = {"week": N_("Up to a week"), "month": N_("Up to a month"), "older": N_("More than a month")}
NEEDS = {"me": N_("Waits for me"), "silence": N_("Came to the programme by silence")}
FIRST_TIME = {"yes": N_("Takes part for the first time"), "no": N_("Has taken part before")}


@router.get("")
async def show_queue(
    request: Request,
    principal: Decider,
    bus: BusDep,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Show the submitted applications of the reader's own country or EU agency, the reader's own tasks first."""
    query = QueueQuery.model_validate(dict(request.query_params))
    async with bus.read() as session:
        reader = queue.Reader(principal, clock.now(), await held_on(session, clock.today()))
        lines, total = await queue.lines(session, reader, query.filters, page)
        figures = await queue.figures(session, reader, query.filters)
        people = await entries.people_by_subject(session, [line.subject for line in lines])
        calls = await calls_store.calls(session)
        agencies = await entries.organisations(session, ids=await queue.organisations(session, reader))
    names = {call.id: call.reference for call in calls}
    acts = acts_of(principal)
    ticks = any(line.tickable for line in lines)
    return render(
        request,
        "review/queue.html",
        rows=[
            _row(line, people, names, reader, ticks=ticks, all_=bool(request.query_params.get("all"))) for line in lines
        ],
        ticks=ticks,
        acts=[(act, gettext(ACTS[act].button)) for act in acts],
        total=total,
        page=page,
        sort=query.sort,
        counts=_counts(figures, query, principal),
        filters_=query,
        narrowed=query.filters != QueueFilters(sort=query.sort),
        fields=_fields(query, calls),
        more=_more(query, principal, agencies),
        back_to=request.url.query,
    )


def _row(
    line: queue.Line,
    people: dict[str, entries.Person],
    names: dict[UUID, str],
    reader: queue.Reader,
    *,
    ticks: bool,
    all_: bool,
) -> list[Any]:
    person = people.get(line.subject)
    name = person.name if person else ""
    days = (reader.now - line.submitted_at).days
    box = {"tick": "case", "value": line.id, "label": f"{line.reference} {name}", "ticked": all_}
    return [
        *([box if line.tickable else ""] if ticks else []),
        {"text": line.reference, "href": case_address(line.id)},
        name,
        labels.country(line.country),
        names.get(line.call_id, ""),
        labels.label(ApplicationKind(line.kind)),
        tag("application", line.state),
        ngettext("%(num)d day", "%(num)d days", days) % {"num": days},
        _due(line, reader),
    ]


def _due(line: queue.Line, reader: queue.Reader) -> str | None:
    if line.due is None:
        return None
    when = f"{dates.day(line.due, short=True)} ({dates.relative(line.due, clock.today())})"
    return gettext("Overdue: %(when)s") % {"when": when} if line.due < reader.now else when


def _counts(found: queue.Figures, query: QueueQuery, principal: Principal) -> list[dict[str, Any]]:
    """What presses, then what stands where; each count leads to exactly the rows that it counts."""
    wide = query.model_copy(update={"state": None, "needs": None, "due": None})
    counts = [
        (found.needs, ngettext("waits for you", "wait for you", found.needs), {"needs": "me"}, "wait"),
        (found.overdue, gettext("overdue"), {"due": "overdue"}, "error"),
        (found.week, gettext("due within a week"), {"due": "week"}, "wait"),
    ]
    if principal.has(Role.PROGRAMME_COORDINATOR):
        counts.append((found.silence, gettext("came to you by silence"), {"needs": "silence"}, "error"))
    counts += [
        (found.states.get(state.code, 0), state.word, {"state": state.code}, state.tone)
        for state in states.states("application")
    ]
    return [
        {"count": count, "name": name, "href": wide.address(**change), "tone": tone}
        for count, name, change, tone in counts
        if count
    ]


def _fields(query: QueueQuery, calls: list[calls_store.Call]) -> list[dict[str, Any]]:
    state_options = [(state.code, state.word) for state in states.states("application") if state.code != "draft"]
    return [
        {"name": "state", "label": gettext("State"), "options": state_options, "value": query.state},
        {"name": "due", "label": gettext("Due"), "options": _label_options(DUES), "value": query.due},
        {
            "name": "call",
            "label": gettext("Call"),
            "options": [(str(call.id), f"{call.reference} {call.title}") for call in calls],
            "value": query.call,
        },
        {"name": "q", "label": gettext("Reference, or a part of it"), "value": query.q},
    ]


def _more(query: QueueQuery, principal: Principal, agencies: list[entries.Organisation]) -> list[dict[str, Any]]:
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    needs = NEEDS if programme else {"me": NEEDS["me"]}
    choices: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("needs", gettext("Who has it"), _label_options(needs)),
        ("age", gettext("Age"), _label_options(AGES)),
        ("kind", gettext("Kind"), [(one.value, labels.label(one)) for one in ApplicationKind]),
        ("mode", gettext("How they come"), [(one.value, labels.label(one)) for one in ApplicationMode]),
        ("rank_group", gettext("Rank group"), [(one.value, labels.label(one)) for one in RankGroup]),
        ("service", gettext("Service"), [(one.value, labels.label(one)) for one in ServiceKind]),
        ("first_time", gettext("Took part before"), _label_options(FIRST_TIME)),
        ("organisation", gettext("Organisation"), [(str(agency.id), agency.name) for agency in agencies]),
    ]
    if programme:
        choices.append(("country", gettext("Country"), [(code, labels.country(code)) for code in (*PARTNERS, "EU")]))
    return [
        {"name": name, "label": label, "options": options, "value": getattr(query, name)}
        for name, label, options in choices
        if options
    ]


def _label_options(choices: dict[str, str]) -> list[tuple[str, str]]:
    return [(code, gettext(text)) for code, text in choices.items()]
