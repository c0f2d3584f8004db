"""The page of one mentorship: its state, the reader's tasks, and what can be done in it."""

from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from services.applications.display import TaskRow, outcome_row, reason_word, tag
from services.applications.guards import PairOrDecider
from services.applications.matches.views.names import applicant_name, mentor_name
from services.applications.mentorships.actions.meetings import country_of
from services.applications.mentorships.forms import GoalForm, MeetingForm, SessionForm
from services.applications.mentorships.model.pair import BEGUN, ONGOING, OVER, PAIR
from services.applications.mentorships.model.sessions import SessionState
from services.applications.mentorships.model.tasks import PairTask
from services.applications.mentorships.pages.common import load_view, mentorship_path, name_of, router, when
from services.applications.mentorships.pages.list import task_label
from services.applications.mentorships.views.mentorship import GoalView, MentorshipView
from services.applications.mentorships.views.read_models import (
    MentoringSession,
    PairVisitDates,
    session_of,
    visit_dates_of,
)
from services.applications.outcomes.actions import tickets
from services.applications.parameters import BusDep, Portal
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import MentorshipState, Party
from shared.contracts.lifecycle.state_sets import VISIT_GOING
from shared.i18n import gettext, ngettext
from shared.identity import Principal
from shared.time import dates
from shared.web.render import render, see_other
from shared.web.states import Standing, state


@router.get("/{mentorship_id}")
async def show(request: Request, mentorship_id: UUID, principal: PairOrDecider, bus: BusDep) -> Response:
    """Show one mentorship: state, agreement, goals, sessions, visits and the reader's tasks."""
    return await mentorship_page(request, principal, bus, mentorship_id)


async def mentorship_page(
    request: Request,
    principal: Principal,
    bus: Bus,
    mentorship_id: UUID,
    *,
    goal: GoalForm | None = None,
    session_form: SessionForm | None = None,
    meeting_form: MeetingForm | None = None,
    status: int = 200,
) -> Response:
    """Return the page of a mentorship, with the forms for a goal, a session, and the next one."""
    view = await load_view(bus, principal, mentorship_id)
    mentorship, party = view.mentorship, view.party
    active = mentorship.stands is MentorshipState.ACTIVE
    return render(
        request,
        "mentorships/show.html",
        status,
        view=view,
        mentorship=mentorship,
        party=party,
        where=Standing(
            state("mentorship", mentorship.state),
            mentorship.since,
            view.step.due,
            view.step.holder,
            view.step.step,
            reason=reason_word(mentorship.reason) or None,
        ),
        who=applicant_name(view.of),
        topic=labels.topic(mentorship.plan.topic),
        mentor=mentor_name(view.of),
        about=_about(view),
        people=[(labels.label(each), identity) for each, identity in view.of.known.items() if identity.name],
        notes=_notes(view),
        in_force=view.agreement.in_force,
        waits=view.agreement.to_sign,
        signed=_signed(view),
        goals=[_goal(view, goal_view) for goal_view in view.goals],
        sessions=[_session(view, session_of(logged)) for logged in view.sessions],
        counted=_totals_rows(view),
        progress=_progress(view),
        visits=[_visit(visit_dates_of(visit)) for visit in view.visits],
        may_set=party is not None and mentorship.stands in ONGOING,
        may_log=party is not None and active,
        meeting=_meeting(view),
        may_plan=party is not None and active and view.meeting is None,
        clocks_of=labels.country(country_of(mentorship, party)) if party is not None else "",
        may_pause=party is not None and active and not view.pause_arrived,
        may_resume=_may_resume(view),
        may_complete=party is not None and mentorship.stands in BEGUN and view.totals.enough,
        may_end=party is not None and mentorship.stands not in OVER,
        may_visit=party is not None and active and view.request is None and _no_visit(view),
        goal_form=goal or GoalForm(),
        session_form=session_form or SessionForm(data={"minutes": 60}),
        meeting_form=meeting_form or MeetingForm(data={"day": view.next_on, "minutes": 60}),
        tasks=_tasks(view),
        done=request.query_params.get("done"),
    )


