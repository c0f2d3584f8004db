"""How do I get my dates into my own calendar? One private address, made, renewed and ended here; shown once."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.actions import told
from services.applications.actions.common import not_found
from services.applications.api.parts import Portal, Store
from services.applications.guards import Anyone
from services.applications.settings import Settings
from services.applications.store import register
from shared.bus import Bus
from shared.identity import Principal
from shared.ids import read_id
from shared.web.errors import Refused
from shared.web.i18n import language
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/subscription", include_in_schema=False)
HERE = "/applications/subscription"


@router.get("")
async def show(request: Request, principal: Anyone, bus: Store, settings: Portal) -> Response:
    """Whether there is an address, and when a calendar last read it."""
    person = await _person(bus, principal)
    return await _page(request, settings, person, done=request.query_params.get("done"))


@router.post("/make")
async def make(request: Request, principal: Anyone, bus: Store, settings: Portal) -> Response:
    """Make the address, or another in its place: the answer shows it, and no page after it does.

    The form says which address it replaces, so that sending it twice (or going back) makes only one.
    """
    person = await _person(bus, principal)
    form = await request.form()
    replaces = read_id(str(form.get("replaces") or ""))
    try:
        path = await told.subscribe(settings, person, principal.subject, language(), replaces)
    except told.Away:
        return see_other(f"{HERE}?done=away")
    except Refused:
        return see_other(f"{HERE}?done=made")
    return await _page(request, settings, person, address=settings.origin + path)


@router.post("/end")
async def end(principal: Anyone, bus: Store, settings: Portal) -> Response:
    """End the address: calendars that have it get nothing any more."""
    person = await _person(bus, principal)
    try:
        await told.unsubscribe(settings, person)
    except told.Away:
        return see_other(f"{HERE}?done=away")
    return see_other(f"{HERE}?done=ended")


async def _page(
    request: Request, settings: Settings, person: UUID, *, address: str = "", done: str | None = None
) -> Response:
    try:
        held, away = await told.subscription(settings, person), False
    except told.Away:
        held, away = None, True
    webcal = f"webcal://{address.partition('://')[2]}" if address else ""
    return render(request, "subscription.html", held=held, away=away, address=address, webcal=webcal, done=done)


async def _person(bus: Bus, principal: Principal) -> UUID:
    async with bus.read() as session:
        person = await register.person(session, principal.subject)
    if person is None:
        raise not_found()
    return person.id
