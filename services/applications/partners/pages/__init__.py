"""What does the programme coordinator see and decide about a partner country?"""

from services.applications.partners.pages import decisions, partners

routers = (partners.router, decisions.router)
"""In the order in which they are tried."""

__all__ = ["routers"]
