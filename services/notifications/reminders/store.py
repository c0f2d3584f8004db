"""The days of digests that were written, and the counts of deadlines that wait for coordinators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col

from services.notifications.deadlines.model.lists import DeadlineFilter
from services.notifications.deadlines.model.rules import PROGRAMME
from services.notifications.deadlines.store.deadlines import DeadlineRow
from services.notifications.deadlines.store.lists import conditions
from services.notifications.tables import Table, table_of
from shared.contracts.codes import AudienceKind, DeadlineKind

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_OFFICES = (
    AudienceKind.HOME_COORDINATOR,
    AudienceKind.HOME_DEPUTY,
    AudienceKind.HOST_COORDINATOR,
    AudienceKind.HOST_DEPUTY,
    AudienceKind.PROGRAMME_COORDINATOR,
)


class DigestDay(Table, table=True):
    """The newest day (local) whose digest was considered at a place, whether there was one or not."""

    __tablename__ = "digest"

    place: str = Field(primary_key=True, description="A country, an EU agency's id, or `programme`")
    day: date
    at: datetime = Field(sa_type=sa.DateTime(timezone=True), description="Domain time")


@dataclass(frozen=True, slots=True)
class WaitingCount:
    """The number of deadlines of a kind that wait at a place, and of the overdue ones among them."""

    place: str
    kind: DeadlineKind
    count: int
    over: int


async def waiting(session: AsyncSession, now: datetime) -> list[WaitingCount]:
    """Return what waits for coordinators at domain time `now`, by place, in the order of the kinds' codes."""
    programme = col(DeadlineRow.owner) == AudienceKind.PROGRAMME_COORDINATOR.value
    place = sa.case((programme, PROGRAMME), else_=sa.func.split_part(col(DeadlineRow.holder_key), ":", 2)).label(
        "place"
    )
    over = sa.func.count().filter(col(DeadlineRow.due) < now)
    query = sa.select(place, col(DeadlineRow.kind), sa.func.count(), over)
    query = query.where(*conditions(DeadlineFilter(now)), col(DeadlineRow.owner).in_([kind.value for kind in _OFFICES]))
    query = query.group_by(place, col(DeadlineRow.kind)).order_by(place, col(DeadlineRow.kind))
    known = frozenset(DeadlineKind)  # of any other kind is a deadline that the reminders have set aside
    return [
        WaitingCount(place, DeadlineKind(kind), int(count), int(late))
        for place, kind, count, late in (await session.execute(query)).all()
        if kind in known
    ]


async def days(session: AsyncSession) -> dict[str, date]:
    """Return the newest day of each place's digest."""
    query = sa.select(col(DigestDay.place), col(DigestDay.day))
    return {row.place: row.day for row in (await session.execute(query)).all()}


async def mark(session: AsyncSession, place: str, day: date, now: datetime) -> None:
    """Record that a place's digest of that day is done."""
    new = insert(table_of(DigestDay)).values(place=place, day=day, at=now)
    changes = {"day": new.excluded.day, "at": new.excluded.at}
    await session.execute(new.on_conflict_do_update(index_elements=["place"], set_=changes))
