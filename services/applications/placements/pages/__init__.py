"""The pages of placements, for hosts and for the coordinators who endorse them."""

from services.applications.placements.pages import bulk, decisions, edit, placement
from services.applications.placements.pages import list as placements_list

routers = (placements_list.router, bulk.router, edit.router, decisions.router, placement.router)
"""In the order in which they are tried."""

__all__ = ["routers"]
