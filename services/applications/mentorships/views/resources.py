"""Represent a mentorship, its agreement, goals, sessions and proposed visits in the JSON API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.overview.views import resources

if TYPE_CHECKING:
    from services.applications.mentorships.store.agreements import Agreement
    from services.applications.mentorships.store.goals import Goal, GoalNote
    from services.applications.mentorships.store.meetings import Meeting
    from services.applications.mentorships.store.sessions import PairSession
    from services.applications.mentorships.store.visits import PairVisit
    from services.applications.mentorships.views.mentorship import GoalView, MentorshipRow, MentorshipView
    from services.applications.overview.views.resources import Shown


def mentorship(view: MentorshipView) -> Shown:
    """Return a mentorship; the agreement's text, goals, sessions and proposals for the pair only."""
    found, holds = view.mentorship, view.agreement.in_force
    newest = view.agreement.to_sign or holds or view.agreement.rows[-1]
    return {
        "id": found.id,
        "match_id": found.match_id,
        "application_id": found.application_id,
        "mentor_id": found.mentor_id,
        "state": found.state,
        "since": found.since,
        "due": found.due,
        "started_on": found.started_on,
        "until": view.until,
        "ended_on": found.ended_on,
        "reason": found.reason,
        "as": view.party,
        "left": view.left,
        "asked": [{"what": task.what, "count": task.count} for task in view.pending],
        "agreement": {
            "text": newest.text if view.party is not None else None,
            "signed": sorted(view.agreement.signed(newest.version)),
            "newest": view.agreement.newest,
            "in_force": holds.version if holds is not None else None,
            "to_sign": view.agreement.to_sign.version if view.agreement.to_sign is not None else None,
            "versions": [version(view, row) for row in view.agreement.rows],
        },
        "goals": [goal_view(shown_goal) for shown_goal in view.goals],
        "sessions": [session(logged) for logged in view.sessions],
        "confirmed_sessions": view.totals.confirmed,
        "confirmed_minutes": view.totals.minutes,
        "sessions_needed": view.totals.needed,
        "meet_next": view.next_on,
        "planned_session": meeting(view.meeting) if view.meeting is not None else None,
        "proposed_visits": [pair_visit(request) for request in view.requests],
        "visits": [
            {"id": visit.id, "state": visit.state, "start": visit.start, "end": visit.end, "guest": visit.guest}
            for visit in view.visits
        ],
        "tasks": [resources.task(task) for task in view.tasks],
        "match": resources.match(view.of),
    }


def row(row: MentorshipRow) -> Shown:
    """Return a mentorship in a list."""
    return {
        "id": row.mentorship.id,
        "reference": row.of.case.application.reference,
        "state": row.mentorship.state,
        "since": row.mentorship.since,
        "country": row.mentorship.country,
        "mentor_country": row.mentorship.mentor_country,
        "as": row.party,
        "asked": [{"what": task.what, "count": task.count} for task in row.pending],
        "results_asked": row.results,
        "confirmed_sessions": row.totals.confirmed,
        "meet_next": row.next_on,
    }


def version(view: MentorshipView, rule_row: Agreement) -> Shown:
    """Return a version of the agreement; its text for the pair only."""
    signed = view.agreement.signed(rule_row.version)
    own = view.party is not None
    return {
        "version": rule_row.version,
        "state": view.agreement.states[rule_row.version],
        "by": rule_row.party,
        "at": rule_row.at,
        "due": rule_row.due,
        "document": rule_row.document,
        "signed": {party.value: mark.at for party, mark in signed.items()},
        "terms": rule_row.terms.model_dump(mode="json") if own else None,
        "text": rule_row.text if own else None,
    }


def goal(goal: Goal) -> Shown:
    """Return a goal of a mentorship."""
    return {
        "id": goal.id,
        "number": goal.number,
        "text": goal.text,
        "target": goal.target,
        "by": goal.party,
        "met": goal.met,
        "closed_at": goal.closed_at,
        "closed_by": goal.closed_by,
        "reason": goal.reason,
        "follows": goal.follows,
    }


def goal_view(view: GoalView) -> Shown:
    """Return a goal with its progress."""
    return goal(view.goal) | {"percent": view.percent, "notes": [note(row) for row in view.notes]}


def note(note: GoalNote) -> Shown:
    """Return a note about a goal."""
    return {"id": note.id, "by": note.party, "percent": note.percent, "text": note.text, "at": note.at}


def session(session: PairSession) -> Shown:
    """Return a session of a mentorship."""
    return {
        "id": session.id,
        "state": session.state,
        "version": session.version,
        "held_on": session.held_on,
        "minutes": session.minutes,
        "on_site": session.on_site,
        "next_on": session.next_on,
        "by": session.party,
        "note": session.note,
        "dispute": session.dispute,
        "confirmed_at": session.confirmed_at,
    }


def meeting(meeting: Meeting) -> Shown:
    """Return a planned session."""
    return {
        "id": meeting.id,
        "version": meeting.version,
        "begins_at": meeting.begins_at,
        "minutes": meeting.minutes,
        "on_site": meeting.on_site,
        "by": meeting.party,
        "cancelled_at": meeting.cancelled_at,
    }


def pair_visit(request: PairVisit) -> Shown:
    """Return a visit that one of the two proposed."""
    return {
        "id": request.id,
        "by": request.party,
        "guest": request.guest,
        "days": request.days,
        "periods": [period.model_dump(mode="json") for period in request.periods],
        "note": request.note,
        "state": request.state,
        "answer": request.answer,
        "at": request.at,
    }
