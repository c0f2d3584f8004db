"""Training needs beside demand and matches, for programs: one read, in two formats."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.reporting.guards import ApiReader, may_steer
from services.reporting.needs import documents
from services.reporting.needs.actions import needs_and_figures
from services.reporting.needs.views import PeriodNeeds, period_needs
from services.reporting.parameters import NOT_PUBLISHED, PRESENT_ONLY, BusDep, PeriodQuery
from shared.web.openapi import file_answers

router = APIRouter(prefix="/reporting/api/v1", tags=["figures"])


@router.get("/needs", responses=NOT_PUBLISHED, dependencies=[PRESENT_ONLY])
async def needs(principal: ApiReader, bus: BusDep, period: PeriodQuery = None) -> PeriodNeeds:
    """Return needs beside applications received, matched and completed, and reasons for no match: a row a number."""
    return period_needs(*await needs_and_figures(bus, period, steers=may_steer(principal)))


@router.get(
    "/needs.csv",
    response_class=Response,
    responses={**file_answers("text/csv", headers=("Link",)), **NOT_PUBLISHED},
    dependencies=[PRESENT_ONLY],
)
async def needs_as_csv(principal: ApiReader, bus: BusDep, period: PeriodQuery = None) -> Response:
    """Return needs and demand of a period as CSV."""
    return documents.csv_response(*await needs_and_figures(bus, period, steers=may_steer(principal)))
