"""A coordinator's queue: figures, filters in the address, and selectable rows."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.overview.model import FIRST, QueueFilters
from services.applications.parameters import BusDep
from services.applications.review.forms.queue import HERE, PlacedQuery, QueueQuery
from services.applications.review.pages.bulk import ACTS, acts_of
from services.applications.review.pages.case import deciders
from services.applications.review.views.case import case_address
from services.applications.review.views.queue import QueueLine, QueuePage, queue_page
from services.applications.saved_views.views import View, own_views
from shared.contracts import labels
from shared.contracts.codes import PARTNERS, ApplicationKind, ApplicationMode, RankGroup, Role, ServiceKind
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal
from shared.time import clock, dates
from shared.web import states
from shared.web.lists import Cell, Column, Count, Empty, Filter, Link, Listing, Steps, Tick, list_page
from shared.web.live import live_route

router = APIRouter(prefix=HERE, include_in_schema=False)
router.add_api_route("/live", live_route("applications"), dependencies=[Depends(deciders)])

DUES = {"overdue": N_("Overdue"), "week": N_("Within a week"), "later": N_("Later")}
AGES = {"week": N_("Up to a week"), "month": N_("Up to a month"), "older": N_("More than a month")}
NEEDS = {"me": N_("Waiting for me"), "silence": N_("Passed to the programme, no answer")}
FIRST_TIME = {"yes": N_("Takes part for the first time"), "no": N_("Has taken part before")}


@router.get("")
async def show_queue(
    request: Request,
    principal: Decider,
    bus: BusDep,
    query: Annotated[PlacedQuery, Query()],
) -> Response:
    """Show the submitted applications of the reader's own country or EU agency, the reader's own tasks first."""
    async with bus.read() as session:
        view = await queue_page(session, principal, query.filters, query.place)
        views = await own_views(session, principal)
    return queue_list(request, principal, query, view, views)


def queue_list(
    request: Request,
    principal: Principal,
    query: PlacedQuery,
    view: QueuePage,
    views: Sequence[View] = (),
) -> Response:
    """Return the page of a queue that was read; `views` are the reader's saved ones."""
    ticks = any(line.line.tickable for line in view.lines)
    return list_page(
        request,
        Listing(
            gettext("Applications"),
            HERE,
            _columns(),
            [_row(line, query.beside, ticks=ticks, all_=query.all is not None) for line in view.lines],
            view.total,
            _empty(query),
            page=view.place.page,
            steps=Steps(view.place.before, view.place.after),
            sort="" if query.sort == FIRST else query.sort,
            counts=_counts(view, query, principal),
            filters=_filters(query, view.calls),
            more_filters=_more(query, principal, view.agencies),
            acts=[(act, gettext(ACTS[act].button)) for act in acts_of(principal)] if ticks else [],
            decide=f"{HERE}/decide",
            hidden={"back": request.url.query},
            tick_all=gettext("Select all on this page waiting for you"),
            back="/applications/",
            legend="application",
            legend_others=True,
            keys=True,
        ),
        "review/queue.html",
        saved_views=views,
        present_filters=query.address().partition("?")[2],
    )


def _empty(query: QueueQuery) -> Empty:
    if query.filters != QueueFilters(sort=query.sort):
        return Empty(gettext("No applications match these filters."), gettext("Show all"), HERE)
    return Empty(gettext("No application has been submitted yet. Applications appear here when officers submit them."))


def _columns() -> list[Column]:
    return [
        Column(gettext("Reference"), "reference"),
        Column(gettext("Name")),
        Column(gettext("Country"), "country"),
        Column(gettext("Call"), "call"),
        Column(gettext("For")),
        Column(gettext("State"), "state"),
        Column(gettext("With")),
        Column(gettext("Age"), "age"),
        Column(gettext("Due"), "due"),
    ]


def _row(found: QueueLine, beside: str, *, ticks: bool, all_: bool) -> list[Cell]:
    line, now = found.line, clock.now()
    days = (now - line.submitted_at).days
    box = Tick("case", str(line.id), f"{line.reference} {found.name}", all_)
    return [
        *([box if line.tickable else ""] if ticks else []),
        Link(line.reference, f"{case_address(line.id)}?{beside}"),
        found.name,
        labels.country(line.country),
        found.call,
        labels.label(ApplicationKind(line.kind)),
        tag("application", line.state),
        found.step.holder or None,
        ngettext("%(num)d day", "%(num)d days", days) % {"num": days},
        None if line.due is None else dates.due_day(line.due, now),
    ]


def _counts(view: QueuePage, query: QueueQuery, principal: Principal) -> list[Count]:
    """Return what is urgent, then what is in each state; each count leads to exactly the rows that it counts."""
    found = view.figures
    wide = query.model_copy(update={"state": None, "needs": None, "due": None})
    counts = [
        (found.needs, ngettext("is waiting for you", "are waiting for you", found.needs), {"needs": "me"}, "wait"),
        (found.overdue, gettext("overdue"), {"due": "overdue"}, "error"),
        (found.week, gettext("due within a week"), {"due": "week"}, "wait"),
    ]
    if principal.has(Role.PROGRAMME_COORDINATOR):
        counts.append((found.silence, gettext("passed to you after no answer"), {"needs": "silence"}, "error"))
    counts += [
        (found.states.get(state.code, 0), state.word, {"state": state.code}, state.tone)
        for state in states.states("application")
    ]
    return [Count(count, name, wide.address(**change), tone) for count, name, change, tone in counts if count]


def _filters(query: QueueQuery, calls: list[tuple[str, str]]) -> list[Filter]:
    state_options = [(state.code, state.word) for state in states.states("application") if state.code != "draft"]
    return [
        Filter("state", gettext("State"), query.state or "", state_options),
        Filter("due", gettext("Due"), query.due or "", _label_options(DUES)),
        Filter("call", gettext("Call"), str(query.call or ""), calls),
        Filter("q", gettext("Reference or part of it"), query.q or ""),
    ]


def _more(query: QueueQuery, principal: Principal, agencies: list[tuple[str, str]]) -> list[Filter]:
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    needs = NEEDS if programme else {"me": NEEDS["me"]}
    choices: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("needs", gettext("With"), _label_options(needs)),
        ("age", gettext("Age"), _label_options(AGES)),
        ("kind", gettext("Kind"), [(code.value, labels.label(code)) for code in ApplicationKind]),
        ("mode", gettext("Alone or together"), [(code.value, labels.label(code)) for code in ApplicationMode]),
        ("rank_group", gettext("Rank group"), [(code.value, labels.label(code)) for code in RankGroup]),
        ("service", gettext("Service"), [(code.value, labels.label(code)) for code in ServiceKind]),
        ("first_time", gettext("Took part before"), _label_options(FIRST_TIME)),
        ("organisation", gettext("Organisation"), agencies),
    ]
    if programme:
        choices.append(("country", gettext("Country"), labels.countries((*PARTNERS, "EU"))))
    return [
        Filter(name, label, str(getattr(query, name) or ""), options) for name, label, options in choices if options
    ]


def _label_options(choices: dict[str, str]) -> list[tuple[str, str]]:
    return [(code, gettext(text)) for code, text in choices.items()]
