"""Internal routes that give names and addresses to other services; each answer is logged."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from services.applications.contacts import actions
from services.applications.contacts.views import CasesOfPerson, Objectives, Recipients, RecipientsOfMany
from services.applications.parameters import BusDep, address_seal
from shared.contracts.codes import AudienceKind
from shared.identity import internal

router = APIRouter(prefix="/applications/internal", include_in_schema=False)
Caller = Annotated[str, Depends(internal())]


class ContactsWanted(BaseModel):
    """An audience and a purpose; which of the ids is needed depends on the audience."""

    model_config = ConfigDict(extra="ignore")

    audience: AudienceKind
    purpose: Annotated[str, Field(min_length=1, max_length=100)]
    application_id: UUID | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    organisation_id: UUID | None = None
    mentor_id: UUID | None = None
    availability_of: UUID | None = None
    companion_id: UUID | None = None
    recipient_id: UUID | None = None
    without_deputies: bool = False


class ManyWanted(BaseModel):
    """Several requests at once."""

    wanted: Annotated[list[ContactsWanted], Field(max_length=1000)]


class ObjectivesWanted(BaseModel):
    """The application whose objectives are asked for, and for which form."""

    model_config = ConfigDict(extra="ignore")

    application_id: UUID
    purpose: Annotated[str, Field(min_length=1, max_length=100)] = "evaluation"


@router.post("/contacts")
async def contacts(request: Request, body: ContactsWanted, caller: Caller, bus: BusDep) -> Recipients:
    """Return the recipients of one message; 410 where the one person meant was erased."""
    audience = actions.ContactRequest(**dict(body))
    return Recipients(recipients=tuple(await actions.contacts(bus, caller, audience, seal=address_seal(request))))


@router.post("/contacts/many")
async def contacts_of(request: Request, body: ManyWanted, caller: Caller, bus: BusDep) -> RecipientsOfMany:
    """Return the recipients of many messages, in their order; `erased`: the places of erased people."""
    requests = [actions.ContactRequest(**dict(wanted)) for wanted in body.wanted]
    return await actions.contacts_of(bus, caller, requests, seal=address_seal(request))


@router.post("/objectives")
async def objectives(body: ObjectivesWanted, caller: Caller, bus: BusDep) -> Objectives:
    """Return the officer's objectives, by number, for a form that asks how far each was met."""
    return await actions.objectives(bus, caller, body.application_id, body.purpose)


@router.get("/parts")
async def parts(bus: BusDep, _: Caller, person: UUID) -> CasesOfPerson:
    """Return a person's applications and mentor's profiles, by the opaque id: for the person's own calendar."""
    return await actions.cases_of_person(bus, person)
