"""The list of appeals, and the page on which one is decided."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import Count, tag
from services.applications.guards import Decider
from services.applications.parameters import BusDep
from services.applications.review.actions import appeal_decisions as actions
from services.applications.review.views.appeals import AppealLine, appeal_list, appeal_page
from services.applications.review.views.case import case_address, load_case
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import AppealOutcome
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.time import clock, dates
from shared.web import states
from shared.web.forms import Form, Longest, Needed, RadioField, TextAreaField
from shared.web.render import render, see_other
from shared.web.states import Standing

router = APIRouter(prefix="/applications", include_in_schema=False)
STATES = {"waits": N_("Waits for me"), "open": N_("Open"), "upheld": N_("Upheld"), "dismissed": N_("Dismissed")}


_DISMISSED = (AppealOutcome.DISMISSED.value, N_("Dismissed: the decision stands"))


class DecisionForm(Form):
    """The decision on an appeal, and its reason."""

    outcome = RadioField(
        N_("What becomes of the appeal?"),
        [Needed(N_("Choose what becomes of the appeal"))],
        choices=[
            (AppealOutcome.UPHELD.value, N_("Upheld: the decision falls, the application goes on from before it")),
            _DISMISSED,
        ],
    )
    answer = TextAreaField(
        N_("Why do you decide so?"),
        [Needed(N_("Write for the officer why you decide so")), Longest(actions.MOST)],
        description=N_("The officer reads it"),
    )


@router.get("/appeals")
async def show_all(
    request: Request,
    principal: Decider,
    bus: BusDep,
    state: str = "",
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Show the appeals of the reader's country or EU agency (all, for the programme), the reader's own tasks first."""
    async with bus.read() as session:
        found = await appeal_list(session, principal, state or None, page)
    return render(
        request,
        "review/appeals.html",
        rows=[_row(line) for line in found.lines],
        total=found.total,
        page=page,
        state=state,
        counts=[
            Count(found.counts[code], gettext(name), f"?state={code}", "wait" if code == "waits" else "office")
            for code, name in STATES.items()
            if found.counts[code]
        ],
    )


def _row(line: AppealLine) -> list[Any]:
    appeal, application = line.appeal, line.application
    ends = appeal.outcome and labels.label(AppealOutcome(appeal.outcome))
    return [
        {"text": application.reference, "href": case_address(application.id, "appeal")},
        line.name,
        labels.country(application.country),
        tag("application", appeal.against),
        dates.day(appeal.filed_at, short=True),
        ends or (gettext("You") if line.mine else gettext("Another coordinator")),
        None if ends else f"{dates.day(appeal.due, short=True)} ({dates.relative(appeal.due, clock.today())})",
    ]


@router.get("/cases/{application_id}/appeal")
async def show(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show one appeal: the decision with its reason, what the officer writes, and who can decide what."""
    return await _page(request, principal, bus, application_id, DecisionForm())


async def _page(
    request: Request, principal: Principal, bus: Bus, application_id: UUID, form: DecisionForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        view = await appeal_page(session, principal, application_id)
    if view is None:
        return see_other(case_address(application_id))
    if view.closed:
        upheld = gettext("Upheld: the decision falls, and the officer may apply in another call")
        form.outcome.choices = [(AppealOutcome.UPHELD.value, upheld), (_DISMISSED[0], gettext(_DISMISSED[1]))]
    appeal = view.appeal
    return render(
        request,
        "review/appeal.html",
        status,
        application=view.case.application,
        call=view.case.call,
        appeal=appeal,
        decision=view.decision,
        reason=view.reason,
        against=states.state("application", appeal.against).for_others,
        where=Standing(states.state("application", "appealed").for_others, appeal.filed_at, appeal.due),
        before=states.state("application", appeal.before),
        outcome=labels.label(AppealOutcome(appeal.outcome)) if appeal.outcome else "",
        seat=view.capacity,
        closed=view.closed,
        form_=form,
        done=request.query_params.get("done"),
    )


@router.post("/cases/{application_id}/appeal")
async def decide(request: Request, application_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Decide the appeal."""
    await load_case(bus, principal, application_id)
    form = await DecisionForm.read(request)
    if not form.validate():
        return await _page(request, principal, bus, application_id, form, 422)
    try:
        outcome = AppealOutcome(form.outcome.data)
        await actions.decide(bus, principal, application_id, outcome, form.answer.data or "")
    except Refused as refused:
        if refused.status_code != 409:
            raise
        form.refuse("", refused.detail)
        return await _page(request, principal, bus, application_id, form, 409)
    return see_other(case_address(application_id, "appeal") + "?done=decided")
