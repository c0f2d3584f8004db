"""The page behind the link of an availability mail: no sign-in, one button that answers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.availability.actions import links
from services.applications.availability.views import AvailabilityQuestion, LinkState, availability_question
from services.applications.parameters import BusDep
from shared.bus import Bus
from shared.identity import Principal, public
from shared.identity.page_limits import count_link
from shared.identity.state import identity_of
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/available", include_in_schema=False)
Anybody = Annotated[Principal | None, Depends(public(count_link("key")))]
_STATUS = {LinkState.OPEN: 200, LinkState.USED: 200, LinkState.OVER: 410, LinkState.UNKNOWN: 404}
_LONGEST = 100


@router.get("")
async def ask(request: Request, _: Anybody, bus: BusDep, key: str = "") -> Response:
    """Show what is asked. Opening it changes nothing, however often."""
    return await _page(request, bus, key[:_LONGEST])


async def _page(request: Request, bus: Bus, key: str, *, late: bool = False) -> Response:
    async with bus.read() as session:
        question = await availability_question(session, key)
    return render(
        request,
        "availability/available.html",
        409 if late and question.link is LinkState.OPEN else _STATUS[question.link],
        question=question,
        change=_sign_in_path(question),
        key=key,
        press=links.button_token(identity_of(request.app).links, key),
        late=late,
    )


def _sign_in_path(question: AvailabilityQuestion) -> str:
    """Return the address at which, signed in, the placement or profile can be changed."""
    if question.about is None:
        return "/applications/"
    what = "offers" if question.of_placement else "mentors"
    return f"/applications/{what}/{question.about.id}"


@router.post("")
async def answer(request: Request, _: Anybody, bus: BusDep, key: str = "") -> Response:
    """Answer by the button of a page that was opened less than ten minutes ago; else show the page again."""
    sent, key = await request.form(), key[:_LONGEST]
    if not links.button_is_fresh(identity_of(request.app).links, key, str(sent.get("press", ""))):
        return await _page(request, bus, key, late=True)
    await links.answer(bus, key, "pause" if sent.get("answer") == "pause" else "available")
    return see_other(f"{links.PAGE}?key={key}")
