"""API routes to name companions, answer, leave, remove, and read with whom an officer applies."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.application.actions import companions as actions
from services.applications.application.store.companions import Companion
from services.applications.application.views import companions
from services.applications.guards import Officer, Participant
from services.applications.parameters import Body, BusDep
from shared.contracts.codes import ApplicationMode

router = APIRouter(prefix="/applications/api/v1", tags=["applications"])


class Naming(Body):
    """Whom an officer names, by reference or service e-mail, and as what: `pre_matched` or `group`."""

    mode: Literal[ApplicationMode.PRE_MATCHED, ApplicationMode.GROUP]
    written: Annotated[str, Field(max_length=actions.MOST_WRITTEN)]


class Reply(Body):
    """Yes or no."""

    yes: bool


@router.get("/applications/{application_id}/company")
async def read(application_id: UUID, principal: Officer, bus: BusDep) -> dict[str, Any]:
    """Return with whom the officer's own application is made, with names once both sides have confirmed."""
    async with bus.read() as session:
        _, found = await companions.own_company(session, principal, application_id)
    return {
        "mode": found.mode,
        "complete": found.complete,
        "members": found.members,
        "submitted": found.submitted,
        "companions": [
            {
                "id": fellow.companion.id,
                "who": fellow.who,
                "reference": fellow.reference,
                "state": fellow.companion.state,
                "mismatch": fellow.companion.mismatch,
                "leader": fellow.leader,
                "submitted": fellow.submitted,
            }
            for fellow in found.fellows
        ],
    }


@router.post("/applications/{application_id}/companions", status_code=201)
async def name(application_id: UUID, body: Naming, principal: Officer, bus: BusDep) -> dict[str, Any]:
    """Name a counterpart, or ask somebody into a group; the answer does not say whether anybody is known."""
    companion = await actions.name(bus, principal, application_id, body.mode, body.written)
    return {"id": companion.id, "written": companion.written}


@router.get("/companions")
async def read_invitations(principal: Participant, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """Return the invitations to the reader, or to a placement of the officer's own organisation, the newest first."""
    async with bus.read() as session:
        invitations = await companions.invitations_for(session, principal)
    return {
        "companions": [
            {
                "id": invitation.companion.id,
                "mode": invitation.companion.mode,
                "state": invitation.companion.state,
                "who": invitation.who,
                "country": invitation.country,
                "call_id": invitation.companion.call_id,
                "kind": invitation.companion.kind,
            }
            for invitation in invitations
        ]
    }


@router.post("/companions/{companion_id}/answer")
async def answer(companion_id: UUID, body: Reply, principal: Participant, bus: BusDep) -> dict[str, Any]:
    """Confirm or decline; officers need an application of their own to confirm."""
    return _state(await actions.answer(bus, principal, companion_id, yes=body.yes))


@router.post("/companions/{companion_id}/leave")
async def leave(companion_id: UUID, principal: Participant, bus: BusDep) -> dict[str, Any]:
    """Take back an own confirmation: leave the group or the pair."""
    return _state(await actions.leave(bus, principal, companion_id))


@router.post("/companions/{companion_id}/remove")
async def remove(companion_id: UUID, principal: Officer, bus: BusDep) -> dict[str, Any]:
    """Take a naming or an invitation back, or remove a member from the officer's own group."""
    return _state(await actions.remove(bus, principal, companion_id))


def _state(companion: Companion) -> dict[str, Any]:
    return {"id": companion.id, "state": companion.state}
