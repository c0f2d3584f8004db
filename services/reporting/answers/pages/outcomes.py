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
from shared.contracts import labels
from shared.contracts.codes import PARTNERS, Role, WaiverReason
from shared.i18n import gettext
from shared.web.lists import Column, Empty, Filter, Listing, list_page
from shared.web.render import see_other

router = APIRouter(include_in_schema=False)
HERE = "/reporting/outcomes"
PAGE = 50


@router.get("/reporting/outcomes")
async def overview(
    request: Request,
    principal: Steerer,
    bus: BusDep,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    country: Annotated[str, Query(pattern="^([A-Z]{2})?$")] = "",
    done: str = "",
) -> Response:
    """Show what is in and what is missing, newest end first."""
    async with bus.read() as session:
        rows, total = await case_outcomes(session, PAGE, (page - 1) * PAGE, country=country)
    names = (gettext("Application"), gettext("Ended"), gettext("Requested from"), gettext("Certificate"))
    countries = labels.countries(PARTNERS)
    by_country = Filter("country", gettext("Country of officers"), country, countries, all=gettext("All countries"))
    listing = Listing(
        gettext("Answers and certificates"),
        HERE,
        [Column(name) for name in names],
        [[row] for row in rows],
        total,
        Empty(gettext("No visit or mentorship has ended yet, so nobody has to answer.")),
        none_fit=gettext("No visit or mentorship of officers of this country has ended yet."),
        page=page,
        size=PAGE,
        filters=[by_country] if rows or country else [],
        back="/reporting/",
        back_text=gettext("All figures"),
        legend="outcome" if rows else "",
        done=gettext("The host's evaluation is waived.") if done == "waived" else "",
        legend_others=True,
        table_title=gettext("Answers"),
    )
    return list_page(
        request,
        listing,
        "answers/outcomes.html",
        reasons=list(WaiverReason),
        waives=principal.has(Role.PROGRAMME_COORDINATOR),
    )


@router.post("/reporting/outcomes/{visit_id}/waiver")
async def waive(principal: Coordinator, bus: BusDep, visit_id: UUID, reason: Annotated[str, Form()] = "") -> Response:
    """Waive the host's evaluation."""
    await answers.waive(bus, principal, visit_id, reason)
    return see_other(f"{HERE}?done=waived")
