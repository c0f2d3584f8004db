"""The portal's routers, in the order in which they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.access import api as access_api
from services.applications.access import pages as access_pages
from services.applications.application.api import applications, companions
from services.applications.application.pages import application, changes, tasks
from services.applications.application.pages import companions as application_companions
from services.applications.availability import pages as availability_pages
from services.applications.calendar import api as calendar_api
from services.applications.calendar import pages as calendar_pages
from services.applications.calls import pages as calls_pages
from services.applications.calls.api import calls, drafts
from services.applications.candidates import api as candidates_api
from services.applications.candidates import pages as candidates_pages
from services.applications.certificates import pages as certificates_pages
from services.applications.consumers import consumers
from services.applications.contacts import api as contacts_api
from services.applications.desk import api as desk_api
from services.applications.desk.pages import calendar_feed, clock, inbox, start
from services.applications.desk.pages import settings as desk_settings
from services.applications.matches import api as matches_api
from services.applications.matches import pages as matches_pages
from services.applications.mentors import api as mentors_api
from services.applications.mentors import pages as mentors_pages
from services.applications.mentorships import api as mentorships_api
from services.applications.mentorships import pages as mentorships_pages
from services.applications.needs import api as needs_api
from services.applications.needs.pages import needs, tables
from services.applications.outcomes import pages as outcomes_pages
from services.applications.oversight.api import audit, balance, incidents
from services.applications.oversight.pages import audit as oversight_audit
from services.applications.oversight.pages import balance as oversight_balance
from services.applications.oversight.pages import incidents as oversight_incidents
from services.applications.own_cases import api as own_cases_api
from services.applications.partners import api as partners_api
from services.applications.partners import pages as partners_pages
from services.applications.placements import api as placements_api
from services.applications.placements import pages as placements_pages
from services.applications.places import api as places_api
from services.applications.places import pages as places_pages
from services.applications.preparation.api import preparation, travel_rules
from services.applications.preparation.pages import costs, letters
from services.applications.preparation.pages import preparation as preparation_preparation
from services.applications.preparation.pages import travel_rules as preparation_travel_rules
from services.applications.register.api import bulk as register_bulk
from services.applications.register.api import entries, funds, proposals
from services.applications.register.pages import approvals, departures, organisations, overview, people
from services.applications.register.pages import funds as register_funds
from services.applications.register.pages import proposals as register_proposals
from services.applications.review import api as review_api
from services.applications.review.pages import appeal_decisions, appeals, case, eligibility, endings, queue
from services.applications.review.pages import bulk as review_bulk
from services.applications.saved_views import pages as saved_views_pages
from services.applications.sessions import api as sessions_api
from services.applications.sessions import pages as sessions_pages
from services.applications.visits import pages as visits_pages
from services.applications.visits.api import moves, visits
from shared.identity.oidc import sign_in_router
from shared.runtime.dead_letters import dead_letters_router
from shared.runtime.journal import journal_router
from shared.time import clock as time
from shared.web import design

if TYPE_CHECKING:
    from fastapi import APIRouter

    from services.applications.settings import Settings

register_page_routers: list[APIRouter] = [
    overview.router,
    organisations.router,
    people.router,
    departures.router,
    approvals.router,
    register_proposals.router,
    *access_pages.routers,
    register_funds.router,
    tables.router,
    needs.router,
]
"""In the order in which they are tried."""


register_api_routers: list[APIRouter] = [
    register_bulk.router,
    entries.router,
    proposals.router,
    access_api.router,
    funds.router,
    needs_api.router,
]
"""In the order in which they are tried."""


def page_routers(settings: Settings) -> list[APIRouter]:
    """Return the routers of all pages, in the order in which they are tried; some only in a local run."""
    found = [sign_in_router(), start.router, inbox.router, desk_settings.router, calendar_feed.router]
    found.append(sessions_pages.router)
    found += [places_pages.router, *calls_pages.routers]
    # The tasks come last: they take any word for one of an application's pages.
    found += [appeals.router, changes.router, application_companions.router, application.router, tasks.router]
    found += [
        queue.router,
        saved_views_pages.router,
        review_bulk.router,
        case.router,
        endings.router,
        eligibility.router,
        certificates_pages.router,
    ]
    found += [appeal_decisions.router, oversight_balance.router, *partners_pages.routers, oversight_audit.router]
    found.append(dead_letters_router("applications", consumers))
    found.append(journal_router("applications"))
    found.append(calendar_pages.router)
    found += [
        availability_pages.router,
        outcomes_pages.router,
        # Placements and mentors take any word for one of their actions.
        candidates_pages.router,
        *placements_pages.routers,
        mentors_pages.router,
        *matches_pages.routers,
    ]
    found += [*visits_pages.routers, mentorships_pages.router, oversight_incidents.router]
    found += [
        preparation_travel_rules.router,
        costs.router,
        letters.router,
        preparation_preparation.router,
    ]
    found += register_page_routers
    if settings.local:
        found.append(design.router())
    if settings.local and time.movable():
        found.append(clock.router)
    return found


def api_routers(settings: Settings) -> list[APIRouter]:
    """Return the routers of the API; the clock's only in a local run whose clock can be moved."""
    found = [
        *register_api_routers,
        partners_api.router,
        audit.router,
        calls.router,
        places_api.router,
        drafts.router,
        applications.router,
        companions.router,
        review_api.router,
        balance.router,
        contacts_api.router,
        sessions_api.router,
        sessions_api.internal_router,
        own_cases_api.router,
        matches_api.internal_router,
    ]
    found.append(calendar_api.router)
    found += [
        candidates_api.router,
        placements_api.router,
        mentors_api.router,
        matches_api.router,
        visits.router,
        mentorships_api.router,
        incidents.router,
    ]
    found += [moves.router, travel_rules.router, preparation.router]
    if settings.local and time.movable():
        found.append(desk_api.router)
    return found
