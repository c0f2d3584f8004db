"""What has a country sent and hosted, as one table: by year and call, by country and organisation?"""

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
    """One key with what was sent, hosted, received and given: how many, and how many days of visits."""

    key: tuple[Any, ...]
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(store.WAYS, 0))
    days: dict[str, int] = field(default_factory=lambda: dict.fromkeys(store.WAYS, 0))


@dataclass(frozen=True, slots=True)
class Balance:
    """The whole page: totals by direction, both tables, one page of the cases, and the names of what they stand for."""

    totals: Row
    by_year: list[Row]
    by_place: list[Row]
    lines: list[store.Line]
    total: int
    calls: dict[UUID, str]
    organisations: dict[UUID, str]


async def balance(session: AsyncSession, principal: Principal, filters: store.Filters, page: int = 1) -> Balance:
    """What the principal's country or EU agency (the programme: each country) has sent and hosted."""
    totals = rows(await store.sums(session, principal, filters.wide(), by=()))
    by_year = rows(await store.sums(session, principal, filters.wide(), by=YEARS))
    by_place = rows(await store.sums(session, principal, filters.wide(), by=PLACES))
    lines, total = await store.lines(session, principal, filters, page)
    named = {row.key[2] for row in by_place} | {line.organisation_id for line in lines}
    names = {one.id: one.name for one in await entries.organisations(session, ids={one for one in named if one})}
    known = await calls_store.calls_by_id(session, {row.key[2] for row in by_year})
    references = {id_: call.reference for id_, call in known.items()}
    first = totals[0] if totals else Row(())
    by_year.sort(key=lambda row: (-row.key[1], row.key[0]))
    return Balance(first, by_year, by_place, lines, total, references, names)


def rows(sums: list[store.Sum]) -> list[Row]:
    """The sums of all directions under one key as one row, in their order."""
    found: dict[tuple[Any, ...], Row] = {}
    for one in sums:
        row = found.setdefault(one.key, Row(one.key))
        row.counts[one.way], row.days[one.way] = one.count, one.days
    return list(found.values())
