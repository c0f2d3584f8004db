"""What does the link of a "still available?" mail open? A page without sign-in, with one button that answers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.availability.actions import links
from services.applications.availability.actions.links import Link, LinkSubject
from services.applications.parameters import BusDep
from services.applications.placements.store import Offer
from shared.bus import Bus
from shared.identity import Principal, public
from shared.identity.state import identity_of
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/available", include_in_schema=False)
Anybody = Annotated[Principal | None, Depends(public())]
_STATUS = {Link.OPEN: 200, Link.USED: 200, Link.OVER: 410, Link.UNKNOWN: 404}
_LONGEST = 100


@router.get("")
async def ask(request: Request, _: Anybody, bus: BusDep, key: str = "") -> Response:
    """Show what is asked. Nothing happens by it, whoever opens it, and however often."""
    return await _page(request, bus, key[:_LONGEST])


async def _page(request: Request, bus: Bus, key: str, *, late: bool = False) -> Response:
    asked = await links.look(bus, key)
    return render(
        request,
        "availability/available.html",
        409 if late and asked.link is Link.OPEN else _STATUS[asked.link],
        asked=asked,
        link=asked.link.value,
        offer=isinstance(asked.about, Offer),
        change=_change(asked),
        key=key,
        press=links.press(identity_of(request.app).links, key),
        late=late,
    )


def _change(asked: LinkSubject) -> str:
    """Where to, signed in, to change the placement or profile."""
    if asked.about is None:
        return "/applications/"
    what = "offers" if isinstance(asked.about, Offer) else "mentors"
    return f"/applications/{what}/{asked.about.id}"


@router.post("")
async def answer(request: Request, _: Anybody, bus: BusDep, key: str = "") -> Response:
    """Answer by the button of a page that was opened less than ten minutes ago; else show the page again."""
    sent, key = await request.form(), key[:_LONGEST]
    if not links.pressed(identity_of(request.app).links, key, str(sent.get("press", ""))):
        return await _page(request, bus, key, late=True)
    await links.answer(bus, key, "pause" if sent.get("answer") == "pause" else "available")
    return see_other(f"{links.PAGE}?key={key}")
