"""The page of one placement, and the actions on it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications import transitions
from services.applications.display import tag
from services.applications.guards import Decider, Holder, Host
from services.applications.parameters import BusDep
from services.applications.placements.actions import placements
from services.applications.placements.model.placement import offer_path
from services.applications.placements.pages.edit import refused_page
from services.applications.placements.views.placement import (
    PlacementDetails,
    PlannedVisit,
    placement_details,
    remarks_by_section,
    rows,
)
from services.applications.refusals import not_found
from shared.contracts import labels
from shared.contracts import offers as offer_events
from shared.contracts.codes import OfferState, Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import may_act_for_organisation
from shared.time import dates
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications/offers", include_in_schema=False)
# What a host does with one button: action, function.
_ACTIONS = {
    "submit": placements.submit,
    "publish": placements.publish,
    "available": placements.confirm,
    "pause": placements.pause,
    "resume": placements.resume,
    "close": placements.close,
}
_EVENTS: dict[str, type[offer_events.OfferEvent]] = {
    "submit": offer_events.OfferSubmitted,
    "publish": offer_events.OfferPublished,
    "pause": offer_events.OfferPaused,
    "resume": offer_events.OfferResumed,
    "close": offer_events.OfferClosed,
    "withdraw": offer_events.OfferWithdrawn,
}


@router.get("/{offer_id}")
async def show(request: Request, offer_id: UUID, principal: Holder, bus: BusDep) -> Response:
    """Show one placement: its state, its fields, who comes, and what can be done now."""
    async with bus.read() as session:
        found = await placement_details(session, principal, offer_id)
    placement, capacity = found.placement, found.capacity
    mine = may_act_for_organisation(principal, placement.organisation_id)
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    shown = state("offer", placement.state)
    decidable = transitions.possible(offer_events.OfferEndorsed, placement.state)
    return render(
        request,
        "placements/show.html",
        offer=placement,
        rows=rows(placement.entry, found.names),
        host=found.host,
        call_title=found.call_title,
        taken=found.taken,
        coming=[_visit_row(visit) for visit in found.visits],
        where=Standing.of(shown if mine else shown.for_others, found.standing, placement.since),
        moves=_possible_actions(found) if mine else [],
        mine=mine,
        judges=mine
        and found.call_is_open
        and transitions.possible(offer_events.OfferCandidatesChosen, placement.state),
        writable=mine and placement.writable,
        reopens=placement.state is OfferState.CLOSED,
        decides=decidable and capacity.acting_as is not None,
        notice=capacity.notice_for(principal) if decidable else None,
        voids=programme and transitions.possible(offer_events.OfferVoided, placement.state),
        remarks=remarks_by_section(placement),
        returned=placement.state is OfferState.RETURNED,
        done=request.query_params.get("done"),
    )


def _possible_actions(found: PlacementDetails) -> list[str]:
    """Return the actions that the host can take now with one button."""
    state_now = found.placement.state
    possible = [name for name, event in _EVENTS.items() if transitions.possible(event, state_now)]
    cannot_open = state_now is OfferState.CLOSED or not found.call_is_open
    return [name for name in possible if not (cannot_open and name in {"resume", "publish", "submit"})]


def _visit_row(visit: PlannedVisit) -> list[Any]:
    when = gettext("No dates yet")
    if visit.start is not None and visit.end is not None:
        when = dates.span(visit.start, visit.end)
    return [
        {"text": when, "href": f"/applications/visits/{visit.id}"},
        visit.reference,
        labels.country(visit.country),
        tag("visit", visit.state),
    ]


@router.post("/{offer_id}/endorse")
async def endorse(offer_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Endorse it."""
    await placements.endorse(bus, principal, offer_id)
    return see_other(offer_path(offer_id) + "?done=endorse")


@router.post("/{offer_id}/{move}")
async def act(request: Request, offer_id: UUID, move: str, principal: Host, bus: BusDep) -> Response:
    """Submit, publish, confirm, pause, resume or close it; where something is missing, the form names it."""
    if move not in _ACTIONS:
        raise not_found()
    try:
        await _ACTIONS[move](bus, principal, offer_id)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        return await refused_page(request, principal, bus, offer_id, refused)
    return see_other(offer_path(offer_id) + f"?done={move}")
