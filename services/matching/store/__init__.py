"""Which tables does matching keep? One module an aggregate; each holds the tables and the only queries on them."""

from services.matching.store import (
    activity,
    board,
    cohort_jobs,
    facts,
    journal,
    ledger,
    matches,
    mentorships,
    plans,
    pools,
    replacements,
    rings,
    runs,
    visits,
    watch,
    what_ifs,
    written,
)
from services.matching.store.base import metadata

PROJECTIONS = ("access", *facts.PROJECTIONS, *visits.PROJECTIONS, *mentorships.PROJECTIONS)
"""The tables that hold nothing but what events said; a rebuild empties them."""

__all__ = [
    "PROJECTIONS",
    "activity",
    "board",
    "cohort_jobs",
    "facts",
    "journal",
    "ledger",
    "matches",
    "mentorships",
    "metadata",
    "plans",
    "pools",
    "replacements",
    "rings",
    "runs",
    "visits",
    "watch",
    "what_ifs",
    "written",
]
