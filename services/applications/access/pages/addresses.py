"""Ask people to confirm their addresses, and take their confirmation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.access.actions import addresses
from services.applications.guards import Decider
from services.applications.parameters import REGISTER, BusDep, address_seal
from shared.errors import Refused
from shared.identity import Principal, public, signed_in
from shared.identity.confirmations import rest_on
from shared.identity.page_limits import count_link
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)
PEOPLE = f"{REGISTER}/people"
Linked = Annotated[Principal | None, Depends(public(count_link("token")))]


@router.post(f"{PEOPLE}/{{person_id}}/address")
async def send_address_mail(person_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Send the confirmation email for the person's address again."""
    await addresses.send_mail_to(bus, principal, person_id)
    return see_other(f"{PEOPLE}/{person_id}?done=asked")


@router.post("/applications/account/address")
async def ask_own(request: Request, principal: Annotated[Principal, Depends(signed_in())], bus: BusDep) -> Response:
    """Send the mail to the reader's own address again."""
    rest_on(request, "person_id", await addresses.send_own_mail(bus, principal))
    return see_other("/applications/account?done=asked")


@router.get("/applications/address/{token}")
async def ask_address(request: Request, token: str, _: Linked, bus: BusDep) -> Response:
    """Show a button by which the owner confirms, as a mail scanner that opens the link must confirm nothing."""
    async with bus.read() as session:
        try:
            link = await addresses.link_of(session, address_seal(request), token)
        except Refused:
            return _unknown(request)
    return render(request, "access/address.html", link=link, open=link.open, problem="")


@router.post("/applications/address/{token}")
async def confirm_address(request: Request, token: str, _: Linked, bus: BusDep) -> Response:
    """Confirm the address."""
    seal, problem = address_seal(request), ""
    try:
        await addresses.confirm(bus, seal, token)
    except Refused as refused:
        if refused.status_code != 409:
            return _unknown(request)
        problem = refused.detail
    async with bus.read() as session:
        link = await addresses.link_of(session, seal, token)
    return render(request, "access/address.html", 409 if problem else 200, link=link, open=False, problem=problem)


def _unknown(request: Request) -> Response:
    """Say what such links are for, where the portal did not make this one."""
    return render(request, "access/address.html", 404, link=None, open=False, problem="")
