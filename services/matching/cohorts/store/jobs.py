"""The jobs that commit large cohorts, with their progress and result.

An instance works on a job while it has its lease, and after a restart the job begins again. The job is marked done in
the transaction that writes its cohort, so that no cohort is committed twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Index, select, text
from sqlmodel import Field, col

from services.matching.cohorts.model import OPEN, Choice, JobState
from services.matching.options.model import ChosenOption
from services.matching.tables import Table, document, keep, moment
from shared.bus.db.locking import for_update
from shared.contracts.codes import ApplicationKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.cohorts.model import Choices

_OPEN = text("state IN ('waiting', 'running', 'writing')")


class CohortJob(Table, table=True):
    """A large cohort to be committed in the name of `asked_by`.

    `chosen` maps applications to the offer or mentor seen for each (None: all); with `reserves` the next in line for
    each place are cleared beforehand. The call is matched with the coordinator's `choices`, or an `option` is committed
    in place of provisional matches. When done it has its
    cohort, its runs by kind, and how many were `proposed` and `unmatched`; if refused it has the reason in `refusal`
    (with `moved` pairs); if failed the problem.
    """

    __tablename__ = "cohort_job"
    __table_args__ = (
        Index("cohort_job_call", "call_id", "id"),
        Index("cohort_job_open", "call_id", unique=True, postgresql_where=_OPEN),
    )

    id: UUID = Field(primary_key=True)
    call_id: UUID
    asked_by: str
    asked_at: datetime = Field(sa_column=moment())
    chosen: dict[UUID, UUID] | None = Field(default=None, sa_column=document(dict[UUID, UUID], nullable=True))
    effort: int
    reserves: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    choices: dict[UUID, Choice] | None = Field(default=None, sa_column=document(dict[UUID, Choice], nullable=True))
    state: str
    step: int = 0
    steps: int
    since: datetime = Field(sa_column=moment())
    cohort: int | None = None
    runs: dict[ApplicationKind, UUID] | None = Field(
        default=None, sa_column=document(dict[ApplicationKind, UUID], nullable=True)
    )
    proposed: int = 0
    unmatched: int = 0
    refusal: str | None = None
    moved: int = 0
    problem: str | None = None
    cancelled_by: str | None = None
    option: ChosenOption | None = Field(default=None, sa_column=document(ChosenOption, nullable=True))


async def write(session: AsyncSession, row: CohortJob) -> None:
    """Insert or update a job."""
    await keep(session, [row])


async def job(session: AsyncSession, job_id: UUID, *, lock: bool = False) -> CohortJob | None:
    """Return one job; `lock` locks it until the end of the transaction."""
    query = select(CohortJob).where(col(CohortJob.id) == job_id)
    return (await session.scalars(for_update(query) if lock else query)).one_or_none()


async def open_of(session: AsyncSession, call_id: UUID) -> CohortJob | None:
    """Return the job of a call that is not over; there is at most one."""
    query = select(CohortJob).where(col(CohortJob.call_id) == call_id, _OPEN)
    return (await session.scalars(query)).one_or_none()


async def same(
    session: AsyncSession, by: str, call_id: UUID, chosen: Mapping[UUID, UUID], choices: Choices, *, reserves: bool
) -> UUID | None:
    """Return the newest job of a call if this person asked for just this by it, and it is under way or done.

    The choices are gone once it is done.
    """
    row = await newest(session, call_id)
    if row is None or (row.asked_by, row.chosen, row.reserves) != (by, chosen, reserves):
        return None
    if row.state == JobState.DONE:
        return row.id
    return row.id if row.state in OPEN and (row.choices or {}) == choices else None


async def newest(session: AsyncSession, call_id: UUID) -> CohortJob | None:
    """Return the newest job of a call."""
    query = select(CohortJob).where(col(CohortJob.call_id) == call_id).order_by(col(CohortJob.id).desc()).limit(1)
    return (await session.scalars(query)).one_or_none()


async def open_ones(session: AsyncSession, *, limit: int = 500) -> list[UUID]:
    """Return the jobs that wait or are under way, the oldest first."""
    found = await session.scalars(select(col(CohortJob.id)).where(_OPEN).order_by(col(CohortJob.id)).limit(limit))
    return list(found)
