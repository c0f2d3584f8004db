"""The page behind the link of an availability mail: no sign-in, one button that answers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.availability.actions import links
from services.applications.availability.actions.links import LinkedQuestion, LinkState
from services.applications.parameters import BusDep
from services.applications.placements.store import Offer
from shared.bus import Bus
from shared.identity import Principal, public
from shared.identity.state import identity_of
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/available", include_in_schema=False)
Anybody = Annotated[Principal | None, Depends(public())]
_STATUS = {LinkState.OPEN: 200, LinkState.USED: 200, LinkState.OVER: 410, LinkState.UNKNOWN: 404}
_LONGEST = 100


@router.get("")
async def ask(request: Request, _: Anybody, bus: BusDep, key: str = "") -> Response:
    """Show what is asked. Opening it changes nothing, however often."""
    return await _page(request, bus, key[:_LONGEST])


async def _page(request: Request, bus: Bus, key: str, *, late: bool = False) -> Response:
    linked = await links.read_link(bus, key)
    return render(
        request,
        "availability/available.html",
        409 if late and linked.link is LinkState.OPEN else _STATUS[linked.link],
        asked=linked,
        link=linked.link.value,
        offer=isinstance(linked.about, Offer),
        change=_sign_in_path(linked),
        key=key,
        press=links.button_token(identity_of(request.app).links, key),
        late=late,
    )


def _sign_in_path(linked: LinkedQuestion) -> str:
    """Return the address at which, signed in, the placement or profile can be changed."""
    if linked.about is None:
        return "/applications/"
    what = "offers" if isinstance(linked.about, Offer) else "mentors"
    return f"/applications/{what}/{linked.about.id}"


@router.post("")
async def answer(request: Request, _: Anybody, bus: BusDep, key: str = "") -> Response:
    """Answer by the button of a page that was opened less than ten minutes ago; else show the page again."""
    sent, key = await request.form(), key[:_LONGEST]
    if not links.button_is_fresh(identity_of(request.app).links, key, str(sent.get("press", ""))):
        return await _page(request, bus, key, late=True)
    await links.answer(bus, key, "pause" if sent.get("answer") == "pause" else "available")
    return see_other(f"{links.PAGE}?key={key}")
