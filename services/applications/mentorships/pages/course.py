"""The pages to pause, resume, complete or end a mentorship."""

from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from services.applications.forms import ReasonForm, submit_form
from services.applications.guards import Pair
from services.applications.mentorships.actions import course as actions
from services.applications.mentorships.forms import PauseForm
from services.applications.mentorships.model.pair import BEGUN, OVER
from services.applications.mentorships.pages.common import load_own_view, mentorship_path, router
from services.applications.mentorships.views.mentorship import MentorshipView
from services.applications.parameters import BusDep
from shared.contracts.codes import MentorshipState, StatedReason
from shared.i18n import gettext, ngettext
from shared.web.forms import Form
from shared.web.render import render, see_other


@router.get("/{mentorship_id}/pause")
async def ask_pause(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Ask for the reason of a pause, and say what follows."""
    view = await load_own_view(bus, principal, mentorship_id)
    if view.mentorship.stands is not MentorshipState.ACTIVE:
        return see_other(mentorship_path(mentorship_id))
    return _pause_page(request, view, PauseForm())


def _pause_page(request: Request, view: MentorshipView, form: Form, status: int = 200) -> Response:
    text = gettext(
        "No sessions are logged and no goals are changed while it rests; a visit that has its dates stands. Either of"
        " you resumes it. Both of you get a mail."
    )
    return _reason_page(request, view, form, gettext("Pause the mentorship"), text, gettext("Ask for a pause"), status)


def _reason_page(
    request: Request, view: MentorshipView, form: Form, title: str, text: str, button: str, status: int
) -> Response:
    return render(
        request,
        "matches/reason.html",
        status,
        form_=form,
        caption=view.of.case.application.reference,
        title=title,
        text=text,
        back_href=mentorship_path(view.mentorship.id),
        button=button,
    )


@router.post("/{mentorship_id}/pause")
async def pause(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Ask for a pause."""
    form = await PauseForm.read(request)
    status = await submit_form(
        form,
        lambda: actions.pause(bus, principal, mentorship_id, StatedReason(form.reason.data), form.text.data or ""),
    )
    if status:
        return _pause_page(request, await load_own_view(bus, principal, mentorship_id), form, status)
    return see_other(mentorship_path(mentorship_id) + "?done=pause")


@router.post("/{mentorship_id}/resume")
async def resume(mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Ask to resume."""
    await actions.resume(bus, principal, mentorship_id)
    return see_other(mentorship_path(mentorship_id) + "?done=resume")


@router.get("/{mentorship_id}/complete")
async def ask_complete(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Ask for confirmation before it is completed."""
    view = await load_own_view(bus, principal, mentorship_id)
    if view.mentorship.stands not in BEGUN or not view.totals.enough:
        return see_other(mentorship_path(mentorship_id))
    open_goals = sum(goal_view.goal.met is None for goal_view in view.goals)
    text = gettext("It counts as completed. Both of you get a mail, and are asked to evaluate it.")
    if open_goals:
        text += " " + ngettext(
            "%(num)d goal is still open; it stays as it is.",
            "%(num)d goals are still open; they stay as they are.",
            open_goals,
        ) % {"num": open_goals}
    return render(
        request,
        "mentorships/complete.html",
        question=gettext("Complete the mentorship?"),
        text=text + _visit_to_come(view),
        action=mentorship_path(mentorship_id, "complete"),
        back_href=mentorship_path(mentorship_id),
    )


def _visit_to_come(view: MentorshipView) -> str:
    to_come = bool(view.visits) and view.visits[0].state == "scheduled"
    return " " + gettext("Your visit, which is still to come, is cancelled.") if to_come else ""


@router.post("/{mentorship_id}/complete")
async def complete(mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Ask to complete it."""
    await actions.end(bus, principal, mentorship_id)
    return see_other(mentorship_path(mentorship_id) + "?done=end")


@router.get("/{mentorship_id}/end")
async def ask_end(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Ask for the reason of an early end, and say what follows."""
    view = await load_own_view(bus, principal, mentorship_id)
    if view.mentorship.stands in OVER:
        return see_other(mentorship_path(mentorship_id))
    return _end_page(request, view, ReasonForm())


def _end_page(request: Request, view: MentorshipView, form: ReasonForm, status: int = 200) -> Response:
    text = gettext(
        "It ends at once and does not count as completed. Both of you get a mail with the reason, and are asked to"
        " evaluate it; the mentor has the place free again."
    )
    if view.totals.enough and view.mentorship.stands in BEGUN:
        text += " " + gettext("You have enough confirmed sessions: you can complete it instead.")
    return _reason_page(
        request,
        view,
        form,
        gettext("End the mentorship early"),
        text + _visit_to_come(view),
        gettext("End it early"),
        status,
    )


@router.post("/{mentorship_id}/end")
async def end(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Ask to end it early."""
    form = await ReasonForm.read(request)
    if not form.validate():
        return _end_page(request, await load_own_view(bus, principal, mentorship_id), form, 422)
    await actions.end(bus, principal, mentorship_id, StatedReason(form.reason.data), form.text.data or "")
    return see_other(mentorship_path(mentorship_id) + "?done=end")
