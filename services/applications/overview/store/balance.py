"""The visits, with their days, and the mentorships that a country or an EU agency has sent and hosted.

Counted is what has begun: a visit that is under way or over, with the days attended by now; a mentorship once signed.
What was entered in error, cancelled, or came to nothing is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime  # noqa: TC003 - the dataclass of a row holds them
from typing import TYPE_CHECKING, Any
from uuid import UUID  # noqa: TC003 - as above

import sqlalchemy as sa

from services.applications.application.store.applications import Application
from services.applications.mentorships.store.mentorships import Mentorship
from services.applications.tables import PAGE, one_page
from services.applications.visits.store import Visit
from shared.contracts.codes import MentorshipState
from shared.contracts.lifecycle.state_sets import VISIT_BEGUN
from shared.identity.scope import coordinated
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal
    from shared.web.paging import PageRequest

MOST = 10_000
WAYS = ("sent", "hosted", "received", "given")
"""Visits sent and hosted, mentorships received and given."""
_A: sa.Table = Application.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
_V: sa.Table = Visit.__table__  # type: ignore[attr-defined]  # as above
_M: sa.Table = Mentorship.__table__  # type: ignore[attr-defined]  # as above
_BEGUN = VISIT_BEGUN
_SIGNED = (
    MentorshipState.ACTIVE,
    MentorshipState.PAUSED,
    MentorshipState.COMPLETED,
    MentorshipState.ENDED_EARLY,
)


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of the list; None is no filter."""

    way: str | None = None
    year: int | None = None
    call_id: UUID | None = None
    country: str | None = None
    other: str | None = None
    organisation_id: UUID | None = None

    def one_way(self, way: str | None) -> Filters:
        """Return the same for one direction."""
        return replace(self, way=way)

    def wide(self) -> Filters:
        """Return the same without the direction: what the figures on top count."""
        return replace(self, way=None)


@dataclass(frozen=True, slots=True)
class Line:
    """One visit or mentorship, seen from one side: `country` is whose ledger it is, `other` the other side's."""

    way: str
    id: UUID
    reference: str
    call_id: UUID
    country: str
    organisation_id: UUID | None
    other: str
    other_organisation_id: UUID | None
    state: str
    first: date
    days: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Total:
    """The number of visits or mentorships in one direction, and the days of visits, under one key."""

    key: tuple[Any, ...]
    way: str
    count: int
    days: int


def _side(principal: Principal, way: str) -> sa.Select[Any]:
    """Return one direction as columns of the same names."""
    days: sa.ColumnElement[Any]
    table, home = (_V, "sent") if way in {"sent", "hosted"} else (_M, "received")
    if table is _V:
        host_country, host_organisation = _V.c.host_country, _V.c.host_organisation_id
        first, days, begun = _V.c.start, sa.func.jsonb_array_length(_V.c.attended), _V.c.state.in_(_BEGUN)
        call_id = _V.c.call_id
    else:
        host_country, host_organisation = _M.c.mentor_country, _M.c.mentor_organisation_id
        first, days, begun = _M.c.started_on, sa.literal(0), _M.c.state.in_(_SIGNED)
        call_id = _A.c.call_id
    sides = [(table.c.country, _A.c.organisation_id), (host_country, host_organisation)]
    (country, organisation), (other, other_organisation) = sides if way == home else sides[::-1]
    return (
        sa.select(
            sa.literal(way, sa.String).label("way"),
            table.c.id,
            _A.c.reference,
            call_id.label("call_id"),
            country.label("country"),
            organisation.label("organisation_id"),
            other.label("other"),
            other_organisation.label("other_organisation_id"),
            table.c.state,
            first.label("first"),
            days.label("days"),
            table.c.since.label("changed_at"),
        )
        .select_from(sa.join(table, _A, table.c.application_id == _A.c.id))
        .where(begun, first.is_not(None), coordinated(principal, country=country, organisation=organisation))
    )


def _lines(principal: Principal, filters: Filters) -> sa.Subquery:
    ways = [way for way in WAYS if filters.way in {None, way}]
    both = sa.union_all(*(_side(principal, way) for way in ways)).subquery()
    wanted = {
        both.c.call_id: filters.call_id,
        both.c.country: filters.country,
        both.c.other: filters.other,
        both.c.other_organisation_id: filters.organisation_id,
        sa.extract("year", both.c.first): filters.year,
    }
    query = sa.select(both).where(*(column == value for column, value in wanted.items() if value is not None))
    return query.subquery()


async def lines(
    session: AsyncSession, principal: Principal, filters: Filters, page: int = 1, size: int = PAGE
) -> tuple[list[Line], int]:
    """Return one page of the visits and mentorships, the newest first, and how many there are."""
    selected = _lines(principal, filters)
    total = (await session.execute(sa.select(sa.func.count()).select_from(selected))).scalar_one()
    query = sa.select(selected).order_by(selected.c.first.desc(), selected.c.id, selected.c.way)
    return [Line(*row) for row in (await session.execute(one_page(query, page, size))).all()], int(total)


async def by_cursor(session: AsyncSession, principal: Principal, filters: Filters, request: PageRequest) -> list[Line]:
    """Return one page of the visits and mentorships, the newest first; `since` is when one came into its state."""
    selected = _lines(principal, filters)
    query = sa.select(selected)
    if request.since is not None:
        query = query.where(selected.c.changed_at >= request.since)
    keys = [selected.c.first, selected.c.id, selected.c.way]
    return [Line(*row) for row in (await session.execute(cut(query, keys, request, newest=True))).all()]


async def totals(session: AsyncSession, principal: Principal, filters: Filters, *, by: Sequence[str]) -> list[Total]:
    """Return how much of each direction there is, by some of the columns (`year` too), in the order of these."""
    selected = _lines(principal, filters)
    keys = [sa.extract("year", selected.c.first) if name == "year" else selected.c[name] for name in by]
    query = (
        sa.select(*keys, selected.c.way, sa.func.count(), sa.func.coalesce(sa.func.sum(selected.c.days), 0))
        .group_by(*keys, selected.c.way)
        .order_by(*keys, selected.c.way)
        .limit(MOST)
    )
    return [
        Total(tuple(keys_), way, int(count), int(days))
        for *keys_, way, count, days in (await session.execute(query)).all()
    ]  # fmt: skip - one value a line says less
