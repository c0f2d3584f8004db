"""The pages to make a letter, read it as PDF, and check its number."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.guards import Anyone, Participant
from services.applications.parameters import BusDep, Portal
from services.applications.preparation.actions import letters as actions
from services.applications.preparation.model.letters import LetterKind, LetterValidity
from services.applications.visits.views.names import visit_path
from shared.contracts import labels
from shared.identity import Principal, public
from shared.identity.page_limits import count_link
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications", include_in_schema=False)
Anybody = Annotated[Principal | None, Depends(public(count_link("number")))]


@router.post("/visits/{visit_id}/letters/{letter}")
async def make(visit_id: UUID, letter: LetterKind, principal: Participant, bus: BusDep, settings: Portal) -> Response:
    """Make a letter, or its next version where its content has changed."""
    await actions.make(bus, principal, visit_id, letter, origin=settings.origin)
    return see_other(visit_path(visit_id, "letters") + "?done=made")


@router.get("/visits/{visit_id}/letters/{letter}")
async def read(
    visit_id: UUID,
    letter: LetterKind,
    principal: Anyone,
    bus: BusDep,
    version: Annotated[int | None, Query(ge=1, le=1000)] = None,
) -> Response:
    """Show a letter as PDF, the newest or the version named."""
    file = await actions.read(bus, principal, visit_id, letter, version)
    headers = {"Content-Disposition": f'inline; filename="{file.name}"', "Cache-Control": "private, no-store"}
    return Response(file.content, media_type="application/pdf", headers=headers)


@router.get("/verify-letter/{number}")
async def verify(request: Request, number: str, _: Anybody, bus: BusDep) -> Response:
    """Show whether a letter with that number is valid: who made it, for which days; and no name."""
    async with bus.read() as session:
        found = await actions.check(session, number.strip().upper()[:20])
    return render(
        request,
        "preparation/verify_letter.html",
        200 if found else 404,
        found=found,
        counts=found is not None and found.standing is LetterValidity.COUNTS,
        kind=labels.label(LetterKind(found.letter.kind)) if found else "",
        number=number[:40],
    )
