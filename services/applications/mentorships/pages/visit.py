"""The pages of a pair's visit: propose, answer, withdraw, cancel.

One page holds the forms to propose and to answer, so they are answered here and not by a `Decision`.
"""

from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from services.applications.display import tag
from services.applications.forms import ReasonForm, refuse
from services.applications.guards import Pair
from services.applications.matches.views.names import applicant_name, mentor_name
from services.applications.mentorships.actions import visit as actions
from services.applications.mentorships.forms import VisitAnswerForm, VisitForm, new_visit_form
from services.applications.mentorships.model.visit import TO_COME, RequestState
from services.applications.mentorships.pages.common import load_own_view, mentorship_path, name_of, router
from services.applications.mentorships.views.mentorship import MentorshipView
from services.applications.mentorships.views.read_models import ProposedVisit, proposed_visit_of
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from services.applications.visits.views.names import visit_path
from shared.contracts.codes import Answer, MentorshipState, Party, StatedReason
from shared.errors import Refused
from shared.i18n import gettext, ngettext
from shared.time import dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import options
from shared.web.render import render, see_other
from shared.web.states import state


@router.get("/{mentorship_id}/visit")
async def show_visit(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Show what was proposed, and the form to answer it or to propose a visit."""
    view = await load_own_view(bus, principal, mentorship_id)
    return _page(request, view)


def _page(
    request: Request,
    view: MentorshipView,
    *,
    form: VisitForm | None = None,
    answer: VisitAnswerForm | None = None,
    status: int = 200,
) -> Response:
    open_request = view.request
    form = form or new_visit_form(Party.MENTEE)
    form.guest.choices = _guests(view)
    to_come = bool(view.visits) and view.visits[0].stands in TO_COME
    active = view.mentorship.stands is MentorshipState.ACTIVE
    return render(
        request,
        "mentorships/visit.html",
        status,
        view=view,
        reference=view.of.case.application.reference,
        proposed=_request_rows(view, proposed_visit_of(open_request)) if open_request is not None else None,
        may_answer=open_request is not None
        and open_request.stands is RequestState.ASKED
        and open_request.party != view.party
        and active,
        may_withdraw=open_request is not None
        and open_request.stands is RequestState.ASKED
        and open_request.party == view.party,
        may_ask=active and open_request is None and not to_come,
        to_come=view.visits[0] if to_come else None,
        earlier=[
            _request_rows(view, proposed_visit_of(candidate))
            for candidate in view.requests
            if candidate is not open_request
        ],
        until=view.until,
        form_=form,
        answer_form=answer or VisitAnswerForm(),
        here=mentorship_path(view.mentorship.id, "visit"),
        back_href=mentorship_path(view.mentorship.id),
        done=request.query_params.get("done"),
    )


def _guests(view: MentorshipView) -> Any:
    """Return who may travel where, to choose from."""
    return options(
        [
            (Party.MENTEE.value, gettext("%(who)s visits the mentor's agency") % {"who": applicant_name(view.of)}),
            (Party.MENTOR.value, gettext("%(who)s visits the mentee's agency") % {"who": mentor_name(view.of)}),
        ]
    )


def _request_rows(view: MentorshipView, visit_request: ProposedVisit) -> dict[str, Any]:
    return {
        "id": visit_request.id,
        "by": name_of(view, visit_request.by),
        "at": visit_request.at,
        "guest": name_of(view, visit_request.guest),
        "days": ngettext("%(num)d working day", "%(num)d working days", visit_request.days)
        % {"num": visit_request.days},
        "periods": [dates.span(period.start, period.end) for period in visit_request.periods],
        "note": visit_request.note,
        "answer": visit_request.answer,
        "tag": tag("pair_visit", visit_request.state),
        "state": state("pair_visit", visit_request.state),
    }


@router.post("/{mentorship_id}/visit")
async def ask(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Propose a visit."""
    view = await load_own_view(bus, principal, mentorship_id)
    form = await VisitForm.read(request)
    form.guest.choices = _guests(view)
    if await form.rows_changed(request) or not form.validate():
        return _page(request, view, form=form, status=422)
    try:
        await actions.ask(
            bus,
            principal,
            mentorship_id,
            form.date_periods(),
            int(form.days.data),
            Party(form.guest.data),
            form.note.data or "",
        )
    except Refused as refused:
        refuse(form, refused, "periods")
        view = await load_own_view(bus, principal, mentorship_id)
        return _page(request, view, form=form, status=refused.status_code)
    return see_other(mentorship_path(mentorship_id, "visit") + "?done=asked")


@router.post("/{mentorship_id}/visit/{request_id}/answer")
async def answer(request: Request, mentorship_id: UUID, request_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Agree to a visit, or refuse it with a reason."""
    form = await VisitAnswerForm.read(request)
    if not form.validate():
        return _page(request, await load_own_view(bus, principal, mentorship_id), answer=form, status=422)
    reply = Answer(form.answer.data)
    try:
        await actions.answer(bus, principal, mentorship_id, request_id, reply, form.text.data or "")
    except Refused as refused:
        refuse(form, refused, "answer")
        view = await load_own_view(bus, principal, mentorship_id)
        return _page(request, view, answer=form, status=refused.status_code)
    return see_other(mentorship_path(mentorship_id, "visit") + f"?done={reply}")


@router.post("/{mentorship_id}/visit/{request_id}/withdraw")
async def withdraw(mentorship_id: UUID, request_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Withdraw one's own request."""
    await actions.withdraw(bus, principal, mentorship_id, request_id)
    return see_other(mentorship_path(mentorship_id, "visit") + "?done=withdrawn")


async def _ask_cancel(request: DecisionRequest[ReasonForm]) -> Question:
    view, visit_id = await load_own_view(request.bus, request.principal, request.id), request.ids["pair_visit_id"]
    if visit_id not in {visit.id for visit in view.visits}:
        raise not_found()
    return Question(
        gettext("Cancel the visit"),
        gettext("Request cancellation"),
        visit_path(visit_id),
        caption=view.of.case.application.reference or "",
        text=gettext("The visit will not take place. Both of you get an email. The mentorship continues."),
        warning=True,
    )


async def _cancel(request: DecisionRequest[ReasonForm]) -> str:
    form = request.form
    reason = StatedReason(form.reason.data)
    visit_id = request.ids["pair_visit_id"]
    await actions.cancel(request.bus, request.principal, request.id, visit_id, reason, form.text.data or "")
    return mentorship_path(request.id) + "?done=visit_cancelled"


add_decision(router, Pair, Decision("/{mentorship_id}/visits/{pair_visit_id}/cancel", ReasonForm, _ask_cancel, _cancel))
