"""Which tables does the portal keep? One module an aggregate; each holds the tables and the only queries on them."""

from services.applications.store import (
    appeals,
    applications,
    call_drafts,
    calls,
    certificates,
    contacts,
    counters,
    matches,
    mentors,
    mentorships,
    offers,
    outcomes,
    pairs,
    participation,
    register,
    standings,
    visits,
)
from services.applications.store.base import metadata

__all__ = [
    "appeals",
    "applications",
    "call_drafts",
    "calls",
    "certificates",
    "contacts",
    "counters",
    "matches",
    "mentors",
    "mentorships",
    "metadata",
    "offers",
    "outcomes",
    "pairs",
    "participation",
    "register",
    "standings",
    "visits",
]
