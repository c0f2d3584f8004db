"""Store training needs and uploaded tables that wait for confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.needs.model import ImportState, NeedEntry
from services.applications.tables import Table, one_page
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)


class Need(Table, table=True):
    """A training need as it is now."""

    __tablename__ = "need"
    __table_args__ = (
        sa.UniqueConstraint("country", "scheme", "topic_code", "area", "level", "since", "until", name="need_once"),
        sa.Index("need_changed_at", "changed_at"),
        sa.Index("need_topic_code", "topic_code", "country"),
    )

    id: UUID = Field(primary_key=True)
    country: str
    scheme: str
    topic_code: str
    area: str = Field(default="", description="Empty: the topic as a whole")
    level: int
    quantity: int
    since: date
    until: date
    withdrawn: bool = False
    changed_at: datetime = Field(sa_type=_TIME)

    @property
    def entry(self) -> NeedEntry:
        """Return the need as an entry."""
        values = self.model_dump(include=set(NeedEntry.model_fields))
        return NeedEntry.model_validate(values | {"area": self.area or None})


class NeedImport(Table, table=True):
    """An uploaded table of needs: its cells, until it is confirmed, discarded or expired."""

    __tablename__ = "need_import"
    __table_args__ = (
        sa.Index("need_import_subject", "subject", "uploaded_at"),
        sa.Index("need_import_expires_at", "expires_at"),
    )

    id: UUID = Field(primary_key=True)
    subject: str = Field(description="Who uploaded it, and alone sees it")
    filename: str
    cells: list[list[Any]] = Field(sa_type=JSONB, description="Rows of [text, is a formula]")
    uploaded_at: datetime = Field(sa_type=_TIME)
    expires_at: datetime = Field(sa_type=_TIME)
    state: str = ImportState.WAITS
    result: dict[str, int] = Field(default_factory=dict, sa_type=JSONB, description="added, changed, unchanged, wrong")


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters of the list of needs; None is no filter."""

    country: str | None = None
    topic_code: str | None = None
    level: int | None = None
    area: str | None = None
    withdrawn: bool = False
    sort: str = "country"


_SORTS: dict[str, Any] = {
    "country": col(Need.country),
    "topic": col(Need.topic_code),
    "level": col(Need.level),
    "quantity": col(Need.quantity),
    "until": col(Need.until),
}


def _conditions(countries: Collection[str] | None, filters: Filters) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [col(Need.withdrawn).is_(filters.withdrawn)]
    if countries is not None:
        conditions.append(col(Need.country).in_(sorted(countries)))
    wanted = {
        col(Need.country): filters.country,
        col(Need.topic_code): filters.topic_code,
        col(Need.level): filters.level,
        col(Need.area): filters.area,
    }
    return conditions + [column == value for column, value in wanted.items() if value]


async def sums(session: AsyncSession, countries: Collection[str] | None, filters: Filters) -> tuple[int, int]:
    """Return how many needs there are, and for how many people in all."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(col(Need.quantity)), 0))
    total, people = (await session.execute(query.where(*_conditions(countries, filters)))).one()
    return int(total), int(people)


async def needs(
    session: AsyncSession, countries: Collection[str] | None, filters: Filters, page: int = 1
) -> list[Need]:
    """Return one page of needs in the order of the filters."""
    by = _SORTS.get(filters.sort.lstrip("-"), _SORTS["country"])
    order = by.desc() if filters.sort.startswith("-") else by.asc()
    query = (
        select(Need)
        .where(*_conditions(countries, filters))
        .order_by(order, col(Need.country), col(Need.topic_code), col(Need.level), col(Need.id))
    )
    return list((await session.scalars(one_page(query, page))).all())


async def needs_page(
    session: AsyncSession, countries: Collection[str] | None, filters: Filters, request: PageRequest
) -> list[Need]:
    """Return one page of needs by id."""
    query = select(Need).where(*_conditions(countries, filters))
    if request.since is not None:
        query = query.where(col(Need.changed_at) >= request.since)
    return list((await session.scalars(cut(query, [col(Need.id)], request))).all())


async def need(session: AsyncSession, need_id: UUID, *, lock: bool = False) -> Need | None:
    """Return one need; with `lock` nobody else changes it until the commit."""
    return await session.get(Need, need_id, with_for_update=lock, populate_existing=lock)


async def lock_needs(session: AsyncSession) -> None:
    """Lock the needs until the commit, so that none is entered twice."""
    await session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('register.needs'))"))


async def same(session: AsyncSession, entries: Iterable[NeedEntry]) -> dict[tuple[Any, ...], Need]:
    """Return the existing needs that equal these entries except in quantity, by key."""
    entry_list = list(entries)
    if not entry_list:
        return {}
    query = select(Need).where(
        col(Need.country).in_(sorted({entry.country for entry in entry_list})),
        col(Need.topic_code).in_(sorted({entry.topic_code for entry in entry_list})),
    )
    keys = {entry.key for entry in entry_list}
    return {entry.entry.key: entry for entry in (await session.scalars(query)).all() if entry.entry.key in keys}


async def upload(session: AsyncSession, import_id: UUID, *, lock: bool = False) -> NeedImport | None:
    """Return one uploaded table; with `lock` nobody else confirms it until the commit."""
    return await session.get(NeedImport, import_id, with_for_update=lock, populate_existing=lock)


async def waiting_uploads(session: AsyncSession, subject: str, moment: datetime) -> list[NeedImport]:
    """Return a person's uploads that wait for confirmation, newest first; at most ten."""
    query = (
        select(NeedImport)
        .where(
            NeedImport.subject == subject, NeedImport.state == ImportState.WAITS, col(NeedImport.expires_at) > moment
        )
        .order_by(col(NeedImport.uploaded_at).desc())
        .limit(10)
    )
    return list((await session.scalars(query)).all())


async def forget_imports(session: AsyncSession, moment: datetime) -> None:
    """Delete expired uploads."""
    await session.execute(sa.delete(NeedImport).where(col(NeedImport.expires_at) <= moment))


# A page with more could not be read through; a call cites needs of its own topics only.
MOST_FOR_CALLS = 500


async def for_calls(
    session: AsyncSession, cited: Collection[UUID], topics: Collection[str] = (), since: date | None = None
) -> dict[UUID, Need]:
    """Return, by id, the needs in `cited`, and the open needs of `topics` that end on `since` or later, by country."""
    wanted: list[sa.ColumnElement[bool]] = [col(Need.id).in_(sorted(cited))]
    if topics:
        open_: list[sa.ColumnElement[bool]] = [col(Need.topic_code).in_(sorted(topics)), col(Need.withdrawn).is_(False)]
        if since is not None:
            open_.append(col(Need.until) >= since)
        wanted.append(sa.and_(*open_))
    query = (
        select(Need)
        .where(sa.or_(*wanted))
        .order_by(col(Need.country), col(Need.topic_code), col(Need.level), col(Need.id))
        .limit(MOST_FOR_CALLS + len(cited))
    )
    return {need.id: need for need in (await session.scalars(query)).all()}
