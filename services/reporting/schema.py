"""Import every table of reporting, for the migrations."""

from services.reporting.answers.store import answers, drafts, waves
from services.reporting.approval import store as approval_store
from services.reporting.assessments.store import bank, sittings
from services.reporting.cascades import store as cascades_store
from services.reporting.cases import store as cases_store
from services.reporting.disclosure import store as disclosure_store
from services.reporting.facts import store as facts_store
from services.reporting.feeds.store import publications, tokens
from services.reporting.figures import store as figures_store
from services.reporting.free_texts import store as free_texts_store
from services.reporting.groupings import store as groupings_store
from services.reporting.needs import store as needs_store
from services.reporting.periods import store as periods_store
from services.reporting.tables import metadata
from services.reporting.targets import store as targets_store

__all__ = [
    "answers",
    "approval_store",
    "bank",
    "cascades_store",
    "cases_store",
    "disclosure_store",
    "drafts",
    "facts_store",
    "figures_store",
    "free_texts_store",
    "groupings_store",
    "metadata",
    "needs_store",
    "periods_store",
    "publications",
    "sittings",
    "targets_store",
    "tokens",
    "waves",
]
