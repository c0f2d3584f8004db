"""The API of large cohorts: their progress, and cancelling one."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.matching.cohorts.actions import job
from services.matching.cohorts.actions.commit import refused
from services.matching.cohorts.actions.plan import NotFit, Why
from services.matching.cohorts.store import jobs
from services.matching.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow

router = APIRouter(prefix="/matching/api", tags=["cohorts"])

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


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


@router.get("/jobs/{job_id}")
async def job_status(bus: BusDep, _: Programme, job_id: UUID) -> CohortJobOut:
    """The progress of a large cohort."""
    return await job_out(bus, job_id)


@router.post("/jobs/{job_id}/cancel")
async def cancel(bus: BusDep, who: Programme, job_id: UUID) -> CohortJobOut:
    """Cancel a cohort that is not being written yet."""
    await job.cancel(bus, who.subject, job_id)
    return await job_out(bus, job_id)


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
