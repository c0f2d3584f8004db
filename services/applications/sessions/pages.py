"""The page "Your sessions": where the reader is signed in, with buttons that end it."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.guards import SignedIn
from services.applications.parameters import BusDep
from services.applications.sessions import actions, views
from shared.web.paging import MOST, PageRequest
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/account/sessions", include_in_schema=False)
HERE = "/applications/account/sessions"


@router.get("")
async def show(request: Request, principal: SignedIn, bus: BusDep) -> Response:
    """Show the reader's sessions, and those that ended lately."""
    page = await views.own_sessions(bus, principal, request.state.session_digest, PageRequest(limit=MOST))
    return render(
        request,
        "sessions/sessions.html",
        sessions=page.items,
        more=page.next is not None,
        ended=await views.ended_sessions(bus, principal),
    )


@router.post("/end-others")
async def end_others(request: Request, principal: SignedIn, bus: BusDep) -> Response:
    """End all sessions of the reader but this one."""
    await actions.end_others(bus, principal, request.state.session_digest)
    return see_other(HERE)


@router.post("/{browser_session_id}/end")
async def end_session(browser_session_id: UUID, principal: SignedIn, bus: BusDep) -> Response:
    """End one of the reader's sessions."""
    await actions.end_one(bus, principal, browser_session_id)
    return see_other(HERE)
