"""List and count open deadlines by week, holder and country."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlmodel import col

from services.notifications.cases.store.cases import CaseRow, with_references
from services.notifications.cases.store.deputies import Deputyship
from services.notifications.deadlines.model.lists import GROUPS, PAGE, DeadlineFilter, Group, Grouping
from services.notifications.deadlines.model.rules import LAPSING, NOBODY
from services.notifications.deadlines.store.deadlines import DeadlineEntry, DeadlineRow, still_asked
from shared.time.workdays import ZONE
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest


async def deadlines_page(
    session: AsyncSession, filters: DeadlineFilter, page: int = 1, size: int = PAGE
) -> tuple[list[DeadlineEntry], int]:
    """Return one page of the open deadlines, the first due first, and their number."""
    where = _where(filters)
    total = await session.scalar(sa.select(sa.func.count()).select_from(DeadlineRow).where(*where))
    query = sa.select(DeadlineRow).where(*where).order_by(col(DeadlineRow.due), col(DeadlineRow.id))
    rows = (await session.scalars(query.limit(size).offset((page - 1) * size))).all()
    # A deadline with a holder has its case; joined here, the cases of the rows before the page would be read as well.
    of_rows = sa.select(CaseRow).where(col(CaseRow.id).in_({row.case_id for row in rows}))
    found = {case.id: case for case in await session.scalars(of_rows)}
    return await _entries(session, [(row, found[row.case_id]) for row in rows if row.case_id in found]), int(total or 0)


async def deadlines_by_cursor(
    session: AsyncSession, filters: DeadlineFilter, request: PageRequest
) -> list[DeadlineEntry]:
    """Return one page of the open deadlines, the first due first; `since` is when they were set."""
    query = _with_case(_where(filters))
    if request.since is not None:
        query = query.where(col(DeadlineRow.set_at) >= request.since)
    keys = (col(DeadlineRow.due), col(DeadlineRow.id))
    rows = await session.execute(cut(query, keys, request))  # type: ignore[arg-type]  # it keeps a query's columns
    return await _entries(session, rows.all())


def _with_case(where: Sequence[sa.ColumnElement[bool]]) -> sa.Select[DeadlineRow, CaseRow]:
    return sa.select(DeadlineRow, CaseRow).join(CaseRow, col(CaseRow.id) == col(DeadlineRow.case_id)).where(*where)


async def _entries(session: AsyncSession, rows: Iterable[Any]) -> list[DeadlineEntry]:
    found: list[tuple[DeadlineRow, CaseRow]] = [(row, case) for row, case in rows]
    cases_by_id = await with_references(session, {case.id: case.case() for _, case in found})
    # A case whose application has not arrived yet has no reference; it is counted, so it is listed.
    return [DeadlineEntry(row.id, row.deadline(), cases_by_id.get(case.id, case.case())) for row, case in found]


async def groups(session: AsyncSession, filters: DeadlineFilter, by: Grouping) -> list[Group]:
    """Return the open deadlines counted by week (in order), or by holder or country (the most first)."""
    due = col(DeadlineRow.due)
    value: sa.SQLColumnExpression[Any] = {
        "week": sa.cast(sa.func.date_trunc("week", sa.func.timezone(ZONE.key, due)), sa.Date),
        "whom": col(DeadlineRow.holder_key),
        "country": col(DeadlineRow.country),
    }[by]
    value = value.label("value")
    count = sa.func.count().label("count")
    over = sa.func.count().filter(due < filters.now).label("over")
    query = sa.select(value, count, over).where(*_where(filters)).group_by(value)
    if by == "whom":
        query = query.add_columns(
            sa.func.min(col(DeadlineRow.owner)).label("owner"),
            sa.cast(sa.func.min(sa.cast(col(DeadlineRow.case_id), sa.Text)), sa.Uuid).label("case_id"),
        )
    query = query.order_by(value) if by == "week" else query.order_by(count.desc(), value)
    return [Group(**row) for row in (await session.execute(query.limit(GROUPS))).mappings()]


async def overdue_count(session: AsyncSession, *, now: datetime, countries: frozenset[str] | None) -> int:
    """Return how many open deadlines are overdue."""
    where = _where(replace(DeadlineFilter(now, countries), over=True))
    return int(await session.scalar(sa.select(sa.func.count()).select_from(DeadlineRow).where(*where)) or 0)


def conditions(filters: DeadlineFilter) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a list, for other queries; without filters, all open deadlines that count."""
    return _where(filters)


def _where(filters: DeadlineFilter) -> list[sa.ColumnElement[bool]]:
    due, now = col(DeadlineRow.due), filters.now
    where: list[sa.ColumnElement[bool]] = [
        sa.text("deadline.open"),  # type: ignore[list-item]  # the very words of the partial indexes
        col(DeadlineRow.holder_key) != NOBODY,
        sa.or_(due >= now, col(DeadlineRow.kind).not_in(sorted(LAPSING))),
        still_asked(now),
        _counts(now),
    ]
    equal = {
        DeadlineRow.kind: filters.kind and filters.kind.value,
        DeadlineRow.owner: filters.owner and filters.owner.value,
        DeadlineRow.country: filters.country,
        DeadlineRow.holder_key: filters.whom,
    }
    where += [col(column) == value for column, value in equal.items() if value is not None]
    if filters.countries is not None:
        where.append(col(DeadlineRow.country).in_(sorted(filters.countries)))
    if filters.holders is not None:
        where.append(col(DeadlineRow.holder_key).in_(sorted(filters.holders)))
    return where + _between(filters)


def _between(filters: DeadlineFilter) -> list[sa.ColumnElement[bool]]:
    """Return the bounds of the date."""
    due, where = col(DeadlineRow.due), []
    if filters.over is not None:
        where.append(due < filters.now if filters.over else due >= filters.now)
    if filters.week is not None:
        where += [due >= _midnight(filters.week), due < _midnight(filters.week + timedelta(days=7))]
    if filters.since is not None:
        where.append(due >= filters.since)
    if filters.until is not None:
        where.append(due < filters.until)
    return where


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def _counts(now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that a deadline counts: a deputy's does once the coordinator's has passed that day."""
    after = col(DeadlineRow.after)
    day = sa.cast(sa.func.timezone(ZONE.key, after), sa.Date)
    deputy = sa.exists().where(
        col(Deputyship.place) == sa.func.split_part(col(DeadlineRow.holder_key), ":", 2),
        col(Deputyship.since) <= day,
        sa.or_(col(Deputyship.until).is_(None), col(Deputyship.until) >= day),
    )
    return sa.or_(after.is_(None), sa.and_(after < now, deputy.correlate(DeadlineRow)))
