"""Serve the yearly confirmation of access, deputies, and mails that confirm an address."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from services.applications.access.actions import addresses, deputies, yearly_confirmation
from services.applications.access.views import MailSent
from services.applications.guards import Decider, Holder
from services.applications.parameters import REGISTER_API, Body, BusDep, Portal
from services.applications.register.views import confirmation
from services.applications.register.views import deputies as deputy_views
from services.applications.register.views.confirmation import ListedAccess
from services.applications.register.views.deputies import Deputies, Deputy
from services.applications.register.views.entries import Ended
from shared.contracts.base import Day
from shared.contracts.codes import Role
from shared.identity import Principal, signed_in
from shared.web.items import BulkResult, ReadItem, read_items, with_versions
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix=REGISTER_API, tags=["register"])


class Confirmed(Body):
    """The people whose access is confirmed, as they were read."""

    people: Annotated[tuple[ReadItem, ...], Field(min_length=1, max_length=yearly_confirmation.MOST_AT_ONCE)]


class NamedDeputy(Body):
    """A deputy for one of the caller's offices; the programme gives `holder_id` to name one for somebody else."""

    deputy_id: UUID
    role: Role
    since: Day
    until: Day
    holder_id: UUID | None = None


class EndedDeputy(Body):
    """The deputy to end."""

    deputy_id: UUID
    role: Role
    since: Day


@router.get("/access")
async def to_confirm(
    request: Request, principal: Decider, bus: BusDep, settings: Portal, page: PageDep
) -> Page[ListedAccess]:
    """Return the people whose access is to be confirmed or has lapsed, the oldest first."""
    async with bus.snapshot() as session:
        found = await confirmation.access_page(session, principal, settings, page)
        return await with_versions(request, session, "person_id", found, ListedAccess)


@router.post("/access/confirm")
async def confirm(request: Request, body: Confirmed, principal: Decider, bus: BusDep) -> BulkResult:
    """Confirm access for another year, and restore lapsed access; `left` names whose was not confirmed, and why."""
    read = read_items(request, "person_id", "people", body.people)
    return await yearly_confirmation.confirm(bus, principal, [each.id for each in body.people], read)


@router.get("/deputies")
async def read_deputies(principal: Holder, bus: BusDep) -> Deputies:
    """Return the deputies of the caller, and those for whom the caller is a deputy."""
    async with bus.read() as session:
        return await deputy_views.deputies(session, principal.subject)


@router.post("/deputies", status_code=201)
async def name_deputy(body: NamedDeputy, principal: Holder, bus: BusDep) -> Deputy:
    """Name a deputy for an office from one day until another."""
    return await deputies.appoint_deputy(bus, principal, **dict(body))


@router.post("/deputies/end", operation_id="end_register_deputy")
async def end_deputy(body: EndedDeputy, principal: Holder, bus: BusDep) -> Ended:
    """End a deputy early, at once."""
    await deputies.end(bus, principal, **dict(body))
    return Ended(ended=True)


@router.post("/own-address", operation_id="send_own_address_confirmation", status_code=202, responses={404: {}})
async def ask_own(principal: Annotated[Principal, Depends(signed_in())], bus: BusDep) -> MailSent:
    """Send the confirmation email for the caller's own address again."""
    await addresses.send_own_mail(bus, principal)
    return MailSent(sent=True)


@router.post("/people/{person_id}/address", operation_id="send_person_address_confirmation", status_code=202)
async def ask_for_person(person_id: UUID, principal: Decider, bus: BusDep) -> MailSent:
    """Send the confirmation email for the person's address again."""
    await addresses.send_mail_to(bus, principal, person_id)
    return MailSent(sent=True)
