"""The list of placements, with counts and filters; those that wait for the reader come first."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.access.store import deciders_on
from services.applications.calls import store as calls_store
from services.applications.display import cause_word, country_filter, state_counts, tag
from services.applications.guards import Holder
from services.applications.matches.store import matches
from services.applications.parameters import BusDep
from services.applications.placements import store
from services.applications.placements.pages.bulk import ACTS
from services.applications.placements.pages.common import offer_path
from services.applications.placements.store import Offer
from services.applications.register.store import entries
from services.applications.tables import PAGE
from services.applications.visibility import visibility_of
from shared.contracts import labels
from shared.contracts.codes import ApplicationKind, CallState, OfferState, Role
from shared.i18n import gettext, ngettext
from shared.identity import Principal
from shared.identity.scope import may_clear
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
    visibility = visibility_of(principal)
    filters = store.Filters(state or None, read_id(call), country or None, q.strip() or None, sort)
    async with bus.read() as session:
        moment, deciders = clock.now(), await deciders_on(session, clock.today())
        found, total = await store.list_page(session, visibility, filters, moment, deciders, page)
        counts = await store.counts(session, visibility, filters, moment, deciders)
        calls = await calls_store.calls(session)
        hosts = {
            organisation.id: organisation
            for organisation in await entries.organisations(session, ids={offer.organisation_id for offer in found})
        }
        taken = await matches.confirmed_counts(session, [offer.id for offer in found])
        countries = await store.countries(session, visibility)
    open_calls = [
        known_call
        for known_call in calls
        if known_call.state == CallState.PUBLISHED and ApplicationKind.STUDY_VISIT in known_call.terms.kinds
    ]
    titles = {known_call.id: known_call for known_call in calls}
    ticks = any(_decides(principal, offer) for offer in found)
    all_ticked = "all" in request.query_params
    host = principal.has(Role.HOST_CONTACT)
    return render(
        request,
        "placements/list.html",
        rows=[
            _row(offer, hosts, titles, taken, box=_box(offer, all_=all_ticked) if ticks else None) for offer in found
        ],
        acts=[(act, gettext(ACTS[act].button)) for act in ACTS] if ticks else [],
        total=total,
        page=page,
        size=PAGE,
        sort=sort,
        counts=_counts(counts),
        fields=[
            {
                "name": "state",
                "label": gettext("State"),
                "options": [(store.WAITS, gettext("Waits for you")), (store.LATE, gettext("Overdue"))]
                + [(known_state.code, known_state.word) for known_state in states.states("offer")],
                "value": state,
            },
            {
                "name": "call",
                "label": gettext("Call"),
                "options": [(str(known_call.id), f"{known_call.reference} {known_call.title}") for known_call in calls],
                "value": call,
            },
            *country_filter([(code, labels.country(code)) for code in countries], country, gettext("Host country")),
            {"name": "q", "label": gettext("Reference"), "value": q},
        ],
        narrowed=bool(state or call or country or q),
        open_calls=open_calls if host else [],
        host=host,
    )


def _decides(principal: Principal, offer: Offer) -> bool:
    """Return whether the placement waits for the reader's country, or may wait for the programme's decision."""
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    return offer.stands is OfferState.SUBMITTED and (
        programme or may_clear(principal, offer.country, offer.organisation_id)
    )


def _box(offer: Offer, *, all_: bool) -> Any:
    """Return the tick box of a placement that can be decided on; empty for the others."""
    if offer.stands is not OfferState.SUBMITTED:
        return ""
    return {"tick": "offer", "value": offer.id, "label": f"{offer.reference} {offer.title}", "ticked": all_}


def _row(
    offer: Offer,
    hosts: dict[UUID, entries.Organisation],
    calls: dict[UUID, calls_store.Call],
    taken: dict[UUID, int],
    *,
    box: Any,
) -> list[Any]:
    host, call = hosts.get(offer.organisation_id), calls.get(offer.call_id)
    places = offer.entry.places
    return [
        *([] if box is None else [box]),
        {"text": offer.reference, "href": offer_path(offer.id)},
        offer.title,
        host.name if host else "",
        call.reference if call else "",
        None if places is None else gettext("%(taken)s of %(places)s") % {"taken": taken[offer.id], "places": places},
        tag("offer", offer.state),
        cause_word(offer.cause) or None,
        dates.day(offer.since, short=True),
        None
        if offer.due is None
        else f"{dates.day(offer.due, short=True)} ({dates.relative(offer.due, clock.today())})",
    ]


def _counts(found: dict[str, int]) -> list[dict[str, Any]]:
    """Return the count of each state, with a link to exactly the rows that it counts."""
    waits, late = found.get(store.WAITS, 0), found.get(store.LATE, 0)
    return state_counts(
        "offer",
        found,
        (store.WAITS, waits, ngettext("waits for you", "wait for you", waits), "wait"),
        (store.LATE, late, ngettext("overdue", "overdue", late), "error"),
        here=_HERE,
    )
