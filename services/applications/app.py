"""Build the participants' portal from its routes, consumers and workers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from services.applications import routes
from services.applications.certificates.attempt_limit import AttemptLimit
from services.applications.consumers import consumers
from services.applications.decision_table import own_case_rule
from services.applications.oversight.actions.attempts import AttemptCounter, AttemptRecorder, write_counted_attempts
from services.applications.partners import store as partners_store
from services.applications.records import RECORDS
from services.applications.sessions.actions import StoredSessions
from services.applications.settings import Settings
from services.applications.workers import workers
from shared.documents.signing import signer_of
from shared.identity.own_cases import set_own_case_rule
from shared.identity.state import identity_of
from shared.identity.suspensions import set_suspension_rule
from shared.runtime.service import create
from shared.web.openapi import ApiText

if TYPE_CHECKING:
    from fastapi import FastAPI

API = ApiText(
    summary="The participants' portal: register, calls, applications, placements, mentors and what follows a match.",
    tags={
        "applications": "Applications of officers, from draft to submission, with answers and companions.",
        "audit": "Who read or changed what, for auditors.",
        "calls": "Calls for applications, their drafts and revisions.",
        "candidates": "Anonymous candidates for a placement or mentor, and what hosts and mentors say of them.",
        "clock": "The clock of a local run, which can be moved.",
        "decisions": "What coordinators decide: the queue, endorsement, eligibility, appeals.",
        "incidents": "Reports of incidents, for those chosen to read them.",
        "matches": "Matches from the proposal to the answer, for both sides.",
        "mentors": "Profiles of mentors, from draft to published.",
        "mentorships": "Agreements, goals, meetings and sessions of a mentoring pair.",
        "offers": "Placements that host organisations offer, from draft to published.",
        "partners": "Partner countries: suspension and reinstatement.",
        "register": "Organisations, people and their access, funds, exclusions and training needs.",
        "sessions": "Where a person is signed in with a browser, and how that ends.",
        "visits": "Visits: agenda, attendance, preparation, letters and moves.",
    },
)

CROWD = (
    "/applications/mine/",
    "/applications/calls/",
    "/applications/api/v1/applications",
    "/applications/api/v1/calls",
)
"""Beginnings of the paths that officers ask for when a deadline is near."""


def create_app(settings: Settings | None = None, *, background: bool = True) -> FastAPI:
    """Return the portal as an app; settings come from the environment unless they are given."""
    settings = settings or Settings()
    if background:
        signer_of(settings)  # a service whose key cannot be used says so now, not with the first certificate
    attempts = AttemptCounter()
    app = create(
        "applications",
        settings,
        place="portal",
        templates=Path(__file__).parent,
        routers=[*routes.page_routers(settings), *routes.api_routers(settings)],
        consumers=consumers,
        workers=[*workers, partial(write_counted_attempts, attempts=attempts)],
        background=background,
        api_text=API,
        records=RECORDS,
        crowd=CROWD,
    )
    app.state.attempt_limit = AttemptLimit()
    app.state.contacts = settings.contacts
    identity_of(app).keep_sessions(StoredSessions(app.state.service.bus, identity_of(app).sign_ins))
    set_suspension_rule(app, partners_store.cases_go_on)
    set_own_case_rule(app, own_case_rule)
    app.add_middleware(AttemptRecorder, bus=app.state.service.bus, attempts=attempts)
    return app
