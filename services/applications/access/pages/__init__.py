"""Show and process the yearly confirmation, deputies, and the confirmation of an address."""

from services.applications.access.pages import addresses, confirmation, deputies

routers = (confirmation.router, addresses.router, deputies.router)
"""Routers in matching order."""

__all__ = ["routers"]
