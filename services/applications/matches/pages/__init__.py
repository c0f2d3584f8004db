"""The pages of a match, for its parties and for the coordinators who clear it."""

from services.applications.matches.pages import bulk, decisions, matches

routers = (bulk.router, matches.router, decisions.router)
"""In the order in which they are tried."""

__all__ = ["routers"]
