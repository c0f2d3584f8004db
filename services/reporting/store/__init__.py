"""Which tables does reporting keep? One module a matter; each holds the tables and the only queries on them."""

from services.reporting.store import answers, cases, facts, figures, periods, releases, restatements
from services.reporting.store.base import metadata

__all__ = ["answers", "cases", "facts", "figures", "metadata", "periods", "releases", "restatements"]
