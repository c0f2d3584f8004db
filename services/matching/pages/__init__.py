"""What do people see of matching? The coordinators' board, and the receipt that opens with the portal's ticket."""

from services.matching.pages import (
    board,
    cases,
    cohort,
    dates_json,
    move,
    plans,
    receipts,
    reciprocity,
    rings,
    runs,
    what_ifs,
)

routers = [
    board.router,
    cohort.router,
    cases.router,
    runs.router,
    receipts.router,
    reciprocity.router,
    reciprocity.api,
    rings.router,
    rings.api,
    what_ifs.router,
    plans.router,
    move.router,
    dates_json.api,
]

__all__ = ["routers"]
