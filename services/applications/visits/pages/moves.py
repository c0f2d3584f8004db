"""The pages to ask for other dates of a visit, and to answer those that are proposed."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.forms import refuse
from services.applications.guards import Participant, ParticipantOrCoordinator
from services.applications.overview.views.participation import VisitView, visit_view
from services.applications.parameters import BusDep
from services.applications.visits.actions import moves as actions
from services.applications.visits.forms import MoveAnswerForm, MoveForm
from services.applications.visits.model import BOTH, MAY_ASK_MOVE
from services.applications.visits.views.names import both_parties, move_asked_by, visit_path
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import Answer, Party, Reason, StatedReason, VisitState
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/visits", include_in_schema=False)


@router.get("/{visit_id}/move")
async def ask_move(request: Request, visit_id: UUID, principal: ParticipantOrCoordinator, bus: BusDep) -> Response:
    """Ask when the visit could take place instead, and why."""
    return await _ask_page(request, principal, bus, visit_id, MoveForm())


async def _ask_page(
    request: Request, principal: Principal, bus: Bus, visit_id: UUID, form: MoveForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        view = await visit_view(session, principal, visit_id)
    view.of.case.acts_as(*MAY_ASK_MOVE)
    return render(request, "visits/move.html", status, form_=form, view=view, visit=view.visit, text=_explanation(view))


def _explanation(view: VisitView) -> str:
    """Return what follows from asking."""
    if view.visit.stands is VisitState.UNSCHEDULABLE:
        return gettext(
            "Matching looks for a week in these periods that both sides can, on no public holiday, with a place left. "
            "If it finds one, the visit has its dates at once."
        )
    if Party.PROGRAMME in view.of.case.parties:
        return gettext(
            "Matching looks for a lawful week in these periods and asks %(both)s. "
            "The visit moves when both accept; until then the old dates stand."
        ) % {"both": both_parties(view.visit)}
    return gettext(
        "Matching looks for a lawful week in these periods and asks both of you. "
        "The visit moves when both accept; until then the old dates stand."
    )


@router.post("/{visit_id}/move")
async def move(request: Request, visit_id: UUID, principal: ParticipantOrCoordinator, bus: BusDep) -> Response:
    """Ask for other dates."""
    form = await MoveForm.read(request)
    if await form.rows_changed(request) or not form.validate():
        return await _ask_page(request, principal, bus, visit_id, form, 422)
    try:
        await actions.ask(bus, principal, visit_id, form.wanted(), StatedReason(form.reason.data), form.text.data or "")
    except Refused as refused:
        refuse(form, refused)
        return await _ask_page(request, principal, bus, visit_id, form, refused.status_code)
    return see_other(visit_path(visit_id) + "?done=move")


@router.get("/{visit_id}/moves/{proposal}")
async def ask_answer(request: Request, visit_id: UUID, proposal: int, principal: Participant, bus: BusDep) -> Response:
    """Show the proposed dates beside the present ones."""
    return await _answer_page(request, principal, bus, visit_id, proposal, MoveAnswerForm())


async def _answer_page(
    request: Request,
    principal: Principal,
    bus: Bus,
    visit_id: UUID,
    number: int,
    form: MoveAnswerForm,
    status: int = 200,
) -> Response:
    async with bus.read() as session:
        view = await visit_view(session, principal, visit_id)
    view.of.case.acts_as(*BOTH)
    if view.proposal is None or view.proposal.number != number:
        return see_other(visit_path(visit_id))
    return render(
        request,
        "visits/move_answer.html",
        status,
        form_=form,
        view=view,
        visit=view.visit,
        proposal=view.proposal,
        by=move_asked_by(view),
        both=both_parties(view.visit),
        reason=labels.label(Reason(view.proposal.reason)),
    )


@router.post("/{visit_id}/moves/{proposal}")
async def answer(request: Request, visit_id: UUID, proposal: int, principal: Participant, bus: BusDep) -> Response:
    """Accept or refuse the proposed dates."""
    form = await MoveAnswerForm.read(request)
    declines = form.answer.data == Answer.DECLINE
    valid = form.validate()
    if declines and not form.reason.data:
        form.refuse("reason", gettext("Choose why you refuse the new dates"))
        valid = False
    if not valid:
        return await _answer_page(request, principal, bus, visit_id, proposal, form, 422)
    reason = StatedReason(form.reason.data) if declines else None
    await actions.answer(bus, principal, visit_id, proposal, Answer(form.answer.data), reason, form.text.data or "")
    return see_other(visit_path(visit_id) + "?done=move_answered")
