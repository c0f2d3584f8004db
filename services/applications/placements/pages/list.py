"""The list of placements, with counts and filters; those that wait for the reader come first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import cause_word, tag
from services.applications.guards import Holder
from services.applications.parameters import BusDep
from services.applications.placements.model.placement import offer_path
from services.applications.placements.pages.bulk import ACTS
from services.applications.placements.views.lists import (
    LATE,
    WAITS,
    Filters,
    ListedPlacement,
    PlacementCounts,
    PlacementList,
    placement_list,
)
from services.applications.placements.views.placement import Placement
from shared.contracts.codes import ApplicationKind, OfferState, Role
from shared.i18n import gettext, ngettext
from shared.ids import new_id, read_id
from shared.time import clock, dates
from shared.web import states
from shared.web.lists import (
    Cell,
    Column,
    Count,
    Empty,
    Filter,
    Link,
    Listing,
    Tick,
    country_filter,
    list_page,
    state_counts,
)
from shared.web.query import CountryText, TickAll

router = APIRouter(prefix="/applications/offers", include_in_schema=False)
_HERE = "/applications/offers"


@router.get("")
async def show_all(
    request: Request,
    principal: Holder,
    bus: BusDep,
    state: str = "",
    call: str = "",
    country: CountryText = "",
    q: str = "",
    sort: str = "due",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    all_ticked: TickAll = "",
) -> Response:
    """Show the reader's placements; those that wait for the reader have a filter of their own."""
    filters = Filters(state or None, read_id(call), country or None, q.strip() or None, sort)
    async with bus.read() as session:
        found = await placement_list(session, principal, filters, page)
    ticks = any(row.decidable for row in found.rows)
    host = principal.has(Role.HOST_CONTACT)
    calls = [call_name for call_name in found.calls if call_name.takes(ApplicationKind.STUDY_VISIT)] if host else []
    return list_page(
        request,
        Listing(
            gettext("Placements"),
            _HERE,
            _columns(),
            [_row(row, box=_box(row.placement, all_=bool(all_ticked)) if ticks else None) for row in found.rows],
            found.total,
            _empty(host=host, calls=bool(calls)),
            gettext("No placements match these filters."),
            page=page,
            sort=sort,
            counts=_counts(found.counts),
            filters=_filters(found, {"state": state, "call": call, "country": country, "q": q}),
            acts=[(act, gettext(ACTS[act].button)) for act in ACTS] if ticks else [],
            decide=f"{_HERE}/decide",
            tick_all=gettext("Select all on this page that are waiting"),
            back="/applications/",
            legend="offer",
            legend_others=not host,
        ),
        "placements/list.html",
        # The address names the draft, so that the browser's back button leads to the one that was begun.
        open_calls=[(call_name, f"{_HERE}/new?call={call_name.id}&draft={new_id()}") for call_name in calls],
    )


def _columns() -> list[Column]:
    return [
        Column(gettext("Reference"), "reference"),
        Column(gettext("Title")),
        Column(gettext("Host")),
        Column(gettext("Call")),
        Column(gettext("Confirmed")),
        Column(gettext("State"), "state"),
        Column(gettext("Why")),
        Column(gettext("Since"), "since"),
        Column(gettext("Due"), "due"),
    ]


def _empty(*, host: bool, calls: bool) -> Empty:
    """Return why the list is empty; a host reads how to fill it."""
    if not host:
        return Empty(gettext("No placement has been submitted yet. Placements appear here when a host submits them."))
    if calls:
        return Empty(gettext("No placements yet."), gettext("Choose a call above to add a placement."))
    return Empty(
        gettext("No placements yet."),
        gettext("No call is open for placements now. When a call opens, you can add a placement here."),
    )


def _filters(found: PlacementList, values: dict[str, str]) -> list[Filter]:
    """Return the filters of the list, each with its value in the address."""
    of_state = [(state_word.code, state_word.word) for state_word in states.states("offer")]
    waiting = [(WAITS, gettext("Waiting for you")), (LATE, gettext("Overdue"))]
    return [
        Filter("state", gettext("State"), values["state"], [*waiting, *of_state]),
        Filter(
            "call", gettext("Call"), values["call"], [(str(call_name.id), call_name.name) for call_name in found.calls]
        ),
        *country_filter(found.countries, values["country"], gettext("Host country")),
        Filter("q", gettext("Reference"), values["q"]),
    ]


def _box(placement: Placement, *, all_: bool) -> Cell:
    """Return the tick box of a placement that can be decided on; empty for the others."""
    if placement.state is not OfferState.SUBMITTED:
        return ""
    label = f"{placement.reference} {placement.title}"
    return Tick("offer", str(placement.id), label, all_)


def _row(row: ListedPlacement, *, box: Cell) -> list[Cell]:
    placement, places = row.placement, row.placement.entry.places
    due = placement.due
    return [
        *([] if box is None else [box]),
        Link(placement.reference, offer_path(placement.id)),
        placement.title,
        row.host,
        row.call,
        None if places is None else gettext("%(taken)s of %(places)s") % {"taken": row.taken, "places": places},
        tag("offer", placement.state),
        cause_word(placement.cause) or None,
        dates.day(placement.since, short=True),
        None if due is None else f"{dates.day(due, short=True)} ({dates.relative(due, clock.today())})",
    ]


def _counts(found: PlacementCounts) -> list[Count]:
    """Return the count of each state, with a link to exactly the rows that it counts."""
    waits = ngettext("is waiting for you", "are waiting for you", found.waits)
    late = ngettext("overdue", "overdue", found.late)
    return state_counts(
        "offer",
        found.by_code,
        _HERE,
        [
            Count(found.waits, waits, f"{_HERE}?state={WAITS}", "wait"),
            Count(found.late, late, f"{_HERE}?state={LATE}", "error"),
        ],
    )
