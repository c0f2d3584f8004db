"""What does the programme coordinator see and decide about a partner country?"""

from services.applications.pages.partners import deciding, reading

routers = (reading.router, deciding.router)
"""In the order in which they are tried."""

__all__ = ["routers"]
