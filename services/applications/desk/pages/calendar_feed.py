"""The page of a person's private calendar address: made, renewed and ended here, and shown once."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.desk.actions import notifications
from services.applications.desk.views import known_recipient
from services.applications.guards import Anyone
from services.applications.parameters import BusDep, Portal
from services.applications.settings import Settings
from shared.errors import Refused
from shared.i18n import language
from shared.ids import read_id
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/subscription", include_in_schema=False)
HERE = "/applications/subscription"


@router.get("")
async def show(request: Request, principal: Anyone, bus: BusDep, settings: Portal) -> Response:
    """Show whether there is an address, and when a calendar last read it."""
    person = (await known_recipient(bus, principal)).id
    return await _page(request, settings, person, done=request.query_params.get("done"))


@router.post("/make")
async def make(request: Request, principal: Anyone, bus: BusDep, settings: Portal) -> Response:
    """Make the address, or another in its place: only this answer shows it.

    The form says which address it replaces, so that sending it twice (or going back) makes only one.
    """
    person = (await known_recipient(bus, principal)).id
    form = await request.form()
    replaces = read_id(str(form.get("replaces") or ""))
    try:
        path = await notifications.subscribe(settings, person, principal.subject, language(), replaces)
    except notifications.Unavailable:
        return see_other(f"{HERE}?done=away")
    except Refused:
        return see_other(f"{HERE}?done=made")
    return await _page(request, settings, person, address=settings.origin + path)


@router.post("/end")
async def end(principal: Anyone, bus: BusDep, settings: Portal) -> Response:
    """End the address: calendars that have it get nothing any more."""
    person = (await known_recipient(bus, principal)).id
    try:
        await notifications.unsubscribe(settings, person)
    except notifications.Unavailable:
        return see_other(f"{HERE}?done=away")
    return see_other(f"{HERE}?done=ended")


async def _page(
    request: Request, settings: Settings, person: UUID, *, address: str = "", done: str | None = None
) -> Response:
    try:
        subscription, away = await notifications.subscription(settings, person), False
    except notifications.Unavailable:
        subscription, away = None, True
    webcal = f"webcal://{address.partition('://')[2]}" if address else ""
    return render(
        request,
        "desk/calendar_feed.html",
        subscription=subscription,
        away=away,
        address=address,
        webcal=webcal,
        done=done,
    )
