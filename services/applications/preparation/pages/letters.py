"""The pages to make a letter, read it as PDF, and check its number."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.applications.guards import Anyone, Participant
from services.applications.matches.views import parties
from services.applications.parameters import BusDep, Portal
from services.applications.preparation.actions import letters as actions
from services.applications.preparation.model.letters import LetterKind, LetterValidity
from services.applications.preparation.store import Letter
from services.applications.visits.views.names import visit_path
from shared.contracts import labels
from shared.identity import Principal, public
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications", include_in_schema=False)
Anybody = Annotated[Principal | None, Depends(public())]


def as_pdf(letter: Letter, reference: str) -> Response:
    """Return a letter as a file that a browser shows, under a name that says what it is and names nobody."""
    name = f"{reference or letter.number}-{letter.kind}-{letter.version}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(letter.document, media_type="application/pdf", headers=headers)


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
    found = await actions.read(bus, principal, visit_id, letter, version)
    async with bus.read() as session:
        case, _ = await parties.case_of_visit(session, principal, visit_id)
    return as_pdf(found, case.application.reference or "")


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
