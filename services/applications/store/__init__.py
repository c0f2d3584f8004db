"""Which tables does the portal keep? One module an aggregate; each holds the tables and the only queries on them."""

from services.applications.store.base import metadata

__all__ = ["metadata"]
