"""What do people see of matching? The coordinators' board, and the receipt that opens with the portal's ticket."""

from services.matching.pages import (
    board,
    calendar,
    cases,
    cohort,
    cohort_jobs,
    dates_json,
    events,
    move,
    overrides,
    plans,
    receipts,
    reciprocity,
    rings,
    runs,
    stuck,
    supply,
    what_ifs,
)

routers = [
    board.router,
    cohort.router,
    cohort_jobs.router,
    cases.router,
    overrides.router,
    overrides.api,
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
    events.router,
    stuck.router,
    supply.router,
    calendar.router,
]

__all__ = ["routers"]
