"""What does a coordinator see of what the country has sent and hosted: figures, two tables, the cases, a file?"""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, field_validator

from services.applications.calls import store as calls_store
from services.applications.display import country_filter, tag
from services.applications.guards import Decider
from services.applications.oversight.views import Row, balance
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


class Asked(BaseModel):
    """What the address asks for; what cannot be read is no filter."""

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
        """An empty choice is no filter."""
        return value or None

    @field_validator("year", mode="before")
    @classmethod
    def number(cls, value: Any) -> Any:
        """What is no year is no filter."""
        return (
            int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 4 else None
        )

    @field_validator("call", "organisation", mode="before")
    @classmethod
    def an_id(cls, value: Any) -> Any:
        """What is no id is no filter."""
        try:
            return UUID(value)
        except (TypeError, ValueError):
            return None

    @property
    def filters(self) -> store.Filters:
        """The same as the store knows it."""
        way = self.way if self.way in WAYS else None
        return store.Filters(way, self.year, self.call, self.country, self.other, self.organisation)

    def address(self, path: str = HERE, **changes: Any) -> str:
        """The page with these filters, some changed."""
        asked = {name: str(value) for name, value in (self.model_dump() | changes).items() if value is not None}
        return path + (f"?{urlencode(asked)}" if asked else "")


def asked_of(request: Request) -> Asked:
    """What the address of a request asks for."""
    return Asked.model_validate(dict(request.query_params))


Wanted = Annotated[Asked, Depends(asked_of)]


@router.get("/balance")
async def show(
    request: Request,
    principal: Decider,
    bus: BusDep,
    asked: Wanted,
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """What the country or EU agency has sent and hosted."""
    async with bus.read() as session:
        found = await balance(session, principal, asked.filters, page)
        known = await calls_store.calls(session)
        countries = [one.key[0] for one in await store.sums(session, principal, store.Filters(), by=("country",))]
    several = principal.has(Role.PROGRAMME_COORDINATOR) or len({row.key[0] for row in found.by_year}) > 1
    return render(
        request,
        "oversight/balance.html",
        counts=[_count(found.totals, way, asked) for way in WAYS],
        by_year=[_year(row, asked, found.calls, several=several) for row in found.by_year],
        by_place=[_place(row, asked, found.organisations, several=several) for row in found.by_place],
        several=several,
        rows=[
            [
                {"text": line.reference, "href": f"/applications/{_kind(line)}s/{line.id}"},
                gettext(WAYS[line.way]),
                labels.country(line.other),
                found.organisations.get(line.other_organisation_id, "") if line.other_organisation_id else "",
                tag(_kind(line), line.state),
                dates.day(line.first, short=True),
                line.days if _kind(line) == "visit" else None,
            ]
            for line in found.lines
        ],
        total=found.total,
        page=page,
        narrowed=asked.filters != store.Filters(),
        fields=_fields(asked, known, sorted(set(countries), key=labels.country)),
        csv_href=asked.address(f"{HERE}.csv"),
    )


def _kind(line: store.Line) -> str:
    return "visit" if line.way in {"sent", "hosted"} else "mentorship"


def _count(totals: Row, way: str, asked: Asked) -> dict[str, Any]:
    days = totals.days[way]
    name = gettext(WAYS[way])
    if way in {"sent", "hosted"}:
        name = f"{name}, {ngettext('%(num)d day', '%(num)d days', days) % {'num': days}}"
    return {"count": totals.counts[way], "name": name, "href": asked.address(way=way), "tone": "go"}


def _cells(row: Row, asked: Asked, **keys: Any) -> list[Any]:
    """How many and how many days, each number leading to exactly its cases."""
    cells: list[Any] = []
    for way in WAYS:
        count = row.counts[way]
        cells.append({"text": count, "href": asked.address(way=way, **keys)} if count else 0)
        if way in {"sent", "hosted"}:
            cells.append(row.days[way])
    return cells


def _year(row: Row, asked: Asked, names: dict[UUID, str], *, several: bool) -> list[Any]:
    country, year, call_id = row.key
    keys = {"country": country, "year": int(year), "call": call_id}
    first = [labels.country(country)] if several else []
    return [
        {"text": str(int(year)), "href": asked.address(year=int(year))},
        *first,
        names.get(call_id, ""),
        *_cells(row, asked, **keys),
    ]


def _place(row: Row, asked: Asked, names: dict[UUID, str], *, several: bool) -> list[Any]:
    country, other, organisation_id = row.key
    keys = {"country": country, "other": other, "organisation": organisation_id}
    first = [labels.country(country)] if several else []
    return [
        {"text": labels.country(other), "href": asked.address(other=other)},
        *first,
        names.get(organisation_id, ""),
        *_cells(row, asked, **keys),
    ]


def _fields(asked: Asked, known: list[calls_store.Call], countries: list[str]) -> list[dict[str, Any]]:
    years = sorted({call.terms.opens.year + n for call in known for n in (0, 1)}, reverse=True)
    fields: list[dict[str, Any]] = [
        {
            "name": "way",
            "label": gettext("Which"),
            "options": [(one, gettext(WAYS[one])) for one in WAYS],
            "value": asked.way,
        },
        {"name": "year", "label": gettext("Year"), "options": [(str(y), str(y)) for y in years], "value": asked.year},
        {
            "name": "call",
            "label": gettext("Call"),
            "options": [(str(call.id), f"{call.reference} {call.title}") for call in known],
            "value": asked.call,
        },
    ]
    return fields + country_filter([(code, labels.country(code)) for code in countries], asked.country)


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
async def download(principal: Decider, bus: BusDep, asked: Wanted) -> Response:
    """The cases behind the page as CSV, with the same filters: no name of a person; 10,000 lines at the most."""
    async with bus.read() as session:
        lines, _ = await store.lines(session, principal, asked.filters, 1, store.MOST)
        known = await calls_store.calls_by_id(session, {line.call_id for line in lines})
        ids = {one for line in lines for one in (line.organisation_id, line.other_organisation_id) if one is not None}
        names = {one.id: one.name for one in await entries.organisations(session, ids=ids)}
    rows = [
        [
            line.way,
            line.reference,
            known[line.call_id].reference,
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
