"""The pages to pause, resume, complete or end a mentorship."""

from typing import Any
from uuid import UUID

from fastapi.responses import Response

from services.applications.forms import ReasonForm
from services.applications.guards import Pair
from services.applications.mentorships.actions import course as actions
from services.applications.mentorships.forms import CompleteForm, PauseForm
from services.applications.mentorships.model.pair import BEGUN, OVER
from services.applications.mentorships.pages.common import load_own_view, mentorship_path, router
from services.applications.mentorships.views.mentorship import MentorshipView
from services.applications.parameters import BusDep
from shared.contracts.codes import MentorshipState, StatedReason
from shared.i18n import gettext, ngettext
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.render import see_other


async def _view(request: DecisionRequest[Any]) -> MentorshipView:
    return await load_own_view(request.bus, request.principal, request.id)


def _question(view: MentorshipView, title: str, button: str, text: str, *, warning: bool = True) -> Question:
    return Question(
        title,
        button,
        mentorship_path(view.mentorship.id),
        caption=view.of.case.application.reference or "",
        text=text,
        warning=warning,
    )


async def _ask_pause(request: DecisionRequest[PauseForm]) -> Question | str:
    view = await _view(request)
    if view.mentorship.stands is not MentorshipState.ACTIVE:
        return mentorship_path(request.id)
    text = gettext(
        "During a pause, you cannot log sessions or change goals. A visit with dates still takes place. Either "
        "of you can resume the mentorship. Both of you get an email."
    )
    return _question(view, gettext("Pause the mentorship"), gettext("Pause mentorship"), text, warning=False)


async def _pause(request: DecisionRequest[PauseForm]) -> str:
    form = request.form
    await actions.pause(
        request.bus, request.principal, request.id, StatedReason(form.reason.data), form.text.data or ""
    )
    return mentorship_path(request.id) + "?done=pause"


@router.post("/{mentorship_id}/resume")
async def resume(mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Ask to resume."""
    await actions.resume(bus, principal, mentorship_id)
    return see_other(mentorship_path(mentorship_id) + "?done=resume")


async def _ask_complete(request: DecisionRequest[CompleteForm]) -> Question | str:
    view = await _view(request)
    if view.mentorship.stands not in BEGUN or not view.totals.enough:
        return mentorship_path(request.id)
    open_goals = sum(goal_view.goal.met is None for goal_view in view.goals)
    text = gettext("It counts as completed. Both of you get an email, and we ask you to evaluate it.")
    if open_goals:
        text += " " + ngettext(
            "%(num)d goal is still open and stays as it is.",
            "%(num)d goals are still open and stay as they are.",
            open_goals,
        ) % {"num": open_goals}
    title, button = gettext("Complete the mentorship?"), gettext("Yes, complete it")
    return _question(view, title, button, text + _visit_to_come(view), warning=False)


def _visit_to_come(view: MentorshipView) -> str:
    to_come = bool(view.visits) and view.visits[0].state == "scheduled"
    return " " + gettext("Your upcoming visit is cancelled.") if to_come else ""


async def _complete(request: DecisionRequest[CompleteForm]) -> str:
    await actions.end(request.bus, request.principal, request.id)
    return mentorship_path(request.id) + "?done=end"


async def _ask_end(request: DecisionRequest[ReasonForm]) -> Question | str:
    view = await _view(request)
    if view.mentorship.stands in OVER:
        return mentorship_path(request.id)
    text = gettext(
        "It ends at once and does not count as completed. Both of you get an email with the reason, and we ask "
        "you to evaluate it. The mentor's place becomes free again."
    )
    if view.totals.enough and view.mentorship.stands in BEGUN:
        text += " " + gettext("You have enough confirmed sessions, so you can complete it instead.")
    title = gettext("End the mentorship early")
    return _question(view, title, gettext("End mentorship early"), text + _visit_to_come(view))


async def _end(request: DecisionRequest[ReasonForm]) -> str:
    form = request.form
    await actions.end(request.bus, request.principal, request.id, StatedReason(form.reason.data), form.text.data or "")
    return mentorship_path(request.id) + "?done=end"


add_decision(router, Pair, Decision("/{mentorship_id}/pause", PauseForm, _ask_pause, _pause))
add_decision(router, Pair, Decision("/{mentorship_id}/complete", CompleteForm, _ask_complete, _complete))
add_decision(router, Pair, Decision("/{mentorship_id}/end", ReasonForm, _ask_end, _end))