def _about(view: MentorshipView) -> str:
    """Return what the mentor wrote about themselves, for a reader who knows the name."""
    identity, mentor = view.of.known.get(Party.MENTOR), view.of.case.mentor
    return mentor.entry.about if mentor is not None and identity is not None and identity.name is not None else ""


def _may_resume(view: MentorshipView) -> bool:
    paused = view.party is not None and view.mentorship.stands is MentorshipState.PAUSED
    return paused and view.mentorship.paused_by != Party.PROGRAMME and not view.resume_arrived


def _no_visit(view: MentorshipView) -> bool:
    return not view.visits or view.visits[0].state not in VISIT_GOING


def _notes(view: MentorshipView) -> list[str]:
    """Return what the reader should know beside the state."""
    found = []
    over = view.mentorship.stands in OVER
    if view.left is not None and not over:
        text = gettext(
            "%(who)s no longer takes part in the programme. The mentorship continues until one of you ends it."
        )
        found.append(text % {"who": name_of(view, view.left)})
    elif view.mentor_takes_nobody and not over:
        found.append(gettext("The mentor takes no new mentees at the moment. This mentorship continues."))
    if view.mentorship.stands is MentorshipState.PAUSED and view.mentorship.paused_by == Party.PROGRAMME:
        found.append(gettext("The programme paused this mentorship. Only the programme can resume it."))
    if view.pause_arrived:
        found.append(gettext("We have received your request for a pause. It will take effect shortly."))
    if view.resume_arrived:
        found.append(gettext("We have received your request to resume. It will take effect shortly."))
    return found


def _signed(view: MentorshipView) -> list[tuple[str, str]]:
    """Return who signed the version that waits, or else the one in force, and when."""
    row = view.agreement.to_sign or view.agreement.in_force
    marks = view.agreement.signed(row.version) if row is not None else {}
    return [
        (
            labels.label(party),
            gettext("signed on %(day)s") % {"day": dates.day(marks[party].at)}
            if party in marks
            else gettext("not signed yet"),
        )
        for party in PAIR
    ]


def _goal(view: MentorshipView, goal_view: GoalView) -> dict[str, Any]:
    goal = goal_view.goal
    return {
        "number": goal.number,
        "text": goal.text,
        "href": mentorship_path(view.mentorship.id, f"goals/{goal.id}"),
        "state": state("goal", goal.state),
        "percent": goal_view.percent,
        "target": goal.target,
        "by": name_of(view, goal.party),
        "notes": len(goal_view.notes),
    }


def _session(view: MentorshipView, session: MentoringSession) -> dict[str, Any]:
    """Return a session, and what the reader can do with it."""
    begun = view.mentorship.stands in BEGUN
    mine = session.by is view.party
    waits = session.state in {SessionState.LOGGED, SessionState.DISPUTED}
    return {
        "id": session.id,
        "version": session.version,
        "day": session.held_on,
        "minutes": ngettext("%(num)d minute", "%(num)d minutes", session.minutes) % {"num": session.minutes},
        "where": gettext("on site") if session.on_site else gettext("remote"),
        "by": name_of(view, session.by),
        "note": session.note,
        "dispute": session.dispute,
        "state": state("session", session.state),
        "href": mentorship_path(view.mentorship.id, f"sessions/{session.id}"),
        "confirm": begun and waits and not mine,
        "dispute_it": begun and session.state is SessionState.LOGGED and not mine,
        "mine": begun and waits and mine,
    }


def _progress(view: MentorshipView) -> list[tuple[str, int, int]]:
    """Return how far the pair is with sessions and goals, each as a sentence, what is reached and what is to be.

    Goals are the pair's own, so others see sessions only.
    """
    totals = view.totals
    required, confirmed = totals.required, min(totals.confirmed, totals.required)
    text = ngettext(
        "%(done)s of %(num)d required session is confirmed.",
        "%(done)s of %(num)d required sessions are confirmed.",
        required,
    )
    found = [(text % {"done": confirmed, "num": required}, confirmed, required)] if required else []
    if view.party is not None and view.goals:
        number, met = len(view.goals), sum(goal_view.goal.state == "met" for goal_view in view.goals)
        text = ngettext("%(done)s of %(num)d goal is met.", "%(done)s of %(num)d goals are met.", number)
        found.append((text % {"done": met, "num": number}, met, number))
    return found


