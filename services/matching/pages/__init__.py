"""What do people see of matching? The coordinators' board, and the receipt that opens with the portal's ticket."""

from services.matching.pages import board, cases, cohort, receipts, runs

routers = [board.router, cohort.router, cases.router, runs.router, receipts.router]

__all__ = ["routers"]
