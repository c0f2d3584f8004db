"""The pages of a pair's goals: set, note, close, resume.

A goal's page and that of its mentorship hold several forms, so they are answered here and not by a `Decision`.
"""

from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from services.applications.forms import refuse, submit_form
from services.applications.guards import Pair
from services.applications.mentorships.actions import goals as actions
from services.applications.mentorships.forms import GiveUpForm, GoalForm, NoteForm
from services.applications.mentorships.model.pair import ONGOING
from services.applications.mentorships.pages.common import load_own_view, mentorship_path, name_of, router
from services.applications.mentorships.pages.mentorship import mentorship_page
from services.applications.mentorships.views.mentorship import GoalView, MentorshipView
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts.codes import MentorshipState
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.web.form_versions import show_both
from shared.web.render import render, see_other
from shared.web.states import state


@router.post("/{mentorship_id}/goals")
async def set_goal(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Set a goal."""
    form = await GoalForm.read(request)
    status = await submit_form(
        form,
        lambda: actions.set_goal(bus, principal, mentorship_id, form.text.data or "", form.target.data),
        "text",
    )
    if status:
        return await mentorship_page(request, principal, bus, mentorship_id, goal=form, status=status)
    return see_other(mentorship_path(mentorship_id) + "?done=goal#goals")


@router.get("/{mentorship_id}/goals/{goal_id}")
async def show_goal(request: Request, mentorship_id: UUID, goal_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Show one goal: its notes, its progress, and what can be done with it."""
    return await _page(request, principal, bus, mentorship_id, goal_id)


async def _page(
    request: Request,
    principal: Principal,
    bus: Bus,
    mentorship_id: UUID,
    goal_id: UUID,
    *,
    note: NoteForm | None = None,
    give_up: GiveUpForm | None = None,
    status: int = 200,
) -> Response:
    view = await load_own_view(bus, principal, mentorship_id)
    goal_view = next((goal_view for goal_view in view.goals if goal_view.goal.id == goal_id), None)
    if goal_view is None:
        raise not_found()
    goal, active = goal_view.goal, view.mentorship.stands is MentorshipState.ACTIVE
    return render(
        request,
        "mentorships/goal.html",
        status,
        view=view,
        goal=goal,
        reference=view.of.case.application.reference,
        state=state("goal", goal.state),
        percent=goal_view.percent,
        by=name_of(view, goal.party),
        closed_by=name_of(view, goal.closed_by) if goal.closed_by else "",
        timeline=_timeline(view, goal_view),
        before=goal_view.before,
        after=goal_view.after,
        here=mentorship_path(mentorship_id, "goals"),
        may_note=active and goal.met is None,
        may_close=active and goal.met is None,
        may_take_up=goal.met is not None and goal_view.after is None and view.mentorship.stands in ONGOING,
        note_form=note or NoteForm(),
        give_up_form=give_up or GiveUpForm(),
        back_href=mentorship_path(mentorship_id),
        done=request.query_params.get("done"),
    )


def _timeline(view: MentorshipView, goal_view: GoalView) -> list[dict[str, Any]]:
    """Return the notes, the newest first, between the end and the beginning of the goal."""
    goal = goal_view.goal
    found = [
        {
            "title": gettext("%(percent)s\u00a0%% reached") % {"percent": note.percent}
            if note.percent is not None
            else gettext("Note"),
            "when": note.at,
            "by": name_of(view, note.party),
            "text": note.text,
        }
        for note in goal_view.notes
    ]
    if goal.closed_at is not None:
        ended = {
            "title": state("goal", goal.state).word,
            "when": goal.closed_at,
            "by": name_of(view, goal.closed_by) if goal.closed_by else None,
            "text": goal.reason or None,
        }
        found.insert(0, ended)
    return [*found, {"title": gettext("Goal set"), "when": goal.at, "by": name_of(view, goal.party)}]


@router.post("/{mentorship_id}/goals/{goal_id}/notes")
async def note(request: Request, mentorship_id: UUID, goal_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Note progress towards a goal."""
    form = await NoteForm.read(request)
    status = await submit_form(
        form,
        lambda: actions.note(bus, principal, mentorship_id, goal_id, form.note.data or "", form.percent.data),
        "note",
    )
    if status:
        return await _page(request, principal, bus, mentorship_id, goal_id, note=form, status=status)
    return see_other(mentorship_path(mentorship_id, f"goals/{goal_id}") + "?done=noted")


@router.post("/{mentorship_id}/goals/{goal_id}/close")
async def close_goal(request: Request, mentorship_id: UUID, goal_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Close a goal: reached, or given up with a reason."""
    met = (await request.form()).get("met") == "yes"
    form = await GiveUpForm.read(request)
    if not met and not form.validate():
        return await _page(request, principal, bus, mentorship_id, goal_id, give_up=form, status=422)
    try:
        await actions.close(bus, principal, mentorship_id, goal_id, met=met, reason=form.reason.data or "")
    except Outdated as outdated:
        show_both(request, outdated, form, None)
        return await _page(request, principal, bus, mentorship_id, goal_id, give_up=form, status=outdated.status_code)
    except Refused as refused:
        refuse(form, refused, "reason")
        return await _page(request, principal, bus, mentorship_id, goal_id, give_up=form, status=refused.status_code)
    return see_other(mentorship_path(mentorship_id, f"goals/{goal_id}") + "?done=closed")


@router.post("/{mentorship_id}/goals/{goal_id}/take-up")
async def take_up(mentorship_id: UUID, goal_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Resume a closed goal as a new one."""
    goal = await actions.take_up(bus, principal, mentorship_id, goal_id)
    return see_other(mentorship_path(mentorship_id, f"goals/{goal.id}") + "?done=taken_up")
