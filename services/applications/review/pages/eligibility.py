"""The pages on which the programme coordinator confirms eligibility: for several applications, and for one."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup

from services.applications.beside import done_address, following, list_context, opened, present
from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.review.actions import eligibility as actions
from services.applications.review.forms.decisions import ConfirmForm
from services.applications.review.forms.queue import ELIGIBILITY, HERE, PlaceQuery
from services.applications.review.pages.beside import ELIGIBLE, KEEPS_LIST, eligibility_beside
from services.applications.review.pages.bulk import effect
from services.applications.review.views.case import captioned, case_address, visible_case
from services.applications.review.views.eligibility import Judgement, judge_applications, waiting_page
from shared.contracts import labels
from shared.i18n import gettext
from shared.time import dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.lists import Cell, Column, Empty, Link, Listing, Steps, Tick, list_page

router = APIRouter(prefix="/applications", include_in_schema=False)


@router.get("/eligibility")
async def waiting(
    request: Request, principal: Coordinator, bus: BusDep, query: Annotated[PlaceQuery, Query()]
) -> Response:
    """Show endorsed applications with what the rules say, to be selected and confirmed."""
    async with bus.read() as session:
        found = await waiting_page(session, principal, query.place)
    beside = eligibility_beside(query).opened(query.page)
    return list_page(
        request,
        Listing(
            gettext("Eligibility"),
            ELIGIBLE,
            [
                Column(gettext("Reference")),
                Column(gettext("Name")),
                Column(gettext("Country")),
                Column(gettext("For")),
                Column(gettext("Eligibility result")),
                Column(gettext("Due")),
            ],
            [_row(judgement, beside) for judgement in found.judged],
            found.total,
            Empty(gettext("No endorsed applications are waiting for you."), gettext("See all applications"), HERE),
            page=found.place.page,
            steps=Steps(found.place.before, found.place.after),
            intro=gettext(
                "These applications are endorsed and have been checked against the rules of their call. Select "
                "the results that you confirm. The next page lists each selected application again."
            ),
            acts=[(ELIGIBILITY, gettext("Confirm selected results"))],
            decide=f"{HERE}/decide",
            hidden={"back": ELIGIBILITY},
            back="/applications/",
            keys=True,
        ),
    )


def _row(judgement: Judgement, beside: str) -> list[Cell]:
    application = judgement.application
    address = f"{case_address(application.id)}?{beside}"
    return [
        Tick("case", str(application.id), application.reference or "", judgement.eligible),
        Link(application.reference or "", address),
        application.answers.name or None,
        labels.country(application.country),
        labels.label(application.for_),
        _result(judgement),
        None if application.due is None else dates.day(application.due, short=True),
    ]


def _result(judgement: Judgement) -> Markup:
    """Return whether all rules are met, and below it each that is not."""
    text = gettext("Answer: %(given)s. Required: %(asks)s")
    notes = [text % {"given": finding.given, "asks": finding.asks} for finding in judgement.findings if not finding.met]
    return Markup("<br>").join([gettext("Eligible") if judgement.eligible else gettext("Not eligible"), *notes])


async def _ask(request: DecisionRequest[ConfirmForm]) -> Question:
    """Ask about one application, with what the rules of its call say."""
    async with request.bus.read() as session:
        application = (await visible_case(session, request.principal, request.id)).application
        [judgement] = await judge_applications(session, [application])
        obstacles = await actions.obstacles(session, request.principal.subject, [application])
        beside = await list_context(session, request.http, request.principal, request.id)
    text, notes = effect(judgement)
    return Question(
        gettext("Confirm eligibility of this application?"),
        gettext("Confirm eligibility"),
        case_address(request.id) + opened(request.http),
        caption=captioned(application),
        follows=[text, *notes],
        obstacle=obstacles.get(request.id, ""),
        template="review/decision.html",
        more=beside,
    )


async def _confirm(request: DecisionRequest[ConfirmForm]) -> str:
    after = await following(request.http, request.bus, request.principal, request.id)
    outcome = await actions.confirm(request.bus, request.principal.subject, [request.id])
    for _, refused in outcome.left:
        raise refused
    after = await present(request.http, request.bus, request.principal, after)
    return done_address(request.http, case_address(request.id), request.id, "confirmed", after)


_PATH = "/cases/{application_id}/eligibility"
add_decision(router, Coordinator, Decision(_PATH, ConfirmForm, _ask, _confirm, query=(KEEPS_LIST,)))
