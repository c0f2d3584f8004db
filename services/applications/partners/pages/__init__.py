"""Show and decide, for the programme coordinator, about a partner country."""

from services.applications.partners.pages import decisions, partners

routers = (partners.router, decisions.router)
"""Routers in matching order."""

__all__ = ["routers"]
