"""The tables of matching; each module of a room's store holds its tables and the only queries on them."""

from services.matching.activity import store as activity_store
from services.matching.cohorts.store import cohorts, drafts, jobs, runs
from services.matching.facts.store import facts, pools
from services.matching.interventions import store as interventions_store
from services.matching.lifecycle.store import case_records, matches, mentorships, receipts, rings, visits
from services.matching.options import store as options_store
from services.matching.overview.store import board, monitoring
from services.matching.provisional.store import changes, replacements
from services.matching.reciprocity import store as reciprocity_store
from services.matching.scheduling import store as scheduling_store
from services.matching.tables import metadata

PROJECTIONS = ("access", *facts.PROJECTIONS, *visits.PROJECTIONS, *mentorships.PROJECTIONS, *case_records.PROJECTIONS)
"""The tables that hold nothing but what events said; a rebuild empties them."""

__all__ = [
    "PROJECTIONS",
    "activity_store",
    "board",
    "case_records",
    "changes",
    "cohorts",
    "drafts",
    "facts",
    "interventions_store",
    "jobs",
    "matches",
    "mentorships",
    "metadata",
    "monitoring",
    "options_store",
    "pools",
    "receipts",
    "reciprocity_store",
    "replacements",
    "rings",
    "runs",
    "scheduling_store",
    "visits",
]
