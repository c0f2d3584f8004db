"""The list of appeals, and the page on which one is decided."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.application.views.standing import standing
from services.applications.beside import done_address, following, list_context, present, said_about
from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.parameters import BusDep
from services.applications.review.actions import appeal_decisions as actions
from services.applications.review.pages.beside import APPEALS, KEEPS_APPEALS, appeals_beside
from services.applications.review.views.appeals import AppealLine, appeal_list, appeal_page
from services.applications.review.views.case import captioned, case_address, case_reference
from shared.contracts import labels
from shared.contracts.codes import AppealOutcome
from shared.i18n import N_, gettext
from shared.time import clock, dates
from shared.web import states
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form, Longest, Needed, RadioField, TextAreaField
from shared.web.lists import Cell, Column, Count, Empty, Link, Listing, list_page
from shared.web.query import IdText, declared, one_of

router = APIRouter(prefix="/applications", include_in_schema=False)
_DECIDED = N_("The appeal of %(reference)s is decided. The next appeal in the list is open.")
_DONE = declared({"done_about": IdText})
STATES = {"waits": N_("Waiting for me"), "open": N_("Open"), "upheld": N_("Upheld"), "dismissed": N_("Dismissed")}


_DISMISSED = (AppealOutcome.DISMISSED.value, N_("Dismissed: the decision does not change"))


class DecisionForm(Form):
    """The decision on an appeal, and its reason."""

    outcome = RadioField(
        N_("What is your decision on the appeal?"),
        [Needed(N_("Choose your decision on the appeal"))],
        choices=[
            (
                AppealOutcome.UPHELD.value,
                N_("Upheld: the decision is cancelled, and the application continues from before it"),
            ),
            _DISMISSED,
        ],
    )
    answer = TextAreaField(
        N_("What is the reason for your decision?"),
        [Needed(N_("Explain your decision to the officer")), Longest(actions.MOST)],
        description=N_("The officer reads it"),
    )


@router.get("/appeals")
async def show_all(
    request: Request,
    principal: Decider,
    bus: BusDep,
    state: Annotated[str, one_of("waits", "open", "upheld", "dismissed")] = "",
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Show the appeals of the reader's country or EU agency (all, for the programme), the reader's own tasks first."""
    async with bus.read() as session:
        found = await appeal_list(session, principal, state or None, page)
    query = appeals_beside(state, page).opened(page)
    return list_page(
        request,
        Listing(
            gettext("Appeals"),
            APPEALS,
            [
                Column(gettext("Reference")),
                Column(gettext("Name")),
                Column(gettext("Country")),
                Column(gettext("Decision appealed")),
                Column(gettext("Filed")),
                Column(gettext("With, or outcome")),
                Column(gettext("Due")),
            ],
            [_row(line, query) for line in found.lines],
            found.total,
            _empty(state),
            page=page,
            intro=gettext("A different coordinator reviews the decision. Appeals waiting for you come first."),
            counts=[
                Count(
                    found.counts[code],
                    gettext(name),
                    f"{APPEALS}?state={code}",
                    "wait" if code == "waits" else "office",
                )
                for code, name in STATES.items()
                if found.counts[code]
            ],
            back="/applications/",
            keys=True,
        ),
    )


def _empty(state: str) -> Empty:
    if state:
        return Empty(gettext("No appeals match this filter."), gettext("Show all"), APPEALS)
    return Empty(gettext("No appeals yet. An appeal appears here when an officer asks us to review a decision."))


def _row(line: AppealLine, query: str) -> list[Cell]:
    appeal, application = line.appeal, line.application
    ends = appeal.outcome and labels.label(AppealOutcome(appeal.outcome))
    return [
        Link(application.reference or "", case_address(application.id, "appeal") + f"?{query}"),
        line.name,
        labels.country(application.country),
        tag("application", appeal.against),
        dates.day(appeal.filed_at, short=True),
        ends or (gettext("You") if line.mine else gettext("Another coordinator")),
        None if ends else f"{dates.day(appeal.due, short=True)} ({dates.relative(appeal.due, clock.today())})",
    ]


async def _ask(request: DecisionRequest[DecisionForm]) -> Question | str:
    """Show one appeal: the decision with its reason, what the officer writes, and who can decide what."""
    async with request.bus.read() as session:
        view = await appeal_page(session, request.principal, request.id)
        beside = await list_context(session, request.http, request.principal, request.id)
        decided_before = request.http.query_params.get("done_about", "")
        said = await said_about(decided_before, _DECIDED, partial(case_reference, session, request.principal))
    if view is None:
        return case_address(request.id)
    if view.closed:
        upheld = gettext("Upheld: the decision is cancelled, and the officer may apply in another call")
        request.form.outcome.choices = [(AppealOutcome.UPHELD.value, upheld), (_DISMISSED[0], gettext(_DISMISSED[1]))]
    application, appeal = view.case.application, view.appeal
    decided = request.http.query_params.get("done") == "decided" and appeal.outcome
    where = standing(view.case, others=True)
    return Question(
        gettext("Appeal"),
        gettext("Decide appeal"),
        beside.get("list_home", APPEALS),
        gettext("All appeals"),
        caption=" · ".join(filter(None, (captioned(application), view.case.call.title))),
        done=said or (gettext("Decided. The officer reads your reason.") if decided else ""),
        template="review/appeal.html",
        more={
            **beside,
            "view": view,
            "application": application,
            "appeal": appeal,
            "against": states.state("application", appeal.against).for_others,
            "where": replace(where, holder=gettext("You")) if view.capacity.acting_as else where,
            "before": states.state("application", appeal.before),
            "outcome": labels.label(AppealOutcome(appeal.outcome)) if appeal.outcome else "",
        },
    )


async def _decide(request: DecisionRequest[DecisionForm]) -> str:
    form = request.form
    after = await following(request.http, request.bus, request.principal, request.id)
    await actions.decide(
        request.bus, request.principal, request.id, AppealOutcome(form.outcome.data), form.answer.data or ""
    )
    after = await present(request.http, request.bus, request.principal, after)
    return done_address(request.http, case_address(request.id, "appeal"), request.id, "decided", after)


add_decision(
    router,
    Decider,
    Decision("/cases/{application_id}/appeal", DecisionForm, _ask, _decide, query=(KEEPS_APPEALS, _DONE)),
)
