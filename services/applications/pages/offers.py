"""What does a host see and do about placements, and the national coordinator who endorses them?"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.actions import offers as actions
from services.applications.actions.capacity import hands
from services.applications.actions.common import not_found
from services.applications.api.offers import organisations, theirs
from services.applications.model import steps
from services.applications.model.offer import FIELDS, OfferEntry
from services.applications.pages.abroad_forms import OfferForm, ReasonForm, ReturnOfferForm, refuse
from services.applications.pages.parts import PAGE, Store, paged, tag, topic
from services.applications.store import calls, register
from services.applications.store import offers as store
from shared import clock
from shared.bus import Bus
from shared.contracts import offers as told
from shared.contracts.codes import UNION, CallState, Role, StatedReason
from shared.identity import Principal, allow
from shared.identity.scope import countries_visible, may_act_for_organisation
from shared.web import dates, states, words
from shared.web.errors import Refused
from shared.web.i18n import gettext
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix="/applications/offers", include_in_schema=False)
Host = Annotated[Principal, Depends(allow(Role.HOST_CONTACT))]
Decider = Annotated[
    Principal, Depends(allow(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR))
]
Reader = Annotated[
    Principal,
    Depends(allow(Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR)),
]
# What a host does with one button: action, function.
_MOVES = {
    "submit": actions.submit,
    "publish": actions.publish,
    "pause": actions.pause,
    "resume": actions.resume,
    "close": actions.close,
}
_EVENTS: dict[str, type[told.OfferEvent]] = {
    "submit": told.OfferSubmitted,
    "publish": told.OfferPublished,
    "pause": told.OfferPaused,
    "resume": told.OfferResumed,
    "close": told.OfferClosed,
    "withdraw": told.OfferWithdrawn,
}


def at(offer_id: UUID, rest: str = "") -> str:
    """The address of a placement, or of a page of it."""
    return f"/applications/offers/{offer_id}" + (f"/{rest}" if rest else "")


@router.get("")
async def show_all(
    request: Request,
    principal: Reader,
    bus: Store,
    state: str = "",
    page: Annotated[int, Query(ge=1, le=100)] = 1,
) -> Response:
    """The placements that are the reader's, those that wait first."""
    countries = countries_visible(principal)
    async with bus.read() as session:
        found = await store.within(
            session,
            organisation_ids=organisations(principal),
            countries=None if countries is None else sorted(countries),
        )
        hosts = {one.id: one for one in await register.organisations(session, ids={o.organisation_id for o in found})}
        open_calls = await calls.calls(session, state=CallState.PUBLISHED) if principal.has(Role.HOST_CONTACT) else []
    shown = [one for one in found if not state or one.state == state]
    counted = [(one, sum(offer.state == one.code for offer in found)) for one in states.states("offer")]
    return render(
        request,
        "offers/list.html",
        rows=[_row(one, hosts) for one in paged(shown, page)],
        total=len(shown),
        page=page,
        size=PAGE,
        counts=[
            {"count": count, "name": one.word, "href": f"/applications/offers?state={one.code}", "tone": one.tone}
            for one, count in counted
            if count
        ],
        open_calls=open_calls,
        host=principal.has(Role.HOST_CONTACT),
    )


def _row(offer: store.Offer, hosts: dict[UUID, register.Organisation]) -> list[Any]:
    host = hosts.get(offer.organisation_id)
    return [
        {"text": offer.reference, "href": at(offer.id)},
        offer.title,
        host.name if host else "",
        words.country(offer.country),
        tag("offer", offer.state),
        dates.day(offer.since, short=True),
        None
        if offer.due is None
        else f"{dates.day(offer.due, short=True)} ({dates.relative(offer.due, clock.today())})",
    ]


@router.get("/new")
async def new(request: Request, principal: Host, bus: Store, call: UUID) -> Response:
    """An empty form for a placement."""
    form = OfferForm(data={"days": 5, "group_size": 1})
    return await _form_page(request, principal, bus, form, call_id=call)


