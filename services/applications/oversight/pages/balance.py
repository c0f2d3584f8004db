"""Show what a country has sent and hosted: figures, two tables, the cases, a CSV file."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, field_validator

from services.applications.calls import store as calls_store
from services.applications.display import country_filter, tag
from services.applications.guards import Decider
from services.applications.oversight.views.balance import Row, balance
from services.applications.overview.store import balance as store
from services.applications.parameters import BusDep
from services.applications.register.store import entries
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.i18n import N_, gettext, ngettext
from shared.time import dates
from shared.web.csv_files import csv_file
from shared.web.render import render

router = APIRouter(prefix="/applications", include_in_schema=False)
HERE = "/applications/balance"
WAYS = {
    "sent": N_("Visits sent"),
    "hosted": N_("Visits hosted"),
    "received": N_("Mentorships received"),
    "given": N_("Mentorships given"),
}


class AddressFilters(BaseModel):
    """The filters in an address; what cannot be read is no filter."""

    model_config = ConfigDict(extra="ignore")

    way: str | None = None
    year: int | None = None
    call: UUID | None = None
    country: str | None = None
    other: str | None = None
    organisation: UUID | None = None

    @field_validator("way", "country", "other", mode="before")
    @classmethod
    def text(cls, value: Any) -> Any:
        """Return None for an empty choice."""
        return value or None

    @field_validator("year", mode="before")
    @classmethod
    def number(cls, value: Any) -> Any:
        """Return None for anything but a year."""
        return (
            int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 4 else None
        )

    @field_validator("call", "organisation", mode="before")
    @classmethod
    def an_id(cls, value: Any) -> Any:
        """Return None for anything but an id."""
        try:
            return UUID(value)
        except (TypeError, ValueError):
            return None

    @property
    def filters(self) -> store.Filters:
        """Return the filters for the store."""
        way = self.way if self.way in WAYS else None
        return store.Filters(way, self.year, self.call, self.country, self.other, self.organisation)

    def address(self, path: str = HERE, **changes: Any) -> str:
        """Return the address of the page with these filters, some changed."""
        parameters = {name: str(value) for name, value in (self.model_dump() | changes).items() if value is not None}
        return path + (f"?{urlencode(parameters)}" if parameters else "")


def filters_of_request(request: Request) -> AddressFilters:
    """Return the filters in the address of a request."""
    return AddressFilters.model_validate(dict(request.query_params))


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
        shown = await balance(session, principal, address.filters, page)
        calls = await calls_store.calls(session)
        countries = [item.key[0] for item in await store.totals(session, principal, store.Filters(), by=("country",))]
    several = principal.has(Role.PROGRAMME_COORDINATOR) or len({row.key[0] for row in shown.by_year}) > 1
    return render(
        request,
        "oversight/balance.html",
        counts=[_count(shown.totals, way, address) for way in WAYS],
        by_year=[_year(row, address, shown.calls, several=several) for row in shown.by_year],
        by_place=[_place(row, address, shown.organisations, several=several) for row in shown.by_place],
        several=several,
        rows=[
            [
                {"text": line.reference, "href": f"/applications/{_kind(line)}s/{line.id}"},
                gettext(WAYS[line.way]),
                labels.country(line.other),
                shown.organisations.get(line.other_organisation_id, "") if line.other_organisation_id else "",
                tag(_kind(line), line.state),
                dates.day(line.first, short=True),
                line.days if _kind(line) == "visit" else None,
            ]
            for line in shown.lines
        ],
        total=shown.total,
        page=page,
        narrowed=address.filters != store.Filters(),
        fields=_fields(address, calls, sorted(set(countries), key=labels.country)),
        csv_href=address.address(f"{HERE}.csv"),
    )


def _kind(line: store.Line) -> str:
    return "visit" if line.way in {"sent", "hosted"} else "mentorship"


def _count(totals: Row, way: str, address: AddressFilters) -> dict[str, Any]:
    days = totals.days[way]
    name = gettext(WAYS[way])
    if way in {"sent", "hosted"}:
        name = f"{name}, {ngettext('%(num)d day', '%(num)d days', days) % {'num': days}}"
    return {"count": totals.counts[way], "name": name, "href": address.address(way=way), "tone": "go"}


def _cells(row: Row, address: AddressFilters, **keys: Any) -> list[Any]:
    """Numbers and days by direction, each number with a link to exactly its cases."""
    cells: list[Any] = []
    for way in WAYS:
        count = row.counts[way]
        cells.append({"text": count, "href": address.address(way=way, **keys)} if count else 0)
        if way in {"sent", "hosted"}:
            cells.append(row.days[way])
    return cells


def _year(row: Row, address: AddressFilters, names: dict[UUID, str], *, several: bool) -> list[Any]:
    country, year, call_id = row.key
    keys = {"country": country, "year": int(year), "call": call_id}
    first = [labels.country(country)] if several else []
    return [
        {"text": str(int(year)), "href": address.address(year=int(year))},
        *first,
        names.get(call_id, ""),
        *_cells(row, address, **keys),
    ]


def _place(row: Row, address: AddressFilters, names: dict[UUID, str], *, several: bool) -> list[Any]:
    country, other, organisation_id = row.key
    keys = {"country": country, "other": other, "organisation": organisation_id}
    first = [labels.country(country)] if several else []
    return [
        {"text": labels.country(other), "href": address.address(other=other)},
        *first,
        names.get(organisation_id, ""),
        *_cells(row, address, **keys),
    ]


def _fields(address: AddressFilters, calls: list[calls_store.Call], countries: list[str]) -> list[dict[str, Any]]:
    years = sorted({call.terms.opens.year + offset for call in calls for offset in (0, 1)}, reverse=True)
    fields: list[dict[str, Any]] = [
        {
            "name": "way",
            "label": gettext("Which"),
            "options": [(way, gettext(WAYS[way])) for way in WAYS],
            "value": address.way,
        },
        {
            "name": "year",
            "label": gettext("Year"),
            "options": [(str(year), str(year)) for year in years],
            "value": address.year,
        },
        {
            "name": "call",
            "label": gettext("Call"),
            "options": [(str(call.id), f"{call.reference} {call.title}") for call in calls],
            "value": address.call,
        },
    ]
    return fields + country_filter([(code, labels.country(code)) for code in countries], address.country)


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
        lines, _ = await store.lines(session, principal, address.filters, 1, store.MOST)
        calls = await calls_store.calls_by_id(session, {line.call_id for line in lines})
        ids = {
            organisation_id
            for line in lines
            for organisation_id in (line.organisation_id, line.other_organisation_id)
            if organisation_id is not None
        }
        names = {organisation.id: organisation.name for organisation in await entries.organisations(session, ids=ids)}
    rows = [
        [
            line.way,
            line.reference,
            calls[line.call_id].reference,
            line.country,
            names.get(line.organisation_id, "") if line.organisation_id else "",
            line.other,
            names.get(line.other_organisation_id, "") if line.other_organisation_id else "",
            line.state,
            line.first.isoformat(),
            str(line.days) if _kind(line) == "visit" else "",
        ]
        for line in lines
    ]
    return csv_file("tandem-sent-and-hosted.csv", COLUMNS, rows)
