"""API routes to name companions, answer, leave, remove, and read with whom an officer applies."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.application.actions import companions as actions
from services.applications.application.views import companions
from services.applications.application.views.companions import (
    ApplicationCompany,
    CompanionInvitation,
    CompanionNamed,
    CompanionStanding,
)
from services.applications.guards import Officer, Participant
from services.applications.parameters import Body, BusDep
from shared.contracts.codes import ApplicationMode
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1", tags=["applications"])


class Naming(Body):
    """A person whom an officer names, by reference or service email, as `pre_matched` or `group` companion."""

    mode: Literal[ApplicationMode.PRE_MATCHED, ApplicationMode.GROUP]
    written: Annotated[str, Field(max_length=actions.MOST_WRITTEN)]


class Reply(Body):
    """Yes or no."""

    yes: bool


@router.get("/applications/{application_id}/company")
async def read(application_id: UUID, principal: Officer, bus: BusDep) -> ApplicationCompany:
    """Return with whom the officer's own application is made, with names once both sides have confirmed."""
    async with bus.read() as session:
        _, found = await companions.own_company(session, principal, application_id)
    return companions.company_model(found)


@router.post("/applications/{application_id}/companions", status_code=201)
async def name(application_id: UUID, body: Naming, principal: Officer, bus: BusDep) -> CompanionNamed:
    """Name a counterpart, or ask somebody into a group; the answer does not say whether anybody is known."""
    return companions.named_model(await actions.name(bus, principal, application_id, body.mode, body.written))


@router.get("/companions")
async def read_invitations(principal: Participant, bus: BusDep) -> Page[CompanionInvitation]:
    """Return the invitations to the reader, or to a placement of the officer's own organisation, the newest first."""
    async with bus.read() as session:
        return companions.invitations_page(await companions.invitations_for(session, principal))


@router.post("/companions/{companion_id}/answer")
async def answer(companion_id: UUID, body: Reply, principal: Participant, bus: BusDep) -> CompanionStanding:
    """Confirm or decline; officers need an application of their own to confirm."""
    return companions.standing_model(await actions.answer(bus, principal, companion_id, yes=body.yes))


@router.post("/companions/{companion_id}/leave")
async def leave(companion_id: UUID, principal: Participant, bus: BusDep) -> CompanionStanding:
    """Withdraw an own confirmation: leave the group or the pair."""
    return companions.standing_model(await actions.leave(bus, principal, companion_id))


@router.post("/companions/{companion_id}/remove")
async def remove(companion_id: UUID, principal: Officer, bus: BusDep) -> CompanionStanding:
    """Take a naming or an invitation back, or remove a member from the officer's own group."""
    return companions.standing_model(await actions.remove(bus, principal, companion_id))
