"""The page of one placement, and the actions on it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications import transitions
from services.applications.access.views import Capacity
from services.applications.display import cause_word, tag
from services.applications.forms import ReasonForm
from services.applications.guards import Coordinator, Decider, Holder, Host
from services.applications.parameters import BusDep
from services.applications.placements.actions import placements
from services.applications.placements.forms import ReturnOfferForm, VoidForm
from services.applications.placements.model.placement import SECTIONS
from services.applications.placements.pages.common import offer_path
from services.applications.placements.pages.edit import refused_page
from services.applications.placements.views.placement import (
    Placement,
    PlacementDetails,
    PlannedVisit,
    own_placement,
    placement_details,
    readable_placement,
    void_effects,
)
from services.applications.placements.views.words import rows
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts import offers as offer_events
from shared.contracts.codes import OfferState, Role, StatedReason, VoidReason
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
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
        where=Standing(
            state("offer", placement.state),
            placement.since,
            placement.due,
            holder=_holder(placement, capacity) or None,
            reason=cause_word(placement.cause) or None,
        ),
        moves=_possible_actions(found) if mine else [],
        mine=mine,
        writable=mine and placement.writable,
        reopens=placement.state is OfferState.CLOSED,
        decides=decidable and capacity.acting_as is not None,
        asked=capacity.notice_for(principal) if decidable else None,
        voids=programme and transitions.possible(offer_events.OfferVoided, placement.state),
        remarks=[
            (labels.label(section), placement.remarks[section]) for section in SECTIONS if section in placement.remarks
        ],
        done=request.query_params.get("done"),
    )


def _possible_actions(found: PlacementDetails) -> list[str]:
    """Return the actions that the host can take now with one button."""
    state_now = found.placement.state
    possible = [name for name, event in _EVENTS.items() if transitions.possible(event, state_now)]
    cannot_open = state_now is OfferState.CLOSED or not found.call_is_open
    return [name for name in possible if not (cannot_open and name in {"resume", "publish", "submit"})]


def _holder(placement: Placement, own: Capacity) -> str:
    """Return the holder where the state alone does not say: after silence the deputy, then the programme too."""
    if placement.awaits_answer:
        return gettext("Host")
    return own.holder if placement.state is OfferState.SUBMITTED else ""


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


async def _readable(bus: Bus, principal: Principal, offer_id: UUID) -> Placement:
    async with bus.read() as session:
        return await readable_placement(session, principal, offer_id)


async def _own(bus: Bus, principal: Principal, offer_id: UUID) -> Placement:
    async with bus.read() as session:
        return await own_placement(session, principal, offer_id)


@router.get("/{offer_id}/withdraw")
async def ask_withdraw(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Ask for the reason of a withdrawal."""
    return _withdraw_page(request, await _own(bus, principal, offer_id), ReasonForm())


def _withdraw_page(request: Request, offer: Placement, form: ReasonForm, status: int = 200) -> Response:
    return render(
        request,
        "matches/reason.html",
        status,
        form_=form,
        caption=offer.reference,
        title=gettext("Take the placement back"),
        text=gettext("Matches that are not confirmed are cancelled. Confirmed visits stand."),
        back_href=offer_path(offer.id),
        button=gettext("Take it back"),
    )


@router.post("/{offer_id}/withdraw")
async def withdraw(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Withdraw it."""
    form = await ReasonForm.read(request)
    if not form.validate():
        return _withdraw_page(request, await _own(bus, principal, offer_id), form, 422)
    await placements.withdraw(bus, principal, offer_id, StatedReason(form.reason.data))
    return see_other(offer_path(offer_id) + "?done=withdraw")


@router.post("/{offer_id}/endorse")
async def endorse(offer_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Endorse it."""
    await placements.endorse(bus, principal, offer_id)
    return see_other(offer_path(offer_id) + "?done=endorse")


@router.get("/{offer_id}/return")
async def ask_return(request: Request, offer_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Ask for a remark for each section."""
    offer = await _readable(bus, principal, offer_id)
    return render(request, "placements/return.html", offer=offer, form_=ReturnOfferForm())


@router.post("/{offer_id}/return")
async def send_back(request: Request, offer_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Return it to the host for information."""
    form = await ReturnOfferForm.read(request)
    offer = await _readable(bus, principal, offer_id)
    if not form.validate():
        return render(request, "placements/return.html", 422, offer=offer, form_=form)
    try:
        await placements.send_back(bus, principal, offer_id, form.remarks())
    except Refused as refused:
        if refused.status_code != 422:
            raise
        form.refuse("service", refused.detail)
        return render(request, "placements/return.html", 422, offer=offer, form_=form)
    return see_other(offer_path(offer_id) + "?done=return")


@router.get("/{offer_id}/void")
async def ask_void(request: Request, offer_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Ask for confirmation and the reason."""
    return await _void_page(request, bus, principal, offer_id, VoidForm())


async def _void_page(
    request: Request, bus: Bus, principal: Principal, offer_id: UUID, form: VoidForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        effects = await void_effects(session, principal, offer_id)
    return render(
        request,
        "placements/void.html",
        status,
        offer=effects.placement,
        form_=form,
        taken=effects.confirmed,
        going=effects.cancelled,
    )


@router.post("/{offer_id}/void")
async def void(request: Request, offer_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Void a placement that was entered in error."""
    form = await VoidForm.read(request)
    if not form.validate():
        return await _void_page(request, bus, principal, offer_id, form, 422)
    try:
        await placements.void(bus, principal, offer_id, VoidReason(form.reason.data))
    except Refused as refused:
        if refused.status_code != 409:
            raise
        form.refuse("reason", refused.detail)
        return await _void_page(request, bus, principal, offer_id, form, 409)
    return see_other(offer_path(offer_id) + "?done=void")


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
