"""An application as the API answers it."""

from typing import Any

from services.applications.application.model.tasks import missing
from services.applications.application.store import applications as store
from services.applications.application.store import standings
from services.applications.application.views.standing import Case, standing
from shared.web.states import Standing


def application_resource(case: Case, *, answers: bool, others: bool = False) -> dict[str, Any]:
    """Return an application as the API shows it: its state, and with `answers` also the answers and findings.

    `others`: for readers other than the officer.
    """
    application = case.application
    resource = standing_resource(application, standing(case, others=others), case.projected)
    if answers:
        resource["answers"] = application.answers_json
        resource["missing"] = missing(application.answers, case.terms)
        resource["eligibility"] = [
            {"rule": f.rule, "held": f.held, "asks": f.asks, "given": f.given, "remedy": f.remedy}
            for f in case.findings
        ]
    return resource


def standing_resource(
    application: store.Application, standing: Standing, projected: standings.Standing | None
) -> dict[str, Any]:
    """Return the state of an application with its dates, holder and next step."""
    return {
        "id": application.id,
        "reference": application.reference,
        "call_id": application.call_id,
        "kind": application.kind,
        "country": application.country,
        "state": standing.state.code,
        "since": standing.since,
        "due": standing.due,
        "holder": standing.holder or standing.state.holder,
        "next": standing.next or standing.state.next,
        "outcome": application.outcome,
        "match_id": None if projected is None else projected.match_id,
        "submitted_at": application.submitted_at,
    }
