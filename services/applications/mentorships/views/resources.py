"""How do a mentorship, its agreement, goals, sessions and proposed visits stand in the JSON API's answers?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.overview.views import resources

if TYPE_CHECKING:
    from services.applications.mentorships.store.agreements import Agreement
    from services.applications.mentorships.store.goals import Goal, GoalNote
    from services.applications.mentorships.store.meetings import Meeting
    from services.applications.mentorships.store.sessions import Session
    from services.applications.mentorships.store.visits import PairVisit
    from services.applications.mentorships.views.mentorship import GoalView, MentorshipRow, MentorshipView
    from services.applications.overview.views.resources import Shown


def mentorship(view: MentorshipView) -> Shown:
    """Return a mentorship; the agreement's words, goals, sessions and proposals for the pair only."""
    one, holds = view.mentorship, view.agreement.in_force
    newest = view.agreement.to_sign or holds or view.agreement.rows[-1]
    return {
        "id": one.id,
        "match_id": one.match_id,
        "application_id": one.application_id,
        "mentor_id": one.mentor_id,
        "state": one.state,
        "since": one.since,
        "due": one.due,
        "started_on": one.started_on,
        "until": view.until,
        "ended_on": one.ended_on,
        "reason": one.reason,
        "as": view.party,
        "left": view.left,
        "asked": [{"what": task.what, "count": task.count} for task in view.asked],
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


def row(one: MentorshipRow) -> Shown:
    """Return a mentorship in a list."""
    return {
        "id": one.mentorship.id,
        "reference": one.of.case.application.reference,
        "state": one.mentorship.state,
        "since": one.mentorship.since,
        "country": one.mentorship.country,
        "mentor_country": one.mentorship.mentor_country,
        "as": one.party,
        "asked": [{"what": task.what, "count": task.count} for task in one.asked],
        "results_asked": one.results,
        "confirmed_sessions": one.totals.confirmed,
        "meet_next": one.next_on,
    }


def version(view: MentorshipView, rule_row: Agreement) -> Shown:
    """Return a version of the agreement: its words for the pair only."""
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


def goal(one: Goal) -> Shown:
    """Return a goal of a mentorship."""
    return {
        "id": one.id,
        "number": one.number,
        "text": one.text,
        "target": one.target,
        "by": one.party,
        "met": one.met,
        "closed_at": one.closed_at,
        "closed_by": one.closed_by,
        "reason": one.reason,
        "follows": one.follows,
    }


def goal_view(one: GoalView) -> Shown:
    """Return a goal with how far it is."""
    return goal(one.goal) | {"percent": one.percent, "notes": [note(row) for row in one.notes]}


def note(one: GoalNote) -> Shown:
    """Return a note about a goal."""
    return {"id": one.id, "by": one.party, "percent": one.percent, "text": one.text, "at": one.at}


def session(one: Session) -> Shown:
    """Return a session of a mentorship."""
    return {
        "id": one.id,
        "state": one.state,
        "version": one.version,
        "held_on": one.held_on,
        "minutes": one.minutes,
        "on_site": one.on_site,
        "next_on": one.next_on,
        "by": one.party,
        "note": one.note,
        "dispute": one.dispute,
        "confirmed_at": one.confirmed_at,
    }


def meeting(one: Meeting) -> Shown:
    """Return a session that is planned."""
    return {
        "id": one.id,
        "version": one.version,
        "begins_at": one.begins_at,
        "minutes": one.minutes,
        "on_site": one.on_site,
        "by": one.party,
        "cancelled_at": one.cancelled_at,
    }


def pair_visit(one: PairVisit) -> Shown:
    """Return a visit that one of the two proposed."""
    return {
        "id": one.id,
        "by": one.party,
        "guest": one.guest,
        "days": one.days,
        "periods": [period.model_dump(mode="json") for period in one.periods],
        "note": one.note,
        "state": one.state,
        "answer": one.answer,
        "at": one.at,
    }