def _totals_rows(view: MentorshipView) -> list[dict[str, Any]]:
    """Return the totals of the sessions, and what is still needed."""
    totals = view.totals
    rows: list[dict[str, Any]] = [
        {
            "key": gettext("Confirmed"),
            "value": ngettext("%(num)d session", "%(num)d sessions", totals.confirmed) % {"num": totals.confirmed}
            + ", "
            + gettext("%(hours)s h in total") % {"hours": totals.hours},
        }
    ]
    if totals.waiting and view.party is not None:
        rows.append({"key": gettext("Not confirmed yet"), "value": totals.waiting})
    if view.mentorship.stands not in OVER:
        needed = gettext("Enough sessions are confirmed.")
        if not totals.enough:
            needed = ngettext(
                "%(num)d more confirmed session is needed to complete the mentorship.",
                "%(num)d more confirmed sessions are needed to complete the mentorship.",
                totals.needed,
            ) % {"num": totals.needed}
        rows.append({"key": gettext("Needed for completion"), "value": needed})
    if view.next_on is not None and view.meeting is None:
        rows.append({"key": gettext("Next session"), "value": dates.day(view.next_on)})
    return rows


def _meeting(view: MentorshipView) -> dict[str, Any] | None:
    """Return the planned session, for the pair."""
    meeting = view.meeting
    if meeting is None:
        return None
    return {
        "when": when(view, meeting.begins_at),
        "minutes": ngettext("%(num)d minute", "%(num)d minutes", meeting.minutes) % {"num": meeting.minutes},
        "where": gettext("on site") if meeting.on_site else gettext("remote"),
        "by": name_of(view, meeting.party),
        "href": mentorship_path(view.mentorship.id, f"meetings/{meeting.id}"),
    }


def _visit(visit: PairVisitDates) -> dict[str, Any]:
    when = gettext("No dates yet")
    if visit.start is not None and visit.end is not None:
        when = dates.span(visit.start, visit.end)
    return {
        "text": when,
        "href": f"/applications/visits/{visit.id}",
        "tag": tag("visit", visit.state),
        "host": labels.country(visit.host_country),
    }


_TASK_PAGES = {
    PairTask.SIGN: "agreement",
    PairTask.CONFIRM: "#sessions",
    PairTask.CORRECT: "#sessions",
    PairTask.LOG: "#sessions",
    PairTask.ANSWER_VISIT: "visit",
}


def _tasks(view: MentorshipView) -> list[TaskRow]:
    """Return the reader's tasks here, and reporting's forms."""
    found = [
        TaskRow(
            task_label(task.what.label, task.count),
            _TASK_PAGES[task.what]
            if _TASK_PAGES[task.what].startswith("#")
            else mentorship_path(view.mentorship.id, _TASK_PAGES[task.what]),
            state=state("outcome", "due"),
        )
        for task in view.pending
        if task.what in _TASK_PAGES
    ]
    names = {
        "evaluation": gettext("Evaluate the mentorship"),
        "follow_up": gettext("Complete the follow-up"),
        "cascade": gettext("Report your training sessions at home"),
    }
    return found + [
        outcome_row(
            task,
            mentorship_path(view.mentorship.id),
            names[task.purpose] if task.party in PAIR else gettext("Report the results at home"),
        )
        for task in view.tasks
    ]


@router.get("/{mentorship_id}/forms/{purpose}")
async def open_form(
    mentorship_id: UUID, purpose: str, principal: PairOrDecider, bus: BusDep, settings: Portal
) -> Response:
    """Redirect to reporting's form, with a ticket that says in which role the reader answers."""
    return see_other((await tickets.for_mentorship(bus, settings, principal, mentorship_id, purpose)).link)


@router.get("/{mentorship_id}/closed-forms/{purpose}/{party}")
async def why(
    mentorship_id: UUID, purpose: str, party: str, principal: PairOrDecider, bus: BusDep, settings: Portal
) -> Response:
    """Redirect to the closed form for this party, which explains why answers are no longer accepted."""
    return see_other((await tickets.for_mentorship(bus, settings, principal, mentorship_id, purpose, party)).link)
