"""Page of received and missing forms about each visit and mentorship that is over, and of its certificate."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.answers.actions import answers
from services.reporting.answers.views.outcomes import case_outcomes
from services.reporting.guards import Coordinator, Steerer
from services.reporting.parameters import BusDep
from shared.contracts.codes import PARTNERS, Role, WaiverReason
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)
PAGE = 50


@router.get("/reporting/outcomes")
async def overview(
    request: Request,
    principal: Steerer,
    bus: BusDep,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    country: Annotated[str, Query(pattern="^([A-Z]{2})?$")] = "",
) -> Response:
    """Show what is in and what is missing, newest end first."""
    async with bus.read() as session:
        rows, total = await case_outcomes(session, PAGE, (page - 1) * PAGE, country=country)
    return render(
        request,
        "answers/outcomes.html",
        rows=rows,
        page=page,
        size=PAGE,
        total=total,
        reasons=list(WaiverReason),
        waives=principal.has(Role.PROGRAMME_COORDINATOR),
        country=country,
        countries=sorted(PARTNERS),
    )


@router.post("/reporting/outcomes/{visit_id}/waiver")
async def waive(principal: Coordinator, bus: BusDep, visit_id: UUID, reason: Annotated[str, Form()] = "") -> Response:
    """Waive the host's evaluation."""
    await answers.waive(bus, principal, visit_id, reason)
    return see_other("/reporting/outcomes")
