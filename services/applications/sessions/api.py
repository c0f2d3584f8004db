"""Serve a person's own sessions, and tell the other services whether a session goes on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from services.applications.guards import SignedIn
from services.applications.parameters import BusDep
from services.applications.sessions import actions, views
from services.applications.sessions.views import EndedSessions, FoundSession, OwnSession, SessionAnswer
from shared.identity import internal
from shared.identity.remote_sessions import CHECK
from shared.identity.state import identity_of
from shared.web.paging import PageWithoutSinceDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/sessions", tags=["sessions"])
internal_router = APIRouter(include_in_schema=False)


@router.get("")
async def read_sessions(
    request: Request, principal: SignedIn, bus: BusDep, page: PageWithoutSinceDep
) -> Page[OwnSession]:
    """Return the caller's sessions in browsers that go on, the newest first; tokens of programs are no sessions."""
    return await views.own_sessions(bus, principal, request.state.session_digest, page)


@router.delete("/{browser_session_id:uuid}", status_code=204)
async def end_session(browser_session_id: UUID, principal: SignedIn, bus: BusDep) -> None:
    """End one of the caller's sessions; other services know within five seconds."""
    await actions.end_one(bus, principal, browser_session_id)


@router.post("/end-others", operation_id="end_other_sessions")
async def end_others(request: Request, principal: SignedIn, bus: BusDep) -> EndedSessions:
    """End all sessions of the caller but the one in which the request is made, if it is made in one."""
    return EndedSessions(ended=await actions.end_others(bus, principal, request.state.session_digest))


class SessionWanted(BaseModel):
    """The SHA-256 of the key in a session's cookie; `active`: its person acts."""

    model_config = ConfigDict(extra="ignore")

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    active: bool = False


@internal_router.post(CHECK)
async def check(request: Request, body: SessionWanted, _: Annotated[str, Depends(internal())]) -> SessionAnswer:
    """Return whose session it is, if it goes on; no cookie can be made from the digest."""
    session = await identity_of(request.app).sessions.find(body.digest, active=body.active)
    if session is None:
        return SessionAnswer(session=None)
    return SessionAnswer(session=FoundSession(subject=session.subject, begun=session.begun, seen=session.seen))
