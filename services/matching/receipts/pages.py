"""The page of a published receipt, opened from the portal with its ticket; each side sees its own part."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.parameters import BusDep
from services.matching.receipts.views.explanation import Side, receipt_page
from shared.bus import Bus
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


async def _show(request: Request, bus: Bus, application_id: UUID, *, side: Side) -> Response:
    page = await receipt_page(bus, application_id, side=side)
    if page is None:
        return render(request, "receipts/none.html", side=side)
    return render(request, "receipts/receipt.html", view=page)
