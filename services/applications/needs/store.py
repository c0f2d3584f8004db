"""Which training needs does the OTNA name, and what was uploaded and is not confirmed yet?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.needs.model import NeedEntry
from services.applications.tables import Table, one_page

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Need(Table, table=True):
    """A training need as it is now."""

    __tablename__ = "need"
    __table_args__ = (
        sa.UniqueConstraint("country", "scheme", "topic_code", "area", "level", "since", "until", name="need_once"),
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
    version: int = Field(default=1, description="Counts its changes: the optimistic lock of forms")
    changed_at: datetime = Field(sa_type=_TIME)

    @property
    def entry(self) -> NeedEntry:
        """The need as an entry."""
        values = self.model_dump(include=set(NeedEntry.model_fields))
        return NeedEntry.model_validate(values | {"area": self.area or None})


class NeedImport(Table, table=True):
    """A table of needs that was uploaded: its cells as they were, until it is confirmed, discarded or over."""

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
    state: str = "waits"
    result: dict[str, int] = Field(default_factory=dict, sa_type=JSONB, description="added, changed, unchanged, wrong")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of needs is narrowed to; None is no filter."""

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


async def needs(
    session: AsyncSession, countries: Collection[str] | None, filters: Filters, page: int = 1
) -> tuple[list[Need], int, int]:
    """One page of needs, how many there are, and for how many people they are in all."""
    among: list[sa.ColumnElement[bool]] = [col(Need.withdrawn).is_(filters.withdrawn)]
    if countries is not None:
        among.append(col(Need.country).in_(sorted(countries)))
    if filters.country:
        among.append(col(Need.country) == filters.country)
    if filters.topic_code:
        among.append(col(Need.topic_code) == filters.topic_code)
    if filters.level:
        among.append(col(Need.level) == filters.level)
    if filters.area:
        among.append(col(Need.area) == filters.area)
    sums = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(col(Need.quantity)), 0)).where(*among)
    total, people = (await session.execute(sums)).one()
    by = _SORTS.get(filters.sort.lstrip("-"), _SORTS["country"])
    order = by.desc() if filters.sort.startswith("-") else by.asc()
    query = (
        select(Need)
        .where(*among)
        .order_by(order, col(Need.country), col(Need.topic_code), col(Need.level), col(Need.id))
    )
    found = await session.scalars(one_page(query, page))
    return list(found.all()), int(total), int(people)


async def need(session: AsyncSession, need_id: UUID, *, lock: bool = False) -> Need | None:
    """One need; with `lock` nobody else changes it until the commit."""
    return await session.get(Need, need_id, with_for_update=lock, populate_existing=lock)


async def alone(session: AsyncSession) -> None:
    """Nobody else writes needs until the commit: so that a need cannot be entered twice."""
    await session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('register.needs'))"))


async def same(session: AsyncSession, entries: Iterable[NeedEntry]) -> dict[tuple[Any, ...], Need]:
    """The needs that are the same as these entries but for the quantity, by their keys."""
    wanted = list(entries)
    if not wanted:
        return {}
    query = select(Need).where(
        col(Need.country).in_(sorted({one.country for one in wanted})),
        col(Need.topic_code).in_(sorted({one.topic_code for one in wanted})),
    )
    keys = {one.key for one in wanted}
    return {one.entry.key: one for one in (await session.scalars(query)).all() if one.entry.key in keys}


async def upload(session: AsyncSession, import_id: UUID, *, lock: bool = False) -> NeedImport | None:
    """One uploaded table; with `lock` nobody else confirms it until the commit."""
    return await session.get(NeedImport, import_id, with_for_update=lock, populate_existing=lock)


async def waiting_uploads(session: AsyncSession, subject: str, moment: datetime) -> list[NeedImport]:
    """What somebody uploaded and has not confirmed, the newest first; at most ten."""
    query = (
        select(NeedImport)
        .where(NeedImport.subject == subject, NeedImport.state == "waits", col(NeedImport.expires_at) > moment)
        .order_by(col(NeedImport.uploaded_at).desc())
        .limit(10)
    )
    return list((await session.scalars(query)).all())


async def forget_imports(session: AsyncSession, moment: datetime) -> None:
    """Take away what was uploaded and is over."""
    await session.execute(sa.delete(NeedImport).where(col(NeedImport.expires_at) <= moment))


# So many can be looked through on a page; a call cites needs of its own topics only.
MOST_FOR_CALLS = 500


async def for_calls(
    session: AsyncSession, cited: Collection[UUID], topics: Collection[str] = (), since: date | None = None
) -> dict[UUID, Need]:
    """By id, the needs with these ids, and those of `topics` that stand and are not over on `since`, by country."""
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