@router.post("/new")
async def begin(request: Request, principal: Host, bus: Store, call: UUID) -> Response:
    """Keep a new placement and, where asked, submit it."""
    sent = await request.form()
    form = await _read(request, bus, call)
    if await form.rows_changed(request) or not form.validate():
        return await _form_page(request, principal, bus, form, call_id=call, status=422)
    own = sorted(principal.organisations(Role.HOST_CONTACT))
    chosen = str(sent.get("organisation_id") or own[0])
    if chosen not in own:
        raise not_found()
    try:
        offer = await actions.begin(bus, principal, call, UUID(chosen), form.changes())
    except Refused as refused:
        if refused.status_code != 422:
            raise
        refuse(form, refused)
        return await _form_page(request, principal, bus, form, call_id=call, status=422)
    return await _kept(request, principal, bus, offer, form, submit="submit" in sent)


async def _kept(
    request: Request, principal: Principal, bus: Bus, offer: store.Offer, form: OfferForm, *, submit: bool
) -> Response:
    """Where to after a form was kept; with `submit` it is submitted first, or the form names what is missing."""
    if not submit:
        return see_other(at(offer.id) + "?done=saved")
    try:
        await actions.submit(bus, principal, offer.id)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        refuse(form, refused)
        return await _form_page(request, principal, bus, form, offer=offer, status=422)
    return see_other(at(offer.id) + "?done=submit")


async def _read(request: Request, bus: Bus, call_id: UUID) -> OfferForm:
    form = await OfferForm.read(request)
    async with bus.read() as session:
        call = await calls.call(session, call_id)
    if call is None:
        raise not_found()
    form.fill(None, call.terms)
    return form


async def _form_page(
    request: Request,
    principal: Principal,
    bus: Bus,
    form: OfferForm,
    *,
    call_id: UUID | None = None,
    offer: store.Offer | None = None,
    status: int = 200,
) -> Response:
    wanted = offer.call_id if offer is not None else call_id
    own = [UUID(one) for one in sorted(principal.organisations(Role.HOST_CONTACT))]
    async with bus.read() as session:
        call = await calls.call(session, wanted) if wanted is not None else None
        hosts = await register.organisations(session, ids=own)
    if call is None:
        raise not_found()
    form.fill(None, call.terms)
    return render(request, "offers/form.html", status, form_=form, call=call, offer=offer, hosts=hosts)


@router.get("/{offer_id}")
async def show(request: Request, offer_id: UUID, principal: Reader, bus: Store) -> Response:
    """One placement: where it stands, what it says, and what can be done now."""
    offer = await _seen(bus, principal, offer_id)
    async with bus.read() as session:
        host = await register.organisation(session, offer.organisation_id)
        call = await calls.call(session, offer.call_id)
        own = await hands(session, principal, offer.country, offer.organisation_id, due=offer.due, since=offer.since)
    mine = may_act_for_organisation(principal, offer.organisation_id)
    decidable = steps.possible(told.OfferEndorsed, offer.state)
    return render(
        request,
        "offers/show.html",
        offer=offer,
        entry=offer.entry,
        topics=[topic(code) for code in offer.entry.topics],
        host=host,
        call=call,
        where=Standing(state("offer", offer.state), offer.since, offer.due),
        moves=[name for name, event in _EVENTS.items() if mine and steps.possible(event, offer.state)],
        writable=mine and offer.stands in actions.WRITABLE | actions.REVISABLE,
        decides=decidable and own.acting_as is not None,
        asked=own.sentence if decidable and principal.has(Role.PROGRAMME_COORDINATOR) else None,
        remarks=[(words.label(section), offer.remarks[section]) for section in FIELDS if section in offer.remarks],
        done=request.query_params.get("done"),
        agency=offer.country == UNION,
    )


async def _seen(bus: Bus, principal: Principal, offer_id: UUID) -> store.Offer:
    """A placement that is the reader's to see. Raises `Refused` (404)."""
    async with bus.read() as session:
        offer = await store.offer(session, offer_id)
    if offer is None or not theirs(principal, offer):
        raise not_found()
    return offer


async def _own(bus: Bus, principal: Principal, offer_id: UUID) -> store.Offer:
    """A placement of the own organisation. Raises `Refused` (404)."""
    offer = await _seen(bus, principal, offer_id)
    if not may_act_for_organisation(principal, offer.organisation_id):
        raise not_found()
    return offer


