"""A match and a visit as the API answers them, with the same facts as the pages."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.applications.outcomes.views import Task
    from services.applications.overview.views.participation import MatchView, VisitView

    Shown = dict[str, Any]


def match(view: MatchView) -> Shown:
    """Return a match, with as much of the people's identity as the reader may know."""
    match_row, profile = view.match, view.profile
    return {
        "id": match_row.id,
        "application_id": match_row.application_id,
        "reference": view.case.application.reference,
        "kind": match_row.kind,
        "offer_id": match_row.offer_id,
        "mentor_id": match_row.mentor_id,
        "country": match_row.country,
        "host_country": match_row.host_country,
        "host_organisation_id": match_row.host_organisation_id,
        "host": view.host.name if view.host else None,
        "state": match_row.state,
        "reserve": match_row.reserve,
        "since": match_row.since,
        "due": view.turn.due or match_row.due,
        "reason": match_row.reason,
        "topic": match_row.pairing_json["topic"],
        "language": match_row.pairing_json["language"],
        "as": sorted(party.value for party in view.case.parties),
        "turn": view.turn.side,
        "your_turn": view.turn.mine,
        "cleared": {side.value: one.given for side, one in view.cleared.items()},
        "your_answer_is_asked": view.answering is not None,
        "your_answer_has_arrived": view.arrived,
        "too_late": match_row.late,
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
    visit_row = view.visit
    return {
        "id": visit_row.id,
        "match_id": visit_row.match_id,
        "application_id": visit_row.application_id,
        "mentorship_id": visit_row.mentorship_id,
        "replaces": visit_row.replaces,
        "guest": visit_row.guest,
        "state": visit_row.state,
        "since": visit_row.since,
        "start": visit_row.start,
        "end": visit_row.end,
        "days": visit_row.days,
        "required_days": visit_row.required_days,
        "agenda_due": visit_row.agenda_due,
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
            day.isoformat(): visit_row.was
            for day, visit_row in view.records.items()
            if visit_row.was not in {None, visit_row.present}
        },
        "recordable": view.recordable,
        "ended_on": visit_row.ended_on,
        "reason": visit_row.reason,
        "cause": visit_row.cause,
        "move": {
            "proposed": asdict(view.proposal) if view.proposal else None,
            "asked_by": view.asked_move,
            "answers": view.move_answers,
            "your_answer_is_asked": view.answering_move,
            "kept": visit_row.kept,
        },
        "tasks": [task(each) for each in view.tasks],
        "match": match(view.of),
    }


def task(form: Task) -> Shown:
    """Return a form of reporting that the reader is asked for."""
    return {
        "purpose": form.purpose,
        "as": form.party,
        "done": form.done,
        "asked": form.asked,
        "closed": form.closed,
        "due": form.due,
    }
