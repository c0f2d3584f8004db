"""The pages of a visit, for guest, host and coordinators."""

from services.applications.visits.pages import attendance, early_ends, moves, visits

routers = (attendance.router, visits.router, early_ends.router, moves.router)
"""In the order in which they are tried."""

__all__ = ["routers"]
