"""Show what a country has sent and hosted: by year and call, by country and organisation, and the cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import Field

from services.applications.calls import store as calls_store
from services.applications.oversight.model import Way
from services.applications.overview.store import balance as store
from services.applications.overview.store.balance import Filters
from services.applications.register.store import entries
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal
    from shared.web.paging import PageRequest


class BalanceCounts(ReadModel):
    """The number of visits sent and hosted, and of mentorships received and given."""

    sent: int = 0
    hosted: int = 0
    received: int = 0
    given: int = 0

    def of(self, way: Way) -> int:
        """Return the number of one direction."""
        return int(getattr(self, way.value))


class BalanceDays(ReadModel):
    """The number of days attended until now, in visits sent and hosted."""

    sent: int = 0
    hosted: int = 0

    def of(self, way: Way) -> int:
        """Return the days of one direction of visits; 0 for mentorships."""
        return int(getattr(self, way.value, 0))


class BalanceTotals(ReadModel):
    """The figures of all years, countries and organisations."""

    counts: BalanceCounts
    days: BalanceDays


class BalanceOfYear(BalanceTotals):
    """The figures of one year and call."""

    country: Annotated[str, Field(description="Whose figures they are.", examples=["AM"])]
    year: Annotated[int, Field(examples=[2026])]
    call_id: UUID


class BalanceWithPlace(BalanceTotals):
    """The figures with one organisation of the other side."""

    country: Annotated[str, Field(description="Whose figures they are.", examples=["AM"])]
    other: Annotated[str, Field(description="The country of the other side.", examples=["FR"])]
    organisation_id: Annotated[UUID | None, Field(description="Of the other side.")]


class Balance(ReadModel):
    """The ledger of a country or an EU agency; the programme coordinator reads that of each country."""

    totals: BalanceTotals
    by_year_and_call: tuple[BalanceOfYear, ...]
    by_country_and_organisation: tuple[BalanceWithPlace, ...]


class BalanceCase(ReadModel):
    """One visit or mentorship, seen from one side."""

    way: Way
    id: UUID
    reference: Annotated[str, Field(examples=["AM-2026-0001"])]
    call_id: UUID
    country: Annotated[str, Field(examples=["AM"])]
    organisation_id: UUID | None
    other: Annotated[str, Field(description="The country of the other side.", examples=["FR"])]
    other_organisation_id: UUID | None
    state: Annotated[str, Field(examples=["completed"])]
    first: Annotated[date, Field(description="The first day.")]
    days: Annotated[int, Field(description="The days attended by now; 0 for a mentorship.", examples=[5])]

    @property
    def kind(self) -> str:
        """Return what it is: `visit` or `mentorship`."""
        return "visit" if self.way.of_visits else "mentorship"


@dataclass(frozen=True, slots=True)
class OfferedCall:
    """A call as the filter offers it; `year` is the year in which it opens."""

    id: UUID
    reference: str
    title: str
    year: int


@dataclass(frozen=True, slots=True)
class BalanceDetails:
    """All that the page shows: figures, one page of cases, names by id, and what the filters offer."""

    balance: Balance
    cases: list[BalanceCase]
    total: int
    references: dict[UUID, str]
    organisations: dict[UUID, str]
    calls: list[OfferedCall]
    countries: list[str]


@dataclass(frozen=True, slots=True)
class BalanceFile:
    """The cases of the file, with the references of calls and the names of organisations by id."""

    cases: list[BalanceCase]
    references: dict[UUID, str]
    organisations: dict[UUID, str]


async def balance(session: AsyncSession, principal: Principal, filters: Filters) -> Balance:
    """Return the figures of the principal's country or EU agency (the programme: of each country)."""
    wide = filters.wide()
    totals = await store.totals(session, principal, wide, by=())
    years = await store.totals(session, principal, wide, by=("country", "year", "call_id"))
    places = await store.totals(session, principal, wide, by=("country", "other", "other_organisation_id"))
    by_year = [
        BalanceOfYear(country=country, year=int(year), call_id=call_id, **_figures(sums))
        for (country, year, call_id), sums in _by_key(years).items()
    ]
    return Balance(
        totals=BalanceTotals(**_figures(totals)),
        by_year_and_call=tuple(sorted(by_year, key=lambda row: (-row.year, row.country))),
        by_country_and_organisation=tuple(
            BalanceWithPlace(country=country, other=other, organisation_id=organisation_id, **_figures(sums))
            for (country, other, organisation_id), sums in _by_key(places).items()
        ),
    )


def _by_key(sums: Iterable[store.Total]) -> dict[tuple[Any, ...], list[store.Total]]:
    by_key: dict[tuple[Any, ...], list[store.Total]] = {}
    for total in sums:
        by_key.setdefault(total.key, []).append(total)
    return by_key


def _figures(sums: Iterable[store.Total]) -> dict[str, Any]:
    """Return the sums of all directions as numbers and days."""
    known = list(sums)
    return {
        "counts": BalanceCounts(**{total.way: total.count for total in known}),
        "days": BalanceDays(**{total.way: total.days for total in known if Way(total.way).of_visits}),
    }


def _case(line: store.Line) -> BalanceCase:
    return BalanceCase.model_validate(line, from_attributes=True)


async def cases_page(
    session: AsyncSession, principal: Principal, filters: Filters, request: PageRequest
) -> Page[BalanceCase]:
    """Return one page of the cases, the one that began last first."""
    lines = await store.by_cursor(session, principal, filters, request)
    return page_of(lines, request, BalanceCase, _case, lambda line: [line.first, line.id, line.way])


async def balance_details(session: AsyncSession, principal: Principal, filters: Filters, page: int) -> BalanceDetails:
    """Return all that the page shows."""
    figures = await balance(session, principal, filters)
    lines, total = await store.lines(session, principal, filters, page)
    countries = await store.totals(session, principal, Filters(), by=("country",))
    organisations = {row.organisation_id for row in figures.by_country_and_organisation}
    calls = await calls_store.calls_by_id(session, {row.call_id for row in figures.by_year_and_call})
    return BalanceDetails(
        figures,
        [_case(line) for line in lines],
        total,
        {id_: call.reference for id_, call in calls.items()},
        await _names(session, organisations | {line.other_organisation_id for line in lines}),
        [
            OfferedCall(call.id, call.reference, call.title, call.terms.opens.year)
            for call in await calls_store.calls(session)
        ],
        sorted({total.key[0] for total in countries}),
    )


async def balance_file(session: AsyncSession, principal: Principal, filters: Filters) -> BalanceFile:
    """Return the cases behind the page; at most 10,000."""
    lines, _ = await store.lines(session, principal, filters, 1, store.MOST)
    calls = await calls_store.calls_by_id(session, {line.call_id for line in lines})
    organisations = {id_ for line in lines for id_ in (line.organisation_id, line.other_organisation_id)}
    return BalanceFile(
        [_case(line) for line in lines],
        {id_: call.reference for id_, call in calls.items()},
        await _names(session, organisations),
    )


async def _names(session: AsyncSession, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the names of organisations by id."""
    rows = await entries.organisations(session, ids={id_ for id_ in ids if id_ is not None})
    return {row.id: row.name for row in rows}


__all__ = [
    "Balance",
    "BalanceCase",
    "BalanceCounts",
    "BalanceDays",
    "BalanceDetails",
    "BalanceFile",
    "BalanceOfYear",
    "BalanceTotals",
    "BalanceWithPlace",
    "Filters",
    "OfferedCall",
    "balance",
    "balance_details",
    "balance_file",
    "cases_page",
]
