"""Serve what a country or an EU agency has sent and hosted."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.applications.guards import Decider
from services.applications.oversight.model import Way
from services.applications.oversight.views import balance as views
from services.applications.oversight.views.balance import Balance, BalanceCase, Filters
from services.applications.parameters import BusDep
from shared.contracts.base import Country
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/balance", tags=["decisions"])


async def filters_of(
    year: Annotated[int | None, Query(ge=1, le=9999)] = None,
    call: UUID | None = None,
    country: Annotated[Country | None, Query(description="Whose figures.")] = None,
    other: Annotated[Country | None, Query(description="The country of the other side.")] = None,
    organisation: Annotated[UUID | None, Query(description="An organisation of the other side.")] = None,
) -> Filters:
    """Return the filters in an address."""
    return Filters(None, year, call, country, other, organisation)


FiltersDep = Annotated[Filters, Depends(filters_of)]


@router.get("")
async def read(principal: Decider, bus: BusDep, filters: FiltersDep) -> Balance:
    """Visits sent and hosted with their days, mentorships received and given; by year and call, by organisation."""
    async with bus.read() as session:
        return await views.balance(session, principal, filters)


@router.get("/cases")
async def read_cases(
    principal: Decider, bus: BusDep, filters: FiltersDep, page: PageDep, way: Way | None = None
) -> Page[BalanceCase]:
    """Return the cases behind the figures, the one that began last first; `since` is when one came into its state."""
    async with bus.read() as session:
        return await views.cases_page(session, principal, filters.one_way(way), page)
