"""What do hosts see and do about placements, and the national coordinators who endorse them?"""

from services.applications.pages.offers import copy, form, listed, one, ticked

routers = (listed.router, ticked.router, form.router, copy.router, one.router)
"""In the order in which they are tried."""

__all__ = ["routers"]
