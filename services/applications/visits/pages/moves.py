"""The pages to ask for other dates of a visit, and to answer those that are proposed."""

from typing import Any

from fastapi import APIRouter

from services.applications.display import SummaryRow
from services.applications.guards import Participant, ParticipantOrCoordinator
from services.applications.overview.views.participation import VisitView, visit_view
from services.applications.refusals import not_found
from services.applications.visits.actions import moves as actions
from services.applications.visits.forms import MoveAnswerForm, MoveForm
from services.applications.visits.model import BOTH, MAY_ASK_MOVE, Proposal
from services.applications.visits.views.names import both_parties, move_asked_by, visit_path
from shared.contracts import labels
from shared.contracts.codes import Answer, Party, Reason, StatedReason, VisitState
from shared.i18n import gettext
from shared.time import clock, dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import number

router = APIRouter(prefix="/applications/visits", include_in_schema=False)


async def _view(request: DecisionRequest[Any]) -> VisitView:
    async with request.bus.read() as session:
        return await visit_view(session, request.principal, request.id)


async def _ask_move(request: DecisionRequest[MoveForm]) -> Question:
    view = await _view(request)
    view.of.case.acts_as(*MAY_ASK_MOVE)
    planned = _span(view)
    text = _explanation(view)
    if planned:
        text = gettext("The visit is planned from %(dates)s.") % {"dates": planned} + " " + text
    return Question(
        gettext("Request other dates") if planned else gettext("Enter possible visit dates"),
        gettext("Request dates"),
        visit_path(request.id),
        caption=view.of.case.application.reference or "",
        text=text,
        template="visits/move.html",
    )


def _span(view: VisitView) -> str:
    """Return the present dates; empty where there are none."""
    start, end = view.visit.start, view.visit.end
    return dates.span(start, end) if start is not None and end is not None else ""


def _explanation(view: VisitView) -> str:
    """Return what follows from asking."""
    if view.visit.stands is VisitState.UNSCHEDULABLE:
        return gettext(
            "Matching looks for a week in these periods that suits both sides, with no public holiday and a "
            "place left. If it finds a week, the visit gets its dates at once."
        )
    if Party.PROGRAMME in view.of.case.parties:
        return gettext(
            "Matching looks for a possible week in these periods and asks %(both)s. The dates change when both "
            "accept. Until then, the old dates remain."
        ) % {"both": both_parties(view.visit)}
    return gettext(
        "Matching looks for a possible week in these periods and asks both of you. The dates change when both "
        "accept. Until then, the old dates remain."
    )


async def _move(request: DecisionRequest[MoveForm]) -> str:
    form = request.form
    reason = StatedReason(form.reason.data)
    await actions.ask(request.bus, request.principal, request.id, form.wanted(), reason, form.text.data or "")
    return visit_path(request.id) + "?done=move"


def _number(request: DecisionRequest[MoveAnswerForm]) -> int:
    """Return the number of the proposal in the address. Raises `Refused` (404) for what is no number."""
    proposal = number(request.words["proposal"])
    if proposal is None:
        raise not_found()
    return proposal


async def _ask_answer(request: DecisionRequest[MoveAnswerForm]) -> Question | str:
    view = await _view(request)
    view.of.case.acts_as(*BOTH)
    proposal = view.proposal
    if proposal is None or proposal.number != _number(request) or view.move_lapsed:
        return visit_path(request.id)
    return Question(
        gettext("Other dates are proposed"),
        gettext("Send your answer"),
        visit_path(request.id),
        caption=view.of.case.application.reference or "",
        template="visits/move_answer.html",
        more={"rows": _proposal_rows(view, proposal), "both": both_parties(view.visit)},
    )


def _proposal_rows(view: VisitView, proposal: Proposal) -> list[SummaryRow]:
    """Return the proposed dates beside the present ones."""
    due = f"{dates.day(proposal.due)} ({dates.relative(proposal.due, clock.today())})"
    return [
        SummaryRow(gettext("Proposed"), dates.span(proposal.start, proposal.end)),
        SummaryRow(gettext("Current dates"), _span(view)),
        SummaryRow(gettext("Requested by"), move_asked_by(view)),
        SummaryRow(gettext("Reason"), labels.label(Reason(proposal.reason))),
        SummaryRow(gettext("Answer by"), due),
    ]


async def _answer(request: DecisionRequest[MoveAnswerForm]) -> str:
    form = request.form
    reply = Answer(form.answer.data)
    reason = StatedReason(form.reason.data) if reply is Answer.DECLINE else None
    proposal = _number(request)
    await actions.answer(request.bus, request.principal, request.id, proposal, reply, reason, form.text.data or "")
    return visit_path(request.id) + "?done=move_answered"


add_decision(router, ParticipantOrCoordinator, Decision("/{visit_id}/move", MoveForm, _ask_move, _move))
add_decision(router, Participant, Decision("/{visit_id}/moves/{proposal}", MoveAnswerForm, _ask_answer, _answer))
