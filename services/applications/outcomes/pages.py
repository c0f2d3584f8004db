"""The page of the link in a line manager's mail: no sign-in, and a button that opens the form."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.availability.actions.links import button_is_fresh, button_token
from services.applications.outcomes.actions import manager_links as actions
from services.applications.outcomes.actions.manager_links import Link
from services.applications.parameters import BusDep, Portal
from shared.bus import Bus
from shared.identity import Principal, public
from shared.identity.page_limits import count_link
from shared.identity.state import identity_of
from shared.web.render import render, see_other

router = APIRouter(prefix=actions.PAGE, include_in_schema=False)
Anybody = Annotated[Principal | None, Depends(public(count_link("key")))]
_STATUS = {Link.CLOSED: 410, Link.OVER: 410, Link.UNKNOWN: 404}
_LONGEST = 100


@router.get("")
async def ask(request: Request, _: Anybody, bus: BusDep, key: str = "") -> Response:
    """Show what is asked. This changes nothing, no matter who opens it, and however often."""
    return await _page(request, bus, key[:_LONGEST])


async def _page(request: Request, bus: Bus, key: str, *, late: bool = False) -> Response:
    subject = await actions.look_up(bus, key)
    return render(
        request,
        "outcomes/line_manager.html",
        409 if late and subject.link is Link.OPEN else _STATUS.get(subject.link, 200),
        subject=subject,
        link=subject.link.value,
        key=key,
        press=button_token(identity_of(request.app).links, key),
        late=late,
    )


@router.post("")
async def answer(request: Request, _: Anybody, bus: BusDep, settings: Portal, key: str = "") -> Response:
    """Redirect into the form, from a page opened less than ten minutes ago; else show why not."""
    sent, key = await request.form(), key[:_LONGEST]
    if not button_is_fresh(identity_of(request.app).links, key, str(sent.get("press", ""))):
        return await _page(request, bus, key, late=True)
    ticket_link = await actions.open_form(bus, settings, key)
    return await _page(request, bus, key) if ticket_link is None else see_other(ticket_link.link)


@router.post("/renewal")
async def renew(_: Anybody, bus: BusDep, key: str = "") -> Response:
    """Have a new link sent to the line manager's address."""
    await actions.renew(bus, key[:_LONGEST])
    return see_other(f"{actions.PAGE}?key={key[:_LONGEST]}")
