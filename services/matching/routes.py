"""The routes of matching: the coordinators' board, the receipts opened with the portal's ticket, and the API."""

from services.matching.board.pages import board, calendar, cases, events, overdue, supply, visits
from services.matching.cohorts.pages import choices, commit, jobs, runs
from services.matching.interventions.api import overrides as overrides_api
from services.matching.interventions.api import rings as rings_api
from services.matching.interventions.pages import overrides, rings, what_ifs
from services.matching.options import pages as options_pages
from services.matching.receipts import pages as receipts_pages
from services.matching.reciprocity import api as reciprocity_api
from services.matching.reciprocity import pages as reciprocity_pages
from services.matching.scheduling import api as scheduling_api
from services.matching.scheduling.pages import moves, plans
from services.matching.sheets import pages as sheets_pages

routers = [
    board.router,
    commit.router,
    choices.router,
    jobs.router,
    cases.router,
    overrides.router,
    overrides_api.router,
    runs.router,
    visits.router,
    receipts_pages.router,
    reciprocity_pages.router,
    reciprocity_api.router,
    rings.router,
    rings_api.router,
    what_ifs.router,
    options_pages.router,
    sheets_pages.router,
    plans.router,
    moves.router,
    scheduling_api.router,
    events.router,
    overdue.router,
    supply.router,
    calendar.router,
]

__all__ = ["routers"]
