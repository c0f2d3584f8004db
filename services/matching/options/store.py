"""The calculated options of cohorts, each a job as well: an instance works on it while it has its lease."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Index, select, text
from sqlmodel import Field, col

from services.matching.options.model import OptionsOutcome, OptionsState
from services.matching.tables import Table, document, keep, moment
from shared.bus.db.locking import for_update

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_OPEN = text("state IN ('waiting', 'running')")


class OptionSet(Table, table=True):
    """The options of one cohort of a call, calculated from the facts of `version`."""

    __tablename__ = "option_set"
    __table_args__ = (
        Index("option_set_call", "call_id", "id"),
        Index("option_set_open", "call_id", unique=True, postgresql_where=_OPEN),
    )

    id: UUID = Field(primary_key=True)
    call_id: UUID
    asked_by: str
    asked_at: datetime = Field(sa_column=moment())
    state: str
    step: int = 0
    steps: int
    version: int | None = None
    since: datetime = Field(sa_column=moment())
    outcome: OptionsOutcome | None = Field(default=None, sa_column=document(OptionsOutcome, nullable=True))
    problem: str | None = None
    cancelled_by: str | None = None


async def write(session: AsyncSession, row: OptionSet) -> None:
    """Insert or update a set of options."""
    await keep(session, [row])


async def option_set(session: AsyncSession, options_id: UUID, *, lock: bool = False) -> OptionSet | None:
    """Return one set of options; `lock` locks it until the end of the transaction."""
    query = select(OptionSet).where(col(OptionSet.id) == options_id)
    return (await session.scalars(for_update(query) if lock else query)).one_or_none()


async def open_of(session: AsyncSession, call_id: UUID) -> OptionSet | None:
    """Return the calculation of a call that is not over; there is at most one."""
    query = select(OptionSet).where(col(OptionSet.call_id) == call_id, _OPEN)
    return (await session.scalars(query)).one_or_none()


async def newest(session: AsyncSession, call_id: UUID) -> OptionSet | None:
    """Return the newest calculation of a call."""
    query = select(OptionSet).where(col(OptionSet.call_id) == call_id).order_by(col(OptionSet.id).desc()).limit(1)
    return (await session.scalars(query)).one_or_none()


async def open_ones(session: AsyncSession, *, limit: int = 500) -> list[UUID]:
    """Return the calculations that wait or are under way, the oldest first."""
    found = await session.scalars(select(col(OptionSet.id)).where(_OPEN).order_by(col(OptionSet.id)).limit(limit))
    return list(found)


async def advance(session: AsyncSession, options_id: UUID, step: int) -> tuple[bool, bool]:
    """Store the step that is reached; return whether it is a new one, and whether to continue."""
    row = await option_set(session, options_id, lock=True)
    if row is None or row.state != OptionsState.RUNNING:
        return False, False
    moved = row.step != step
    row.step = step
    return moved, True
