"""Show what a country has sent and hosted: figures, two tables, the cases, a CSV file."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator

from services.applications.display import tag
from services.applications.guards import Decider
from services.applications.oversight.model import Way
from services.applications.oversight.views import balance as views
from services.applications.oversight.views.balance import (
    BalanceCase,
    BalanceDetails,
    BalanceOfYear,
    BalanceTotals,
    BalanceWithPlace,
    Filters,
)
from services.applications.parameters import BusDep
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.i18n import gettext, ngettext
from shared.ids import read_id
from shared.time import dates
from shared.web.csv_files import csv_file
from shared.web.lists import Cell, Column, Count, Empty, Filter, Link, Listing, country_filter, list_page
from shared.web.query import CountryText, IdText, one_of

router = APIRouter(prefix="/applications", include_in_schema=False)
HERE = "/applications/balance"


class AddressFilters(BaseModel):
    """The filters in an address."""

    way: Way | None = None
    year: int | None = None
    call: UUID | None = None
    country: str | None = None
    other: str | None = None
    organisation: UUID | None = None

    @property
    def filters(self) -> Filters:
        """Return the filters of the list."""
        return Filters(self.way, self.year, self.call, self.country, self.other, self.organisation)

    def address(self, path: str = HERE, **changes: Any) -> str:
        """Return the address of the page with these filters, some changed."""
        parameters = {name: str(value) for name, value in (self.model_dump() | changes).items() if value is not None}
        return path + (f"?{urlencode(parameters)}" if parameters else "")


async def filters_of_request(
    way: Annotated[str, one_of(*Way)] = "",
    year: Annotated[int | None, BeforeValidator(lambda text: text or None), Query(ge=2000, le=2199)] = None,
    call: IdText = "",
    country: CountryText = "",
    other: CountryText = "",
    organisation: IdText = "",
) -> AddressFilters:
    """Return the filters in an address. What cannot be is refused (422) with its name."""
    return AddressFilters(
        way=Way(way) if way else None,
        year=year,
        call=read_id(call),
        country=country or None,
        other=other or None,
        organisation=read_id(organisation),
    )


FiltersDep = Annotated[AddressFilters, Depends(filters_of_request)]


@router.get("/balance")
async def show(
    request: Request,
    principal: Decider,
    bus: BusDep,
    address: FiltersDep,
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Show what the country or EU agency has sent and hosted."""
    async with bus.read() as session:
        details = await views.balance_details(session, principal, address.filters, page)
    ledger, places = details.balance, details.organisations
    several = principal.has(Role.PROGRAMME_COORDINATOR) or len({row.country for row in ledger.by_year_and_call}) > 1
    narrowed = address.filters != Filters()
    none_yet = Empty(
        gettext("No visit or mentorship has started yet. Each one is counted here from its first day."),
        gettext("View applications"),
        "/applications/cases",
    )
    names = (
        gettext("Reference"),
        gettext("Category"),
        gettext("With"),
        gettext("Organisation"),
        gettext("State"),
        gettext("First day"),
    )
    listing = Listing(
        gettext("Sent and hosted"),
        HERE,
        [*(Column(name) for name in names), Column(gettext("Days attended"), numeric=True)],
        [_case(case, places) for case in details.cases],
        details.total,
        Empty(gettext("No visit or mentorship matches these filters."), gettext("Show all"), HERE)
        if narrowed
        else none_yet,
        page=page,
        counts=[_count(ledger.totals, way, address) for way in Way],
        filters=_filters(address, details),
        back="/applications/",
        table_title=gettext("Visits and mentorships"),
        table_title_shown=True,
    )
    return list_page(
        request,
        listing,
        "oversight/balance.html",
        by_year=[_year(row, address, details.references, several=several) for row in ledger.by_year_and_call],
        by_place=[_place(row, address, places, several=several) for row in ledger.by_country_and_organisation],
        several=several,
        csv_href=address.address(f"{HERE}.csv"),
    )


def _case(case: BalanceCase, names: dict[UUID, str]) -> list[Cell]:
    return [
        Link(case.reference, f"/applications/{case.kind}s/{case.id}"),
        labels.label(case.way),
        labels.country(case.other),
        names.get(case.other_organisation_id, "") if case.other_organisation_id else "",
        tag(case.kind, case.state),
        dates.day(case.first, short=True),
        case.days if case.way.of_visits else None,
    ]


def _count(totals: BalanceTotals, way: Way, address: AddressFilters) -> Count:
    name = labels.label(way)
    if way.of_visits:
        days = totals.days.of(way)
        name = f"{name}, {ngettext('%(num)d day', '%(num)d days', days) % {'num': days}}"
    return Count(totals.counts.of(way), name, address.address(way=way.value), "go")


def _cells(row: BalanceTotals, address: AddressFilters, **keys: Any) -> list[Cell]:
    """Return numbers and days by direction, each number with a link to exactly its cases."""
    cells: list[Cell] = []
    for way in Way:
        count = row.counts.of(way)
        cells.append(Link(str(count), address.address(way=way.value, **keys)) if count else 0)
        if way.of_visits:
            cells.append(row.days.of(way))
    return cells


def _year(row: BalanceOfYear, address: AddressFilters, references: dict[UUID, str], *, several: bool) -> list[Cell]:
    return [
        Link(str(row.year), address.address(year=row.year)),
        *([labels.country(row.country)] if several else []),
        references.get(row.call_id, ""),
        *_cells(row, address, country=row.country, year=row.year, call=row.call_id),
    ]


def _place(row: BalanceWithPlace, address: AddressFilters, names: dict[UUID, str], *, several: bool) -> list[Cell]:
    return [
        Link(labels.country(row.other), address.address(other=row.other)),
        *([labels.country(row.country)] if several else []),
        names.get(row.organisation_id, "") if row.organisation_id else "",
        *_cells(row, address, country=row.country, other=row.other, organisation=row.organisation_id),
    ]


def _filters(address: AddressFilters, details: BalanceDetails) -> list[Filter]:
    of_calls = {call.year + offset for call in details.calls for offset in (0, 1)}
    years = sorted(of_calls | ({address.year} if address.year else set()), reverse=True)
    return [
        Filter("way", gettext("Category"), address.way or "", [(way.value, labels.label(way)) for way in Way]),
        Filter("year", gettext("Year"), str(address.year or ""), [(str(year), str(year)) for year in years]),
        Filter(
            "call",
            gettext("Call"),
            str(address.call or ""),
            [(str(call.id), f"{call.reference} {call.title}") for call in details.calls],
        ),
        *country_filter(details.countries, address.country),
    ]


COLUMNS = (
    "which",
    "reference",
    "call",
    "country",
    "organisation",
    "other_country",
    "other_organisation",
    "state",
    "first_day",
    "attended_days",
)


@router.get("/balance.csv")
async def download(principal: Decider, bus: BusDep, address: FiltersDep) -> Response:
    """Download the cases behind the page as CSV, without names of people; at most 10,000 lines."""
    async with bus.read() as session:
        file = await views.balance_file(session, principal, address.filters)
    names = file.organisations
    rows = [
        [
            case.way.value,
            case.reference,
            file.references[case.call_id],
            case.country,
            names.get(case.organisation_id, "") if case.organisation_id else "",
            case.other,
            names.get(case.other_organisation_id, "") if case.other_organisation_id else "",
            case.state,
            case.first.isoformat(),
            str(case.days) if case.way.of_visits else "",
        ]
        for case in file.cases
    ]
    return csv_file("tandem-sent-and-hosted.csv", COLUMNS, rows)
