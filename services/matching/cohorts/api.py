"""The API of cohorts: commit one, follow or cancel a large one, and read the committed runs."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts.actions import job
from services.matching.cohorts.actions.commit import refused
from services.matching.cohorts.actions.plan import NotFit, Why
from services.matching.cohorts.store import jobs
from services.matching.cohorts.store import runs as cohorts_runs
from services.matching.filters import COORDINATORS
from services.matching.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.runtime.service import service_of

router = APIRouter(prefix="/matching/api/v1", tags=["cohorts"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class ChosenPair(BaseModel):
    """A provisional pair as the coordinator saw it: the application and its offer or mentor."""

    application_id: UUID
    seat_id: UUID


class Cohort(BaseModel):
    """A cohort to be committed: the chosen pairs, or all provisional ones if none are named.

    With `reserves` the next in line for each place are proposed as reserves, as many as the call says, to be cleared
    beforehand.
    """

    call_id: UUID
    pairs: Annotated[list[ChosenPair] | None, Field(max_length=10_000)] = None
    reserves: bool = False


class CommittedCohort(BaseModel):
    """What was committed: runs by kind, the match of each application, and how many reserves were proposed."""

    cohort: int
    runs: dict[str, UUID]
    matches: dict[UUID, UUID]
    unmatched: int
    reserves: int = 0


class CohortJobOut(BaseModel):
    """A large cohort: its state and progress (`step` of `steps`).

    When done, it has cohort and runs by kind, with the numbers of matches and of applications without a place; the
    matches are at `matches?call_id=`. If refused or failed, `problem` says why nothing was committed.
    """

    id: UUID
    call_id: UUID
    state: str
    step: int
    steps: int
    asked_at: datetime
    cohort: int | None = None
    runs: dict[str, UUID] = {}
    proposed: int = 0
    unmatched: int = 0
    problem: str | None = None


@router.post("/cohorts", status_code=201, responses={202: {"model": CohortJobOut}})
async def commit(
    request: Request, response: Response, bus: BusDep, who: Programme, cohort: Cohort
) -> CommittedCohort | CohortJobOut:
    """Commit a cohort: provisional pairs become proposed matches, everybody else gets a receipt that says why not.

    A large one is answered with 202 and its job, whose address is in `Location`: `jobs/{id}` shows its progress.
    """
    chosen = None if cohort.pairs is None else {pair.application_id: pair.seat_id for pair in cohort.pairs}
    settings = service_of(request).settings
    done = await job.commit_or_ask(bus, settings, who.subject, cohort.call_id, chosen, reserves=cohort.reserves)
    if isinstance(done, UUID):
        response.status_code = 202
        response.headers["Location"] = f"/matching/api/v1/jobs/{done}"
        return await job_out(bus, done)
    return CommittedCohort(
        cohort=done.cohort,
        runs={kind.value: run for kind, run in done.runs.items()},
        matches=dict(done.matches),
        unmatched=done.unmatched,
        reserves=done.reserves,
    )


@router.get("/jobs/{job_id}")
async def job_status(bus: BusDep, _: Programme, job_id: UUID) -> CohortJobOut:
    """The progress of a large cohort."""
    return await job_out(bus, job_id)


@router.post("/jobs/{job_id}/cancel")
async def cancel(bus: BusDep, who: Programme, job_id: UUID) -> CohortJobOut:
    """Cancel a cohort that is not being written yet."""
    await job.cancel(bus, who.subject, job_id)
    return await job_out(bus, job_id)


@router.get("/runs")
async def runs(bus: BusDep, _: Coordinator, call_id: UUID | None = None) -> dict[str, Any]:
    """The committed runs, the newest first, each with its RunFinished event."""
    async with bus.read() as session:
        found = await cohorts_runs.runs(session, call_id)
    return {"runs": [{"id": run.id, "finished_at": run.finished_at, **run.told} for run in found]}


@router.get("/runs/{run_id}/inputs")
async def run_inputs(bus: BusDep, _: Programme, run_id: UUID) -> dict[str, Any]:
    """All inputs of a run and every pair it found, so that it can be repeated (`tandem rerun`)."""
    async with bus.read() as session:
        inputs = await cohorts_runs.inputs(session, run_id)
    if inputs is None:
        raise Refused(gettext("There is no such run, or it was committed before inputs were kept."), 404)
    return {"run_id": run_id, **await asyncio.to_thread(inputs.opened)}


async def job_out(bus: Bus, job_id: UUID) -> CohortJobOut:
    """Return a job as the API shows it. Raises `Refused` (404)."""
    async with bus.read() as session:
        row = await jobs.job(session, job_id)
    if row is None:
        raise Refused(gettext("There is no such cohort under way."), 404)
    return CohortJobOut(
        id=row.id,
        call_id=row.call_id,
        state=row.state,
        step=row.step,
        steps=row.steps,
        asked_at=row.asked_at,
        cohort=row.cohort,
        runs={kind: UUID(run) for kind, run in (row.runs or {}).items()},
        proposed=row.proposed,
        unmatched=row.unmatched,
        problem=refused(NotFit(Why(row.why), row.moved)).detail if row.why else row.problem,
    )
