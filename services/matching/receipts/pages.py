"""The page of a published receipt, opened from the portal with its ticket; each side sees its own part."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts import views as cohorts_views
from services.matching.facts.store import facts as store
from services.matching.parameters import BusDep
from services.matching.receipts import views
from shared.bus import Bus
from shared.contracts.calls import CallTerms
from shared.contracts.receipts import MatchExplained
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Ticket, ticket
from shared.web.render import render

router = APIRouter(prefix="/matching/receipts", include_in_schema=False)


@router.get("/{application_id}")
async def of_officer(
    request: Request, bus: BusDep, _: Annotated[Ticket, Depends(ticket("receipt"))], application_id: UUID
) -> Response:
    """Show the officer's part: points gained, rank, what each rule left, the smallest change."""
    return await _show(request, bus, application_id, side="applicant")


@router.get("/{application_id}/host")
async def of_host(
    request: Request, bus: BusDep, _: Annotated[Ticket, Depends(ticket("host-receipt"))], application_id: UUID
) -> Response:
    """Show the host's or mentor's part: the points that speak for this guest, and the rank in the host's order."""
    return await _show(request, bus, application_id, side="host")


async def _show(request: Request, bus: Bus, application_id: UUID, *, side: str) -> Response:
    published = await views.published_receipt(bus, application_id)
    if published is None or (side == "host" and not isinstance(published, MatchExplained)):
        raise Refused(gettext("There is no receipt yet: it is written when a cohort is committed."), 404)
    async with bus.read() as session:
        candidate = (await store.candidates(session, [application_id])).get(application_id)
        call = (await store.calls(session, [published.call_id])).get(published.call_id)
        ids = {one.offer_id or one.mentor_id for one in published.counterfactuals}
        if isinstance(published, MatchExplained):
            ids.add(published.offer_id or published.mentor_id)
        in_line = () if side == "host" else await views.waiting_places(bus, application_id)
        ids |= {UUID(one.seat_id) for one in in_line}
        seats = await store.seats(session, {one for one in ids if one})
    scheme = CallTerms.model_validate(call.terms).scheme if call else ""
    seat = (
        seats.get(published.offer_id or published.mentor_id or application_id)
        if isinstance(published, MatchExplained)
        else None
    )
    return render(
        request,
        "receipts/receipt.html",
        reference=candidate.reference if candidate else "",
        application_id=application_id,
        call=call,
        seat=seat,
        receipt=cohorts_views.receipt(published, seats, scheme, side=side),
        side=side,
        waiting=cohorts_views.waiting(in_line, seats),
    )
