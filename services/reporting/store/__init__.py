"""Which tables does reporting keep? One module a matter; each holds the tables and the only queries on them."""

from services.reporting.store import (
    aims,
    answers,
    bank,
    cascades,
    cases,
    drafts,
    facts,
    figures,
    needs,
    periods,
    publications,
    releases,
    restatements,
    sittings,
    tokens,
    waves,
    words,
)
from services.reporting.store.base import metadata

__all__ = [
    "aims",
    "answers",
    "bank",
    "cascades",
    "cases",
    "drafts",
    "facts",
    "figures",
    "metadata",
    "needs",
    "periods",
    "publications",
    "releases",
    "restatements",
    "sittings",
    "tokens",
    "waves",
    "words",
]
