"""The page on which a host copies a placement to another call."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.calls import store as calls_store
from services.applications.guards import Host
from services.applications.parameters import BusDep
from services.applications.placements import store
from services.applications.placements.actions import revisions
from services.applications.placements.forms import CopyForm
from services.applications.placements.pages.common import load_own_offer, offer_path
from shared.bus import Bus
from shared.contracts.codes import ApplicationKind, CallState
from shared.web.forms import options
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/offers", include_in_schema=False)


@router.get("/{offer_id}/copy")
async def ask(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Ask for the call, among those that take placements now."""
    offer = await load_own_offer(bus, principal, offer_id)
    return await _page(request, bus, offer, CopyForm())


async def _page(request: Request, bus: Bus, offer: store.Offer, form: CopyForm, status: int = 200) -> Response:
    open_calls = await _open_calls(bus)
    form.call.choices = _choices(open_calls)
    return render(request, "placements/copy.html", status, offer=offer, form_=form, open_calls=open_calls)


def _choices(open_calls: list[calls_store.Call]) -> Any:
    return options([(str(call.id), call.title, call.reference) for call in open_calls])


async def _open_calls(bus: Bus) -> list[calls_store.Call]:
    async with bus.read() as session:
        found = await calls_store.calls(session, state=CallState.PUBLISHED)
    return [call for call in found if ApplicationKind.STUDY_VISIT in call.terms.kinds]


@router.post("/{offer_id}/copy")
async def copy(request: Request, offer_id: UUID, principal: Host, bus: BusDep) -> Response:
    """Draft the placement for that call, to be checked and submitted."""
    offer = await load_own_offer(bus, principal, offer_id)
    form = await CopyForm.read(request)
    form.call.choices = _choices(await _open_calls(bus))
    if not form.validate():
        return await _page(request, bus, offer, form, 422)
    draft = await revisions.copy(bus, principal, offer_id, UUID(form.call.data))
    return see_other(offer_path(draft.id) + "?done=copied")
