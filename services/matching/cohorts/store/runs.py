"""The committed runs and their inputs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, select
from sqlmodel import Field, col

from services.matching.cohorts.model import KeptProblem
from services.matching.tables import Table, document, keep, moment
from shared.contracts.runs import RunFinished
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest


class Run(Table, table=True):
    """A run of the engine that a coordinator committed; `event` is its RunFinished event."""

    __table_args__ = (Index("run_call", "call_id", "finished_at"),)

    id: UUID = Field(primary_key=True)
    call_id: UUID
    kind: str
    cohort: int
    finished_at: datetime = Field(sa_column=moment(index=True))
    committed_by: str
    event: RunFinished = Field(sa_column=document(RunFinished))


class RunInputs(Table, table=True):
    """All inputs of a run, compressed, so that it can be repeated; `digest` is the published one."""

    __tablename__ = "run_inputs"

    run_id: UUID = Field(primary_key=True)
    engine: str
    digest: str
    problem: bytes = Field(sa_type=LargeBinary)
    pairs: bytes = Field(sa_type=LargeBinary)
    overrides: dict[str, Any] = Field(sa_column=document())


async def keep_run(session: AsyncSession, run: Run) -> None:
    """Insert a run."""
    await keep(session, [run])


async def keep_inputs(session: AsyncSession, run_id: UUID, kept: KeptProblem) -> None:
    """Insert the inputs of a run."""
    await keep(session, [RunInputs(run_id=run_id, **asdict(kept))])


async def inputs(session: AsyncSession, run_id: UUID) -> KeptProblem | None:
    """Return the inputs of a run; None if the run is unknown, or older than this table."""
    row = await session.get(RunInputs, run_id)
    if row is None:
        return None
    return KeptProblem(
        engine=row.engine, digest=row.digest, problem=row.problem, pairs=row.pairs, overrides=row.overrides
    )


async def run(session: AsyncSession, run_id: UUID) -> Run | None:
    """Return one run."""
    return await session.get(Run, run_id)


async def runs_from(session: AsyncSession, call_id: UUID | None, request: PageRequest) -> Sequence[Run]:
    """Return one page of the runs (and one run more) of a call, or of all calls, the newest first."""
    query = select(Run)
    if call_id is not None:
        query = query.where(col(Run.call_id) == call_id)
    if request.since is not None:
        query = query.where(col(Run.finished_at) >= request.since)
    found = await session.scalars(cut(query, [col(Run.finished_at), col(Run.id)], request, newest=True))
    return found.all()


async def newest_id(session: AsyncSession, call_id: UUID, kind: str) -> UUID | None:
    """Return the id of the newest run of a call for one kind of application; None if there is none."""
    wanted = col(Run.call_id) == call_id, col(Run.kind) == kind
    query = select(col(Run.id)).where(*wanted).order_by(col(Run.finished_at).desc(), col(Run.id).desc())
    return await session.scalar(query.limit(1))


async def runs(session: AsyncSession, call_id: UUID | None = None, limit: int = 200) -> list[Run]:
    """Return the runs of a call, or of all calls, the newest first."""
    query = select(Run).order_by(col(Run.finished_at).desc(), col(Run.id).desc()).limit(limit)
    found = await session.scalars(query if call_id is None else query.where(col(Run.call_id) == call_id))
    return list(found)
