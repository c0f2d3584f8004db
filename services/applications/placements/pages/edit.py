"""The pages on which a host writes a placement, and previews a revision before it is published."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from services.applications.calls import store as calls_store
from services.applications.forms import CONTROL_FIELDS, number, refuse
from services.applications.guards import Host
from services.applications.parameters import BusDep
from services.applications.placements import store, views
from services.applications.placements.actions import placements, revisions
from services.applications.placements.forms import OfferForm
from services.applications.placements.pages.common import load_own_offer, offer_path
from services.applications.placements.views import LABELS, value_in_words
from services.applications.refusals import not_found
from services.applications.register.store import entries as register_entries
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/offers", include_in_schema=False)


@router.get("/new")
async def new(request: Request, principal: Host, bus: BusDep, call: UUID) -> Response:
    """Show an empty form for a placement."""
    form = OfferForm(data={"days": 5, "group_size": 1})
    return await form_page(request, principal, bus, form, call_id=call)


@router.post("/new")
async def begin(request: Request, principal: Host, bus: BusDep, call: UUID) -> Response:
    """Save a new placement and, if asked, submit it."""
    sent = await request.form()
    form = await _read(request, bus, call)
    if await form.rows_changed(request) or not form.validate():
        return await form_page(request, principal, bus, form, call_id=call, status=422)
    own_ids = sorted(principal.organisations(Role.HOST_CONTACT))
    chosen = str(sent.get("organisation_id") or own_ids[0])
    if chosen not in own_ids:
        raise not_found()
    try:
        offer = await placements.begin(bus, principal, call, UUID(chosen), await _entered_changes(bus, form, call))
    except Refused as refused:
        if refused.status_code != 422:
            raise
        refuse(form, refused)
        return await form_page(request, principal, bus, form, call_id=call, status=422)
    return await _after_saving(request, principal, bus, offer, form, submit="submit" in sent)


async def _entered_changes(bus: Bus, form: OfferForm, call_id: UUID) -> dict[str, Any]:
    """Return the entered values, with the ids of those that they name. Raises `Refused` (422)."""
    async with bus.read() as session:
        return form.changes() | {
            "prematched_with": await views.application_named(session, form.prematched_with.data or "", call_id),
            "conflicts": await views.conflicts_named(session, form.conflicts.data or "", call_id),
        }


async def _after_saving(
    request: Request, principal: Principal, bus: Bus, offer: store.Offer, form: OfferForm, *, submit: bool
) -> Response:
    """Return the next page after a form was saved; with `submit` it is submitted first, or the form names the gaps."""
    if not submit:
        return see_other(offer_path(offer.id) + "?done=saved")
    try:
        await placements.submit(bus, principal, offer.id)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        refuse(form, refused)
        return await form_page(request, principal, bus, form, offer=offer, status=422)
    return see_other(offer_path(offer.id) + "?done=submit")


async def _read(request: Request, bus: Bus, call_id: UUID) -> OfferForm:
    form = await OfferForm.read(request)
    async with bus.read() as session:
        call = await calls_store.call(session, call_id)
    if call is None:
        raise not_found()
    form.fill(None, call.terms)
    return form


async def form_page(
    request: Request,
    principal: Principal,
    bus: Bus,
    form: OfferForm,
    *,
    call_id: UUID | None = None,
    offer: store.Offer | None = None,
    status: int = 200,
) -> Response:
    """Return the page of the form, for a new placement of a call or an existing one. Raises `Refused` (404)."""
    wanted = offer.call_id if offer is not None else call_id
    own_ids = [UUID(organisation_id) for organisation_id in sorted(principal.organisations(Role.HOST_CONTACT))]
    async with bus.read() as session:
        call = await calls_store.call(session, wanted) if wanted is not None else None
        hosts = await register_entries.organisations(session, ids=own_ids)
    if call is None:
        raise not_found()
    form.fill(None, call.terms)
    return render(
        request,
        "placements/form.html",
        status,
        form_=form,
        call=call,
        offer=offer,
        hosts=hosts,
        revises=offer is not None and placements.revisable(offer),
        remarks=_remarks(offer),
    )


def _remarks(offer: store.Offer | None) -> list[str]:
    return [] if offer is None else list(offer.remarks.values())


async def filled_page(
    request: Request, principal: Principal, bus: Bus, offer: store.Offer, refused: Refused | None = None
) -> Response:
    """Return the form with the saved values, and the refusals at their fields."""
    form = OfferForm()
    async with bus.read() as session:
        call = await calls_store.call(session, offer.call_id)
        names = await views.names_of(session, [offer.entry])
    assert call is not None
    form.fill(offer.entry, call.terms, names)
    if refused is not None:
        refuse(form, refused)
    return await form_page(
        request, principal, bus, form, offer=offer, status=200 if refused is None else refused.status_code
    )


@router.get("/{offer_id}/edit")
async def edit(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Show the form with the saved values; if it can no longer be changed, redirect to its page, which says why."""
    offer = await load_own_offer(bus, principal, offer_id)
    if offer.stands not in placements.WRITABLE and not placements.revisable(offer):
        return see_other(offer_path(offer_id))
    return await filled_page(request, principal, bus, offer)


@router.post("/{offer_id}/edit")
async def save(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Save the entered values; for a published placement it is a revision, which is previewed before publication."""
    sent, offer = await request.form(), await load_own_offer(bus, principal, offer_id)
    form = await _read(request, bus, offer.call_id)
    if "back" in sent:
        return await form_page(request, principal, bus, form, offer=offer)
    if await form.rows_changed(request) or not form.validate():
        return await form_page(request, principal, bus, form, offer=offer, status=422)
    opened = number(sent.get("version"))
    try:
        changes = await _entered_changes(bus, form, offer.call_id)
        if placements.revisable(offer) and "told" not in sent:
            preview = await revisions.preview(bus, principal, offer_id, changes, version=opened)
            if preview.changes:
                return await _preview_page(request, bus, preview, sent)
        offer = await placements.save(bus, principal, offer_id, changes, version=opened)
    except Refused as refused:
        refuse(form, refused)
        return await form_page(request, principal, bus, form, offer=offer, status=refused.status_code)
    return await _after_saving(request, principal, bus, offer, form, submit="submit" in sent)


async def _preview_page(request: Request, bus: Bus, preview: revisions.RevisionPreview, sent: FormData) -> Response:
    """Return the page with the changes of a revision and those affected; only its button publishes it."""
    entries = [
        preview.offer.entry,
        placements.entry_of(preview.offer.entry, {change.field: change.new for change in preview.changes}),
    ]
    async with bus.read() as session:
        names = await views.names_of(session, entries)
    return render(
        request,
        "placements/revise.html",
        offer=preview.offer,
        preview=preview,
        changes=[
            [
                gettext(LABELS[change.field]),
                value_in_words(change.field, change.old, names) or None,
                value_in_words(change.field, change.new, names) or None,
            ]
            for change in preview.changes
        ],
        sent=[
            (name, value) for name, value in sent.multi_items() if isinstance(value, str) and name not in CONTROL_FIELDS
        ],
    )
