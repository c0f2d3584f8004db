"""The pages on which a host reports a no-show or an early return."""

from datetime import date
from typing import Any

from fastapi import APIRouter

from services.applications.forms import MaybeReasonForm
from services.applications.guards import Participant
from services.applications.overview.views.participation import VisitView, visit_view
from services.applications.visits.actions import visits as actions
from services.applications.visits.forms import EarlyReturnForm
from services.applications.visits.views.names import visit_path
from shared.contracts.codes import StatedReason
from shared.i18n import gettext
from shared.time import dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import options

router = APIRouter(prefix="/applications/visits", include_in_schema=False)


async def _view(request: DecisionRequest[Any]) -> VisitView:
    async with request.bus.read() as session:
        return await visit_view(session, request.principal, request.id)


def _reason(form: MaybeReasonForm) -> StatedReason | None:
    return StatedReason(form.reason.data) if form.reason.data else None


async def _ask_no_show(request: DecisionRequest[MaybeReasonForm]) -> Question:
    view = await _view(request)
    return Question(
        gettext("Report that the guest did not come"),
        gettext("Report a no-show"),
        visit_path(request.id),
        caption=view.of.case.application.reference or "",
        text=gettext("The sending country is notified. The visit then ends."),
        warning=True,
    )


async def _no_show(request: DecisionRequest[MaybeReasonForm]) -> str:
    form = request.form
    await actions.no_show(request.bus, request.principal, request.id, _reason(form), form.text.data or "")
    return visit_path(request.id) + "?done=no_show"


def _last_days(view: VisitView) -> Any:
    days = [day for day in view.recordable if day != view.visit.end]
    return options([(day.isoformat(), dates.day(day)) for day in days], blank=gettext("Choose the day"))


async def _offer_last_days(request: DecisionRequest[EarlyReturnForm]) -> None:
    request.form.last_day.choices = _last_days(await _view(request))


async def _ask_return(request: DecisionRequest[EarlyReturnForm]) -> Question:
    view = await _view(request)
    return Question(
        gettext("Report an early return"),
        gettext("Report an early return"),
        visit_path(request.id),
        caption=view.of.case.application.reference or "",
        text=gettext("The days when the guest was there count."),
        warning=True,
        template="visits/early_return.html",
    )


async def _return(request: DecisionRequest[EarlyReturnForm]) -> str:
    form = request.form
    last_day = date.fromisoformat(form.last_day.data)
    await actions.early_return(
        request.bus, request.principal, request.id, last_day, _reason(form), form.text.data or ""
    )
    return visit_path(request.id) + "?done=early_return"


add_decision(router, Participant, Decision("/{visit_id}/no-show", MaybeReasonForm, _ask_no_show, _no_show))
add_decision(
    router,
    Participant,
    Decision("/{visit_id}/early-return", EarlyReturnForm, _ask_return, _return, prepare=_offer_last_days),
)
