"""The page of one placement, and the actions on it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications import transitions
from services.applications.access.views import Capacity, capacity_for
from services.applications.application.store import applications
from services.applications.calls import store as calls_store
from services.applications.display import cause_word, tag
from services.applications.forms import ReasonForm
from services.applications.guards import Coordinator, Decider, Holder, Host
from services.applications.matches.store import matches
from services.applications.parameters import BusDep
from services.applications.placements import store, views
from services.applications.placements.actions import placements
from services.applications.placements.forms import ReturnOfferForm, VoidForm
from services.applications.placements.model.placement import FIELDS
from services.applications.placements.pages.common import load_offer, load_own_offer, offer_path
from services.applications.placements.pages.edit import filled_page
from services.applications.placements.views import rows
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts import offers as offer_events
from shared.contracts.codes import CallState, OfferState, Role, StatedReason, VoidReason
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
    offer = await load_offer(bus, principal, offer_id)
    async with bus.read() as session:
        host = await entries.organisation(session, offer.organisation_id)
        call = await calls_store.call(session, offer.call_id)
        names = await views.names_of(session, [offer.entry])
        capacity = await capacity_for(session, principal, offer)
        taken = (await matches.confirmed_counts(session, [offer_id]))[offer_id]
        coming = await visits_store.of_offer(session, offer_id)
        references = await applications.by_id(session, {visit.application_id for visit in coming})
    mine = may_act_for_organisation(principal, offer.organisation_id)
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    decidable = transitions.possible(offer_events.OfferEndorsed, offer.state)
    return render(
        request,
        "placements/show.html",
        offer=offer,
        entry=offer.entry,
        rows=rows(offer.entry, names),
        host=host,
        call=call,
        taken=taken,
        coming=[_visit_row(visit, references) for visit in coming],
        where=Standing(
            state("offer", offer.state),
            offer.since,
            offer.due,
            holder=_holder(offer, capacity) or None,
            reason=cause_word(offer.cause) or None,
        ),
        moves=_possible_actions(offer, call) if mine else [],
        mine=mine,
        writable=mine and (offer.stands in placements.WRITABLE or placements.revisable(offer)),
        reopens=offer.stands is OfferState.CLOSED,
        decides=decidable and capacity.acting_as is not None,
        asked=capacity.notice_for(principal) if decidable else None,
        voids=programme and transitions.possible(offer_events.OfferVoided, offer.state),
        remarks=[(labels.label(section), offer.remarks[section]) for section in FIELDS if section in offer.remarks],
        done=request.query_params.get("done"),
    )


def _possible_actions(offer: store.Offer, call: calls_store.Call | None) -> list[str]:
    """Return the actions that the host can take now with one button."""
    found = [name for name, event in _EVENTS.items() if transitions.possible(event, offer.state)]
    open_ = call is not None and call.state == CallState.PUBLISHED
    cannot_open = offer.stands is OfferState.CLOSED or not open_
    return [name for name in found if not (cannot_open and name in {"resume", "publish", "submit"})]


def _holder(offer: store.Offer, own: Capacity) -> str:
    """Return the holder where the state alone does not say: after silence the deputy, then the programme too."""
    if offer.awaits_answer:
        return gettext("Host")
    return own.holder if offer.stands is OfferState.SUBMITTED else ""


def _visit_row(visit: visits_store.Visit, references: dict[UUID, applications.Application]) -> list[Any]:
    application = references.get(visit.application_id)
    when = gettext("No dates yet")
    if visit.start is not None and visit.end is not None:
        when = dates.span(visit.start, visit.end)
    return [
        {"text": when, "href": f"/applications/visits/{visit.id}"},
        application.reference if application else "",
        labels.country(visit.country),
        tag("visit", visit.state),
    ]


@router.get("/{offer_id}/withdraw")
async def ask_withdraw(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Ask for the reason of a withdrawal."""
    return _withdraw_page(request, await load_own_offer(bus, principal, offer_id), ReasonForm())


def _withdraw_page(request: Request, offer: store.Offer, form: ReasonForm, status: int = 200) -> Response:
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
        return _withdraw_page(request, await load_own_offer(bus, principal, offer_id), form, 422)
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
    offer = await load_offer(bus, principal, offer_id)
    return render(request, "placements/return.html", offer=offer, form_=ReturnOfferForm())


@router.post("/{offer_id}/return")
async def send_back(request: Request, offer_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Return it to the host for information."""
    form = await ReturnOfferForm.read(request)
    offer = await load_offer(bus, principal, offer_id)
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
    return await _void_page(request, bus, await load_offer(bus, principal, offer_id), VoidForm())


async def _void_page(request: Request, bus: Bus, offer: store.Offer, form: VoidForm, status: int = 200) -> Response:
    async with bus.read() as session:
        taken = (await matches.confirmed_counts(session, [offer.id]))[offer.id]
        open_matches = await matches.open_of_offer(session, offer.id)
    return render(
        request, "placements/void.html", status, offer=offer, form_=form, taken=taken, going=len(open_matches)
    )


@router.post("/{offer_id}/void")
async def void(request: Request, offer_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Void a placement that was entered in error."""
    offer, form = await load_offer(bus, principal, offer_id), await VoidForm.read(request)
    if not form.validate():
        return await _void_page(request, bus, offer, form, 422)
    try:
        await placements.void(bus, principal, offer_id, VoidReason(form.reason.data))
    except Refused as refused:
        if refused.status_code != 409:
            raise
        form.refuse("reason", refused.detail)
        return await _void_page(request, bus, offer, form, 409)
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
        return await filled_page(request, principal, bus, await load_own_offer(bus, principal, offer_id), refused)
    return see_other(offer_path(offer_id) + f"?done={move}")
