"""The pages on which a host writes a placement, and previews a revision before it is published.

It is saved as a draft with rows, and a revision is previewed, so it is no `Decision`.
"""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from services.applications.display import entry_changes
from services.applications.fields import Reading
from services.applications.forms import CONTROL_FIELDS, refuse
from services.applications.guards import Host
from services.applications.parameters import BusDep
from services.applications.placements.actions import placements, revisions
from services.applications.placements.forms import BasePlacementForm, OfferForm
from services.applications.placements.model.placement import PlacementEntry, offer_path
from services.applications.placements.views.names import application_named, conflicts_named, names_of
from services.applications.placements.views.placement import FormContext, edit_form, new_form
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.identity import Principal
from shared.web.form_versions import show_both
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/offers", include_in_schema=False)


@router.get("/new")
async def new(request: Request, principal: Host, bus: BusDep, call: UUID) -> Response:
    """Show an empty form for a placement."""
    async with bus.read() as session:
        context = await new_form(session, principal, call)
    return _form_page(request, context, OfferForm(data={"days": 5, "group_size": 1}))


@router.post("/new")
async def begin(request: Request, principal: Host, bus: BusDep, call: UUID) -> Response:
    """Save a new placement and, if asked, submit it."""
    sent = await request.form()
    async with bus.read() as session:
        context = await new_form(session, principal, call)
    form = await _read(request, context)
    if await form.rows_changed(request) or not form.validate():
        return _form_page(request, context, form, 422)
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
        return _form_page(request, context, form, 422)
    return await _after_saving(request, principal, bus, offer.id, form, submit="submit" in sent)


async def _read(request: Request, context: FormContext) -> BasePlacementForm:
    form = await OfferForm.read(request)
    form.fill(None, context.terms)
    return form


def _form_page(request: Request, context: FormContext, form: BasePlacementForm, status: int = 200) -> Response:
    """Return the page of the form, for a new placement of a call or an existing one."""
    placement = context.placement
    form.fill(None, context.terms)
    return render(
        request,
        "placements/form.html",
        status,
        form_=form,
        context=context,
        offer=placement,
        remarks=[] if placement is None else list(placement.remarks.values()),
    )


async def _entered_changes(bus: Bus, form: BasePlacementForm, call_id: UUID) -> PlacementEntry:
    """Return the entered values, with the ids of those that they name. Raises `Refused` (422)."""
    async with bus.read() as session:
        counterpart = await application_named(session, form.prematched_with.data or "", call_id)
        conflicts = await conflicts_named(session, form.conflicts.data or "", call_id)
    return form.changes(counterpart, conflicts)


async def _after_saving(
    request: Request, principal: Principal, bus: Bus, offer_id: UUID, form: BasePlacementForm, *, submit: bool
) -> Response:
    """Return the next page after a form was saved; with `submit` it is submitted first, or the form names the gaps."""
    if not submit:
        return see_other(offer_path(offer_id) + "?done=saved")
    try:
        await placements.submit(bus, principal, offer_id)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        refuse(form, refused)
        return _form_page(request, await _edited(bus, principal, offer_id), form, 422)
    return see_other(offer_path(offer_id) + "?done=submit")


async def _edited(bus: Bus, principal: Principal, offer_id: UUID) -> FormContext:
    async with bus.read() as session:
        return await edit_form(session, principal, offer_id)


async def refused_page(request: Request, principal: Principal, bus: Bus, offer_id: UUID, refused: Refused) -> Response:
    """Return the form with the saved values, and the refusals at their fields. Raises `Refused` (404)."""
    context = await _edited(bus, principal, offer_id)
    form = _filled(context)
    refuse(form, refused)
    return _form_page(request, context, form, refused.status_code)


def _filled(context: FormContext) -> BasePlacementForm:
    form = OfferForm()
    form.fill(None if context.placement is None else context.placement.entry, context.terms, context.names)
    return form


@router.get("/{offer_id}/edit")
async def edit(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Show the form with the saved values; if it can no longer be changed, redirect to its page, which says why."""
    context = await _edited(bus, principal, offer_id)
    if context.placement is None or not context.placement.writable:
        return see_other(offer_path(offer_id))
    return _form_page(request, context, _filled(context))


@router.post("/{offer_id}/edit")
async def save(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Save the entered values; for a published placement it is a revision, which is previewed before publication."""
    sent, context = await request.form(), await _edited(bus, principal, offer_id)
    form = await _read(request, context)
    if "back" in sent:
        return _form_page(request, context, form)
    if await form.rows_changed(request) or not form.validate():
        return _form_page(request, context, form, 422)
    try:
        entered = await _entered_changes(bus, form, context.call_id)
        if context.revises and "told" not in sent:
            proposed = await revisions.preview(bus, principal, offer_id, entered)
            if proposed.preview.changes:
                return await _preview_page(request, bus, proposed, sent)
        await placements.save(bus, principal, offer_id, entered)
    except Outdated as outdated:
        context = await _edited(bus, principal, offer_id)
        if context.placement is None or not context.placement.writable:
            raise
        show_both(request, outdated, form, _filled(context))
        return _form_page(request, context, form, outdated.status_code)
    except Refused as refused:
        refuse(form, refused)
        return _form_page(request, context, form, refused.status_code)
    return await _after_saving(request, principal, bus, offer_id, form, submit="submit" in sent)


async def _preview_page(request: Request, bus: Bus, proposed: revisions.ProposedRevision, sent: FormData) -> Response:
    """Return the page with the changes of a revision and those affected; only its button publishes it."""
    before, after = proposed.placement.entry, proposed.entry
    async with bus.read() as session:
        names = await names_of(session, [before, after])
    return render(
        request,
        "placements/revise.html",
        offer=proposed.placement,
        preview=proposed.preview,
        changes=entry_changes(
            before, after, [change.field for change in proposed.preview.changes], Reading(names=names)
        ),
        sent=[
            (name, value) for name, value in sent.multi_items() if isinstance(value, str) and name not in CONTROL_FIELDS
        ],
    )
