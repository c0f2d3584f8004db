"""Import every table of the portal, so that its metadata is complete."""

from services.applications import access_log, counters, message_quota
from services.applications.application.store import applications, companions, queue_entries, standings
from services.applications.availability import store as availability_store
from services.applications.calls import store as calls_store
from services.applications.candidates import store as candidates_store
from services.applications.certificates import store as certificates_store
from services.applications.desk import store as desk_store
from services.applications.matches.store import matches, override_reasons, participation
from services.applications.mentors import store as mentors_store
from services.applications.mentorships import store as mentorships_store
from services.applications.mentorships.store import mentorships
from services.applications.needs import store as needs_store
from services.applications.outcomes import store as outcomes_store
from services.applications.oversight.store import attempts, incidents
from services.applications.overview.store import audit
from services.applications.partners import store as partners_store
from services.applications.placements import store as placements_store
from services.applications.preparation import store as preparation_store
from services.applications.register.store import address_checks, entries, history, people, proposals
from services.applications.review import store as review_store
from services.applications.saved_views import store as saved_views_store
from services.applications.sessions import store as sessions_store
from services.applications.tables import metadata
from services.applications.visits import store as visits_store

__all__ = [
    "access_log",
    "address_checks",
    "applications",
    "attempts",
    "audit",
    "availability_store",
    "calls_store",
    "candidates_store",
    "certificates_store",
    "companions",
    "counters",
    "desk_store",
    "entries",
    "history",
    "incidents",
    "matches",
    "mentors_store",
    "mentorships",
    "mentorships_store",
    "message_quota",
    "metadata",
    "needs_store",
    "outcomes_store",
    "override_reasons",
    "participation",
    "partners_store",
    "people",
    "placements_store",
    "preparation_store",
    "proposals",
    "queue_entries",
    "review_store",
    "saved_views_store",
    "sessions_store",
    "standings",
    "visits_store",
]
