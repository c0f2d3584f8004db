"""The list of placements, with counts and filters; those that wait for the reader come first."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import cause_word, country_filter, state_counts, tag
from services.applications.guards import Holder
from services.applications.parameters import BusDep
from services.applications.placements.pages.bulk import ACTS
from services.applications.placements.pages.common import offer_path
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
from services.applications.tables import PAGE
from shared.contracts import labels
from shared.contracts.codes import ApplicationKind, OfferState, Role
from shared.i18n import gettext, ngettext
from shared.ids import read_id
from shared.time import clock, dates
from shared.web import states
from shared.web.render import render

router = APIRouter(prefix="/applications/offers", include_in_schema=False)
_HERE = "/applications/offers"


@router.get("")
async def show_all(
    request: Request,
    principal: Holder,
    bus: BusDep,
    state: str = "",
    call: str = "",
    country: str = "",
    q: str = "",
    sort: str = "due",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Show the reader's placements; those that wait for the reader have a filter of their own."""
    filters = Filters(state or None, read_id(call), country or None, q.strip() or None, sort)
    async with bus.read() as session:
        found = await placement_list(session, principal, filters, page)
    ticks = any(row.decidable for row in found.rows)
    all_ticked = "all" in request.query_params
    host = principal.has(Role.HOST_CONTACT)
    return render(
        request,
        "placements/list.html",
        rows=[_row(row, box=_box(row.placement, all_=all_ticked) if ticks else None) for row in found.rows],
        acts=[(act, gettext(ACTS[act].button)) for act in ACTS] if ticks else [],
        total=found.total,
        page=page,
        size=PAGE,
        sort=sort,
        counts=_counts(found.counts),
        fields=_filters(found, {"state": state, "call": call, "country": country, "q": q}),
        narrowed=bool(state or call or country or q),
        open_calls=[known for known in found.calls if known.takes(ApplicationKind.STUDY_VISIT)] if host else [],
        host=host,
    )


def _filters(found: PlacementList, values: dict[str, str]) -> list[dict[str, Any]]:
    """Return the filters of the list, each with its value in the address."""
    of_state = [(known.code, known.word) for known in states.states("offer")]
    countries = [(code, labels.country(code)) for code in found.countries]
    return [
        {
            "name": "state",
            "label": gettext("State"),
            "options": [(WAITS, gettext("Waits for you")), (LATE, gettext("Overdue")), *of_state],
            "value": values["state"],
        },
        {
            "name": "call",
            "label": gettext("Call"),
            "options": [(str(known.id), known.name) for known in found.calls],
            "value": values["call"],
        },
        *country_filter(countries, values["country"], gettext("Host country")),
        {"name": "q", "label": gettext("Reference"), "value": values["q"]},
    ]


def _box(placement: Placement, *, all_: bool) -> Any:
    """Return the tick box of a placement that can be decided on; empty for the others."""
    if placement.state is not OfferState.SUBMITTED:
        return ""
    label = f"{placement.reference} {placement.title}"
    return {"tick": "offer", "value": placement.id, "label": label, "ticked": all_}


def _row(row: ListedPlacement, *, box: Any) -> list[Any]:
    placement, places = row.placement, row.placement.entry.places
    due = placement.due
    return [
        *([] if box is None else [box]),
        {"text": placement.reference, "href": offer_path(placement.id)},
        placement.title,
        row.host,
        row.call,
        None if places is None else gettext("%(taken)s of %(places)s") % {"taken": row.taken, "places": places},
        tag("offer", placement.state),
        cause_word(placement.cause) or None,
        dates.day(placement.since, short=True),
        None if due is None else f"{dates.day(due, short=True)} ({dates.relative(due, clock.today())})",
    ]


def _counts(found: PlacementCounts) -> list[dict[str, Any]]:
    """Return the count of each state, with a link to exactly the rows that it counts."""
    return state_counts(
        "offer",
        found.by_code,
        (WAITS, found.waits, ngettext("waits for you", "wait for you", found.waits), "wait"),
        (LATE, found.late, ngettext("overdue", "overdue", found.late), "error"),
        here=_HERE,
    )
