"""The page on which the programme coordinator confirms eligibility."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup

from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.review.forms.queue import HERE
from services.applications.review.pages.bulk import ELIGIBILITY
from services.applications.review.views.case import case_address
from services.applications.review.views.eligibility import Judgement, waiting_page
from shared.contracts import labels
from shared.i18n import gettext
from shared.time import dates
from shared.web.lists import Cell, Column, Empty, Link, Listing, Tick, list_page

router = APIRouter(prefix="/applications", include_in_schema=False)


@router.get("/eligibility")
async def waiting(
    request: Request, _: Coordinator, bus: BusDep, page: Annotated[int, Query(ge=1, le=100)] = 1
) -> Response:
    """Show endorsed applications with what the rules say, to be selected and confirmed."""
    async with bus.read() as session:
        judged, total = await waiting_page(session, page)
    return list_page(
        request,
        Listing(
            gettext("Eligibility"),
            "/applications/eligibility",
            [
                Column(gettext("Reference")),
                Column(gettext("For")),
                Column(gettext("Eligibility result")),
                Column(gettext("Due")),
            ],
            [_row(judgement) for judgement in judged],
            total,
            Empty(gettext("No endorsed applications are waiting for you."), gettext("See all applications"), HERE),
            page=page,
            intro=gettext(
                "These applications are endorsed and have been checked against the rules of their call. Select "
                "the results that you confirm. The next page lists each selected application again."
            ),
            acts=[(ELIGIBILITY, gettext("Confirm selected results"))],
            decide=f"{HERE}/decide",
            hidden={"back": ELIGIBILITY},
            back="/applications/",
        ),
    )


def _row(judgement: Judgement) -> list[Cell]:
    application = judgement.application
    return [
        Tick("case", str(application.id), application.reference or "", judgement.eligible),
        Link(application.reference or "", case_address(application.id)),
        labels.label(application.for_),
        _result(judgement),
        None if application.due is None else dates.day(application.due, short=True),
    ]


def _result(judgement: Judgement) -> Markup:
    """Return whether all rules are met, and below it each that is not."""
    text = gettext("Answer: %(given)s. Required: %(asks)s")
    notes = [text % {"given": finding.given, "asks": finding.asks} for finding in judgement.findings if not finding.met]
    return Markup("<br>").join([gettext("Eligible") if judgement.eligible else gettext("Not eligible"), *notes])
