"""The pages of people who cannot be reached by mail: the list, one person, the delivery reports."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.notifications.filters import countries_in, country_field
from services.notifications.guards import countries_read
from services.notifications.mail import actions, views
from services.notifications.mail.views import UnreachablePerson
from services.notifications.parameters import BusDep, Reader
from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.time import dates
from shared.web.lists import Cell, Column, Empty, Filter, Link, Listing, list_page
from shared.web.query import CountryText
from shared.web.render import render, see_other

router = APIRouter(prefix="/notifications/unreachable", include_in_schema=False)
HERE = "/notifications/unreachable"
# The person's national coordinator, and the programme for everybody.
OWNERS = (Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR)
Owner = Annotated[Principal, Depends(allow(*OWNERS))]


@router.get("")
async def people(
    request: Request,
    bus: BusDep,
    principal: Reader,
    country: CountryText = "",
    settled: Annotated[str, Query(max_length=3)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Return the list, the longest unreachable first, and for the programme the delivery reports."""
    mine = countries_read(principal)
    countries = countries_in(mine, country)
    async with bus.read() as session:
        found = await views.unreachable_list(session, principal, countries, settled=bool(settled), page=page)
    title, times = gettext("People who cannot be reached"), gettext("Times")
    names = (gettext("Person"), gettext("With"), gettext("Since"), gettext("Why"), times, gettext("Tried again"))
    listing = Listing(
        title,
        HERE,
        [Column(name, numeric=name == times) for name in (*names, gettext("Settled"))],
        [_row(person) for person in found.people],
        found.total,
        Empty(gettext("Everybody we wrote to could be reached."), gettext("Show all"), HERE),
        page=page,
        intro=gettext(
            "The mailbox of these people accepts no email from us. The person assigned asks them for another "
            "address. They leave this list automatically when they have confirmed an address in the portal. "
            "Until then, each message waits for them in the portal."
        ),
        filters=[
            country_field(mine, country),
            Filter("settled", gettext("State"), settled, [("yes", gettext("Settled"))]),
        ],
        done=gettext("The person was removed from the list.") if request.query_params.get("done") == "settled" else "",
        live=("/notifications/live", "unreachable"),
    )
    template = "mail/unreachable.html"
    return list_page(request, listing, template, all_read=mine is None, verdicts=found.counts, reports=found.reports)


def _row(person: UnreachablePerson) -> list[Cell]:
    settled = None if person.settled_at is None else f"{person.settled_by}, {dates.moment(person.settled_at)}"
    return [
        Link(person.name, f"{HERE}/{person.recipient}") if person.settled_at is None else person.name,
        person.owner,
        dates.moment(person.since),
        person.why,
        person.times,
        dates.moment(person.tried_at) if person.tried_at else None,
        settled,
    ]


@router.get("/{recipient}")
async def person(request: Request, recipient: UUID, bus: BusDep, principal: Reader) -> Response:
    """Return one person: since when, why, what did not arrive, and what can be done."""
    async with bus.read() as session:
        found = await views.unreachable_person(session, recipient, principal)
    return render(
        request,
        "mail/unreachable_person.html",
        found=found,
        row=found.person,
        may=principal.has(*OWNERS),
        portal=f"/applications/register/people/{recipient}",
        done=request.query_params.get("done"),
    )


@router.post("/{recipient}/retry")
async def retry(recipient: UUID, bus: BusDep, principal: Owner) -> Response:
    """Send the last failed message again."""
    await actions.retry_recipient(bus, principal, recipient)
    return see_other(f"{HERE}/{recipient}?done=retry")


@router.post("/{recipient}/settle")
async def settle(recipient: UUID, bus: BusDep, principal: Owner) -> Response:
    """Take the person off the list."""
    await actions.settle_recipient(bus, principal, recipient)
    return see_other(f"{HERE}?done=settled")