@router.get("/{offer_id}/edit")
async def edit(request: Request, offer_id: UUID, principal: Host, bus: Store) -> Response:
    """The form with what is written."""
    offer = await _own(bus, principal, offer_id)
    async with bus.read() as session:
        call = await calls.call(session, offer.call_id)
    assert call is not None
    form = OfferForm()
    form.fill(offer.entry, call.terms)
    return await _form_page(request, principal, bus, form, offer=offer)


@router.post("/{offer_id}/edit")
async def save(request: Request, offer_id: UUID, principal: Host, bus: Store) -> Response:
    """Keep what was written; of a published placement it is a revision."""
    sent, offer = await request.form(), await _own(bus, principal, offer_id)
    form = await _read(request, bus, offer.call_id)
    if await form.rows_changed(request) or not form.validate():
        return await _form_page(request, principal, bus, form, offer=offer, status=422)
    version = str(sent.get("version", ""))
    try:
        offer = await actions.save(
            bus, principal, offer_id, form.changes(), version=int(version) if version.isdigit() else None
        )
    except Refused as refused:
        if refused.status_code not in {409, 422}:
            raise
        refuse(form, refused)
        return await _form_page(request, principal, bus, form, offer=offer, status=refused.status_code)
    return await _kept(request, principal, bus, offer, form, submit="submit" in sent)


@router.get("/{offer_id}/withdraw")
async def ask_withdraw(request: Request, offer_id: UUID, principal: Host, bus: Store) -> Response:
    """Ask why."""
    return _withdraw_page(request, await _own(bus, principal, offer_id), ReasonForm())


def _withdraw_page(request: Request, offer: store.Offer, form: ReasonForm, status: int = 200) -> Response:
    return render(
        request,
        "matches/reason.html",
        status,
        form_=form,
        caption=offer.reference,
        title=gettext("Take the placement back"),
        text=gettext("Matches that are not confirmed are cancelled. Confirmed visits stand."),
        back_href=at(offer.id),
        button=gettext("Take it back"),
    )


@router.post("/{offer_id}/withdraw")
async def withdraw(request: Request, offer_id: UUID, principal: Host, bus: Store) -> Response:
    """The host takes it back."""
    form = await ReasonForm.read(request)
    if not form.validate():
        return _withdraw_page(request, await _own(bus, principal, offer_id), form, 422)
    await actions.withdraw(bus, principal, offer_id, StatedReason(form.reason.data))
    return see_other(at(offer_id) + "?done=withdraw")


@router.post("/{offer_id}/endorse")
async def endorse(offer_id: UUID, principal: Decider, bus: Store) -> Response:
    """Endorse it."""
    await actions.endorse(bus, principal, offer_id)
    return see_other(at(offer_id) + "?done=endorse")


@router.get("/{offer_id}/return")
async def ask_return(request: Request, offer_id: UUID, principal: Decider, bus: Store) -> Response:
    """A remark for each section."""
    offer = await _seen(bus, principal, offer_id)
    return render(request, "offers/return.html", offer=offer, form_=ReturnOfferForm())


@router.post("/{offer_id}/return")
async def send_back(request: Request, offer_id: UUID, principal: Decider, bus: Store) -> Response:
    """Ask the host for more."""
    form = await ReturnOfferForm.read(request)
    offer = await _seen(bus, principal, offer_id)
    if not form.validate():
        return render(request, "offers/return.html", 422, offer=offer, form_=form)
    try:
        await actions.send_back(bus, principal, offer_id, form.remarks())
    except Refused as refused:
        if refused.status_code != 422:
            raise
        form.refuse("service", refused.detail)
        return render(request, "offers/return.html", 422, offer=offer, form_=form)
    return see_other(at(offer_id) + "?done=return")


@router.post("/{offer_id}/{move}")
async def act(request: Request, offer_id: UUID, move: str, principal: Host, bus: Store) -> Response:
    """Submit, publish, pause, resume or close it."""
    if move not in _MOVES:
        raise not_found()
    try:
        await _MOVES[move](bus, principal, offer_id)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        offer = await _own(bus, principal, offer_id)
        form = OfferForm()
        async with bus.read() as session:
            call = await calls.call(session, offer.call_id)
        assert call is not None
        form.fill(OfferEntry.model_validate(offer.entry_json), call.terms)
        refuse(form, refused)
        return await _form_page(request, principal, bus, form, offer=offer, status=422)
    return see_other(at(offer_id) + f"?done={move}")
