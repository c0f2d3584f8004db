"""Serve what a country or an EU agency has sent and hosted."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from services.applications.guards import Decider
from services.applications.oversight.views.balance import Row, balance
from services.applications.overview.store.balance import Filters
from services.applications.parameters import BusDep

router = APIRouter(prefix="/applications/api/v1", tags=["decisions"])


@router.get("/balance")
async def read(
    principal: Decider,
    bus: BusDep,
    way: str | None = None,
    year: int | None = None,
    call: UUID | None = None,
    country: str | None = None,
    other: str | None = None,
    organisation: UUID | None = None,
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> dict[str, Any]:
    """Visits sent and hosted with their days, mentorships received and given; by year and call, by country; the cases.

    `way` is `sent`, `hosted`, `received` or `given`; `other` and `organisation` are of the other side. 50 cases a
    page.
    """
    filters = Filters(way, year, call, country, other, organisation)
    async with bus.read() as session:
        shown = await balance(session, principal, filters, page)
    return {
        "totals": _row(shown.totals),
        "by_year_and_call": [
            {"country": row.key[0], "year": int(row.key[1]), "call_id": row.key[2], **_row(row)}
            for row in shown.by_year
        ],
        "by_country_and_organisation": [
            {"country": row.key[0], "other": row.key[1], "organisation_id": row.key[2], **_row(row)}
            for row in shown.by_place
        ],
        "cases": [asdict(line) for line in shown.lines],
        "total": shown.total,
    }


def _row(row: Row) -> dict[str, Any]:
    return {"counts": row.counts, "days": {way: row.days[way] for way in ("sent", "hosted")}}
