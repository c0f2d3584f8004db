"""Show what a country has sent and hosted: by year and call, by country and organisation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.applications.calls import store as calls_store
from services.applications.overview.store import balance as store
from services.applications.register.store import entries

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal

YEARS = ("country", "year", "call_id")
PLACES = ("country", "other", "other_organisation_id")


@dataclass(slots=True)
class Row:
    """One key with numbers and days of visits by direction: sent, hosted, received, given."""

    key: tuple[Any, ...]
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(store.WAYS, 0))
    days: dict[str, int] = field(default_factory=lambda: dict.fromkeys(store.WAYS, 0))


@dataclass(frozen=True, slots=True)
class Balance:
    """The whole page: totals, both tables, one page of cases, and the names of calls and organisations."""

    totals: Row
    by_year: list[Row]
    by_place: list[Row]
    lines: list[store.Line]
    total: int
    calls: dict[UUID, str]
    organisations: dict[UUID, str]


async def balance(session: AsyncSession, principal: Principal, filters: store.Filters, page: int = 1) -> Balance:
    """Return what the principal's country or EU agency (the programme: each country) has sent and hosted."""
    totals = rows(await store.totals(session, principal, filters.wide(), by=()))
    by_year = rows(await store.totals(session, principal, filters.wide(), by=YEARS))
    by_place = rows(await store.totals(session, principal, filters.wide(), by=PLACES))
    lines, total = await store.lines(session, principal, filters, page)
    organisation_ids = {row.key[2] for row in by_place} | {line.organisation_id for line in lines}
    names = {
        organisation.id: organisation.name
        for organisation in await entries.organisations(
            session, ids={organisation for organisation in organisation_ids if organisation}
        )
    }
    calls = await calls_store.calls_by_id(session, {row.key[2] for row in by_year})
    references = {id_: call.reference for id_, call in calls.items()}
    first = totals[0] if totals else Row(())
    by_year.sort(key=lambda row: (-row.key[1], row.key[0]))
    return Balance(first, by_year, by_place, lines, total, references, names)


def rows(sums: list[store.Total]) -> list[Row]:
    """Return the sums of all directions under one key as one row, in their order."""
    by_key: dict[tuple[Any, ...], Row] = {}
    for item in sums:
        row = by_key.setdefault(item.key, Row(item.key))
        row.counts[item.way], row.days[item.way] = item.count, item.days
    return list(by_key.values())
