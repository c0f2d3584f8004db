"""The plans of visits, with the state and result of the search for the best."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Index, select, text
from sqlmodel import Field, col

from services.matching.scheduling.model import PlannedChange
from services.matching.tables import Table, document, moment
from shared.bus.db.locking import for_update

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession


class DatePlan(Table, table=True):
    """A plan of the dates of a call's visits; it has no effect until its moves are proposed.

    `cost`, `bound` and `first_cost` are the engine's four numbers; `changes` are the visits that would get other dates
    or first dates.
    """

    __tablename__ = "date_plan"
    __table_args__ = (
        Index("date_plan_call", "call_id", "asked_at"),
        Index("date_plan_searching", "asked_at", postgresql_where=text("state = 'searching'")),
    )

    id: UUID = Field(primary_key=True)
    call_id: UUID
    state: str
    asked_by: str
    asked_at: datetime = Field(sa_column=moment())
    finished_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    input_version: int
    seconds: int
    visits: int
    units: int
    done: int = 0
    first_cost: list[int] = Field(sa_column=document())
    cost: list[int] = Field(sa_column=document())
    bound: list[int] = Field(sa_column=document())
    changes: tuple[PlannedChange, ...] = Field(sa_column=document(tuple[PlannedChange, ...]))


async def add(session: AsyncSession, plan: DatePlan) -> None:
    """Insert a new plan."""
    session.add(plan)
    await session.flush()


async def plan(session: AsyncSession, plan_id: UUID, *, lock: bool = False) -> DatePlan | None:
    """Return one plan."""
    query = select(DatePlan).where(col(DatePlan.id) == plan_id)
    return (await session.scalars(for_update(query) if lock else query)).one_or_none()


async def newest(session: AsyncSession, call_id: UUID) -> DatePlan | None:
    """Return the newest plan of a call."""
    query = select(DatePlan).where(col(DatePlan.call_id) == call_id).order_by(col(DatePlan.asked_at).desc())
    return (await session.scalars(query.limit(1))).one_or_none()


async def searched(session: AsyncSession, call_id: UUID, *, lock: bool = False) -> list[DatePlan]:
    """Return the plans of a call that are still improved, the newest first."""
    query = select(DatePlan).where(text("state = 'searching'"), col(DatePlan.call_id) == call_id)
    query = query.order_by(col(DatePlan.asked_at).desc())
    return list(await session.scalars(for_update(query) if lock else query))


async def searching(session: AsyncSession) -> list[UUID]:
    """Return the plans that are still improved, the oldest first."""
    found = await session.scalars(
        select(col(DatePlan.id)).where(text("state = 'searching'")).order_by(col(DatePlan.asked_at))
    )
    return list(found)


async def with_references(session: AsyncSession, match_ids: Sequence[UUID]) -> list[Row[Any]]:
    """Return the visits of these matches, with the references that a page shows, by reference."""
    found = await session.execute(
        text(
            "SELECT v.match_id, v.application_id, v.state, v.start, v.end_day, v.country, v.host_country,"
            " v.proposal IS NOT NULL AS asked, c.reference, c.group_id, p.reference AS seat_reference,"
            " p.title AS seat_title FROM visit v"
            " LEFT JOIN candidate c ON c.id = v.application_id LEFT JOIN seat p ON p.id = v.offer_id"
            " WHERE v.match_id = ANY(:matches) ORDER BY c.reference, v.id"
        ),
        {"matches": sorted(match_ids)},
    )
    return list(found)
