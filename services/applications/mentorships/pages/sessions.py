"""The pages of a pair's sessions: log, correct, confirm, dispute, withdraw.

A session's page and that of its mentorship hold several forms, so they are answered here and not by a `Decision`.
"""

from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from services.applications.forms import submit_form, submit_or_compare
from services.applications.guards import Pair
from services.applications.mentorships.actions import sessions as actions
from services.applications.mentorships.forms import DisputeForm, SessionForm
from services.applications.mentorships.model.pair import BEGUN
from services.applications.mentorships.model.sessions import SessionState
from services.applications.mentorships.pages.common import load_own_view, mentorship_path, name_of, router
from services.applications.mentorships.pages.mentorship import mentorship_page
from services.applications.mentorships.views.mentorship import MentorshipView
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.identity import Principal
from shared.web.forms import Form
from shared.web.render import render, see_other
from shared.web.states import state


@router.post("/{mentorship_id}/sessions")
async def log(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Log a session."""
    form = await SessionForm.read(request)
    status = await submit_form(
        form,
        lambda: actions.log(bus, principal, mentorship_id, form.report(), another=bool(form.another.data)),
        "held_on",
    )
    if status:
        return await mentorship_page(request, principal, bus, mentorship_id, session_form=form, status=status)
    return see_other(mentorship_path(mentorship_id) + "?done=session#sessions")


@router.get("/{mentorship_id}/sessions/{session_id}")
async def show_session(
    request: Request, mentorship_id: UUID, session_id: UUID, principal: Pair, bus: BusDep
) -> Response:
    """Show one session: what was logged, and what the reader can do with it."""
    return await _page(request, principal, bus, mentorship_id, session_id)


async def _page(
    request: Request,
    principal: Principal,
    bus: Bus,
    mentorship_id: UUID,
    session_id: UUID,
    *,
    form: SessionForm | None = None,
    dispute: DisputeForm | None = None,
    status: int = 200,
) -> Response:
    view = await load_own_view(bus, principal, mentorship_id)
    logged = next((session for session in view.sessions if session.id == session_id), None)
    if logged is None:
        raise not_found()
    waits = logged.state in {SessionState.LOGGED, SessionState.DISPUTED} and view.mentorship.stands in BEGUN
    mine = logged.party == view.party
    return render(
        request,
        "mentorships/session.html",
        status,
        view=view,
        logged=logged,
        reference=view.of.case.application.reference,
        state=state("session", logged.state),
        by=name_of(view, logged.party),
        may_correct=waits and mine,
        may_confirm=waits and not mine,
        may_dispute=waits and not mine and logged.state is SessionState.LOGGED,
        form_=form or _saved(view, session_id),
        dispute_form=dispute or DisputeForm(),
        here=mentorship_path(mentorship_id, f"sessions/{session_id}"),
        back_href=mentorship_path(mentorship_id),
    )


def _saved(view: MentorshipView, session_id: UUID) -> SessionForm:
    """Return the form with what is saved."""
    logged = next(session for session in view.sessions if session.id == session_id)
    names = ("held_on", "minutes", "on_site", "note", "next_on")
    return SessionForm(data={name: getattr(logged, name) for name in names})


@router.post("/{mentorship_id}/sessions/{session_id}")
async def correct(request: Request, mentorship_id: UUID, session_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Correct one's own session before it is confirmed."""
    form = await SessionForm.read(request)

    async def saved() -> Form:
        return _saved(await load_own_view(bus, principal, mentorship_id), session_id)

    status = await submit_or_compare(
        request,
        form,
        lambda: actions.correct(bus, principal, mentorship_id, session_id, form.report()),
        "held_on",
        saved=saved,
    )
    if status:
        return await _page(request, principal, bus, mentorship_id, session_id, form=form, status=status)
    return see_other(mentorship_path(mentorship_id) + "?done=corrected#sessions")


@router.post("/{mentorship_id}/sessions/{session_id}/confirm")
async def confirm(mentorship_id: UUID, session_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Confirm a session that the other side logged."""
    await actions.confirm(bus, principal, mentorship_id, session_id)
    return see_other(mentorship_path(mentorship_id) + "?done=confirmed#sessions")


@router.post("/{mentorship_id}/sessions/{session_id}/dispute")
async def dispute(request: Request, mentorship_id: UUID, session_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Dispute a session that the other side logged."""
    form = await DisputeForm.read(request)
    status = await submit_or_compare(
        request,
        form,
        lambda: actions.dispute(bus, principal, mentorship_id, session_id, form.text.data or ""),
        "text",
    )
    if status:
        return await _page(request, principal, bus, mentorship_id, session_id, dispute=form, status=status)
    return see_other(mentorship_path(mentorship_id) + "?done=disputed#sessions")


@router.post("/{mentorship_id}/sessions/{session_id}/withdraw")
async def withdraw(mentorship_id: UUID, session_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Withdraw one's own session."""
    await actions.withdraw(bus, principal, mentorship_id, session_id)
    return see_other(mentorship_path(mentorship_id) + "?done=withdrawn#sessions")
