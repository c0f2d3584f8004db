"""The pages of people who cannot be reached by mail: the list, one person, the delivery reports."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.notifications.filters import FilterField, countries_in, country_field
from services.notifications.guards import countries_read
from services.notifications.mail import actions, views
from services.notifications.parameters import BusDep, Reader
from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.identity import Principal, allow
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
    who: Reader,
    country: Annotated[str, Query(max_length=2)] = "",
    settled: Annotated[str, Query(max_length=3)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The list, the longest unreachable first, and for the programme the delivery reports."""
    mine = countries_read(who)
    countries = countries_in(mine, country)
    async with bus.read() as session:
        found = await views.unreachable_list(session, who, countries, settled=bool(settled), page=page)
    return render(
        request,
        "mail/unreachable.html",
        rows=found.people,
        total=found.total,
        page=page,
        fields=[
            country_field(mine, country),
            FilterField("settled", gettext("State"), [("yes", gettext("Settled"))], settled),
        ],
        all_read=mine is None,
        counts=found.counts,
        reports=found.reports,
        done=request.query_params.get("done"),
    )


@router.get("/{recipient}")
async def person(request: Request, recipient: UUID, bus: BusDep, who: Reader) -> Response:
    """One person: since when, why, what did not arrive, and what can be done."""
    async with bus.read() as session:
        found = await views.unreachable_person(session, recipient, who)
    return render(
        request,
        "mail/unreachable_person.html",
        found=found,
        row=found.person,
        may=who.has(*OWNERS),
        portal=f"/applications/register/people/{recipient}",
        done=request.query_params.get("done"),
    )


@router.post("/{recipient}/retry")
async def retry(recipient: UUID, bus: BusDep, who: Owner) -> Response:
    """Send the last failed message again."""
    await actions.retry_recipient(bus, who, recipient)
    return see_other(f"{HERE}/{recipient}?done=retry")


@router.post("/{recipient}/settle")
async def settle(recipient: UUID, bus: BusDep, who: Owner) -> Response:
    """Take the person off the list."""
    await actions.settle_recipient(bus, who, recipient)
    return see_other(f"{HERE}?done=settled")
