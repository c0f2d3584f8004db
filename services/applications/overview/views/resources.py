"""A placement, a mentor, a match and a visit as the API answers them, with the same facts as the pages."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.applications.mentors.store import Mentor
    from services.applications.outcomes.views import Task
    from services.applications.overview.views.participation import MatchView, VisitView
    from services.applications.placements.store import Offer

    Shown = dict[str, Any]


def offer(one: Offer) -> Shown:
    """Return a placement with what the host wrote."""
    return {**_supplied(one), "remarks": one.remarks, "entry": one.entry_json}


def mentor(one: Mentor, *, about: bool = True) -> Shown:
    """Return a mentor's profile; `about`, the text about a person, is for the mentor and the own country."""
    entry = one.entry_json if about else {name: part for name, part in one.entry_json.items() if name != "about"}
    return {**_supplied(one), "entry": entry}


def _supplied(one: Offer | Mentor) -> Shown:
    """Return the state of a placement or a profile."""
    return {
        "id": one.id,
        "reference": one.reference,
        "call_id": one.call_id,
        "organisation_id": one.organisation_id,
        "country": one.country,
        "state": one.state,
        "since": one.since,
        "due": one.due,
        "cause": one.cause,
        "asked": one.awaits_answer,
        "version": one.version,
    }


def match(view: MatchView) -> Shown:
    """Return a match, with as much of the people's identity as the reader may know."""
    of, profile = view.match, view.profile
    return {
        "id": of.id,
        "application_id": of.application_id,
        "reference": view.case.application.reference,
        "kind": of.kind,
        "offer_id": of.offer_id,
        "mentor_id": of.mentor_id,
        "country": of.country,
        "host_country": of.host_country,
        "host_organisation_id": of.host_organisation_id,
        "host": view.host.name if view.host else None,
        "state": of.state,
        "reserve": of.reserve,
        "since": of.since,
        "due": view.turn.due or of.due,
        "reason": of.reason,
        "topic": of.pairing_json["topic"],
        "language": of.pairing_json["language"],
        "as": sorted(party.value for party in view.case.parties),
        "turn": view.turn.side,
        "your_turn": view.turn.mine,
        "cleared": {side.value: one.given for side, one in view.cleared.items()},
        "your_answer_is_asked": view.answering is not None,
        "your_answer_has_arrived": view.arrived,
        "too_late": of.late,
        "applicant": {
            "rank_group": profile.rank_group,
            "service": profile.service,
            "expertise": [area or "restricted" for area in view.expertise],
            "languages": [language.model_dump(mode="json") for language in profile.languages],
        }
        if profile
        else None,
        "people": {party.value: asdict(known) for party, known in view.known.items()},
        "visit_id": view.visit.id if view.visit else None,
        "mentorship_id": view.mentorship.id if view.mentorship else None,
    }


def visit(view: VisitView) -> Shown:
    """Return a visit, with what was agreed and recorded."""
    one = view.visit
    return {
        "id": one.id,
        "match_id": one.match_id,
        "application_id": one.application_id,
        "mentorship_id": one.mentorship_id,
        "replaces": one.replaces,
        "guest": one.guest,
        "state": one.state,
        "since": one.since,
        "start": one.start,
        "end": one.end,
        "days": one.days,
        "required_days": one.required_days,
        "agenda_due": one.agenda_due,
        "agenda": {
            "version": view.version,
            "text": view.agenda,
            "agreed": {party.value: version for party, version in view.agreed.items()},
            "complete": view.both_agreed,
        },
        "preparation": {standing.item.value: standing.ready for standing in view.checklist.standings}
        if view.checklist
        else None,
        "attendance": {day.isoformat(): present for day, present in view.attendance.items()},
        "corrections": {
            day.isoformat(): one.was for day, one in view.records.items() if one.was not in {None, one.present}
        },
        "recordable": view.recordable,
        "ended_on": one.ended_on,
        "reason": one.reason,
        "cause": one.cause,
        "move": {
            "proposed": asdict(view.proposal) if view.proposal else None,
            "asked_by": view.asked_move,
            "answers": view.move_answers,
            "your_answer_is_asked": view.answering_move,
            "kept": one.kept,
        },
        "tasks": [task(each) for each in view.tasks],
        "match": match(view.of),
    }


def task(one: Task) -> Shown:
    """Return a form of reporting that the reader is asked for."""
    return {
        "purpose": one.purpose,
        "as": one.party,
        "done": one.done,
        "asked": one.asked,
        "closed": one.closed,
        "due": one.due,
    }
