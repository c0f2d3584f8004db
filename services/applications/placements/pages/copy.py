"""The page on which a host copies a placement to another call."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.guards import Host
from services.applications.parameters import BusDep
from services.applications.placements.actions import revisions
from services.applications.placements.forms import CopyForm
from services.applications.placements.pages.common import offer_path
from services.applications.placements.views.placement import CopyContext, copy_context
from shared.bus import Bus
from shared.identity import Principal
from shared.web.forms import options
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/offers", include_in_schema=False)


async def _context(bus: Bus, principal: Principal, offer_id: UUID) -> CopyContext:
    async with bus.read() as session:
        return await copy_context(session, principal, offer_id)


@router.get("/{offer_id}/copy")
async def ask(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Ask for the call, among those that take placements now."""
    context, form = await _context(bus, principal, offer_id), CopyForm()
    _offer_calls(form, context)
    return _page(request, context, form)


def _offer_calls(form: CopyForm, context: CopyContext) -> None:
    choices: Any = options([(str(call.id), call.title, call.reference) for call in context.open_calls])
    form.call.choices = choices


def _page(request: Request, context: CopyContext, form: CopyForm, status: int = 200) -> Response:
    return render(
        request,
        "placements/copy.html",
        status,
        offer=context.placement,
        form_=form,
        open_calls=context.open_calls,
    )


@router.post("/{offer_id}/copy")
async def copy(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Draft the placement for that call, to be checked and submitted."""
    context, form = await _context(bus, principal, offer_id), await CopyForm.read(request)
    _offer_calls(form, context)
    if not form.validate():
        return _page(request, context, form, 422)
    draft = await revisions.copy(bus, principal, offer_id, UUID(form.call.data))
    return see_other(offer_path(draft.id) + "?done=copied")
