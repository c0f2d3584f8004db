"""Training needs beside demand and matches, for programs."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from services.reporting.guards import Reader
from services.reporting.needs import documents
from services.reporting.needs.actions import needs_and_figures
from services.reporting.parameters import BusDep
from services.reporting.periods.views import period_as_json

router = APIRouter(prefix="/reporting/api/v1", tags=["figures"])


@router.get("/needs")
async def needs(_: Reader, bus: BusDep, period: str | None = None) -> dict[str, Any]:
    """Return needs beside applications received, matched and completed, and reasons for no match: a row a number."""
    where, figures, found = await needs_and_figures(bus, period)
    return {**period_as_json(where), "rows": documents.rows_for_programs(where, figures, found)}


@router.get("/needs.csv")
async def needs_as_csv(_: Reader, bus: BusDep, period: str | None = None) -> Response:
    """Return needs and demand of a period as CSV."""
    return documents.csv_response(*await needs_and_figures(bus, period))
