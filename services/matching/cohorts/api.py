"""The API of cohorts: commit one, follow or cancel a large one, and read the committed runs."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts.actions import job
from services.matching.cohorts.views import committed as views
from services.matching.cohorts.views.committed import CohortJob, CommittedCohort, Run, RunInputs
from services.matching.filters import COORDINATORS
from services.matching.options.model import ChosenOption
from services.matching.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.identity import Principal, allow
from shared.identity.versions import versions_in_body
from shared.runtime.service import service_of
from shared.web.items import RecordVersion, needed
from shared.web.openapi import described_headers
from shared.web.paging import PageDep
from shared.web.problem_documents import pointer
from shared.web.read_models import Page

router = APIRouter(prefix="/matching/api/v1", tags=["cohorts"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class ChosenPair(BaseModel):
    """A provisional pair as the coordinator saw it: the application, its version, and its offer or mentor."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=needed)

    application_id: UUID
    seat_id: UUID
    version: RecordVersion = ""


class Cohort(BaseModel):
    """A cohort to be committed: the chosen pairs; none of them, if nobody has a place and receipts say why.

    With `reserves` the next in line for each place are proposed as reserves, as many as the call says, to be cleared
    beforehand. With an `option` the pairs are all pairs of that calculated option, in place of the provisional ones.
    """

    model_config = ConfigDict(extra="forbid")

    call_id: UUID
    pairs: Annotated[list[ChosenPair], Field(max_length=10_000)]
    reserves: bool = False
    option: ChosenOption | None = None


@router.post(
    "/cohorts",
    operation_id="commit_cohort",
    status_code=201,
    responses={202: {"model": CohortJob, "headers": described_headers("Location")}},
)
async def commit(
    request: Request, response: Response, bus: BusDep, principal: Programme, cohort: Cohort
) -> CommittedCohort | CohortJob:
    """Commit a cohort: provisional pairs become proposed matches, everybody else gets a receipt that says why not.

    A large one is answered with 202 and its job, whose address is in `Location`: `jobs/{id}` shows its progress.
    """
    chosen = {pair.application_id: pair.seat_id for pair in cohort.pairs}
    read = versions_in_body(
        request,
        "application_id",
        {pair.application_id: pair.version for pair in cohort.pairs},
        {pair.application_id: pointer(["pairs", place, "version"]) for place, pair in enumerate(cohort.pairs)},
    )
    settings = service_of(request).settings
    done = await job.commit_or_ask(
        bus,
        settings,
        principal.subject,
        cohort.call_id,
        chosen,
        read,
        reserves=cohort.reserves,
        option=cohort.option,
    )
    if isinstance(done, UUID):
        response.status_code = 202
        response.headers["Location"] = f"/matching/api/v1/jobs/{done}"
        return await _job(bus, done)
    return CommittedCohort(
        cohort=done.cohort,
        runs=dict(done.runs),
        matches=dict(done.matches),
        unmatched=done.unmatched,
        reserves=done.reserves,
    )


@router.get("/jobs/{job_id}")
async def job_status(bus: BusDep, _: Programme, job_id: UUID) -> CohortJob:
    """Return the progress of a large cohort."""
    return await _job(bus, job_id)


@router.post("/jobs/{job_id}/cancel")
async def cancel(bus: BusDep, principal: Programme, job_id: UUID) -> CohortJob:
    """Cancel a cohort that is not being written yet."""
    await job.cancel(bus, principal.subject, job_id)
    return await _job(bus, job_id)


@router.get("/runs")
async def runs(bus: BusDep, _: Coordinator, page: PageDep, call_id: UUID | None = None) -> Page[Run]:
    """Return the committed runs, the newest first, each with its RunFinished event."""
    async with bus.read() as session:
        return await views.runs_page(session, call_id, page)


@router.get("/runs/{run_id}/inputs")
async def run_inputs(bus: BusDep, _: Programme, run_id: UUID) -> RunInputs:
    """Return all inputs of a run and every pair it found, so that it can be repeated (`tandem rerun`)."""
    return await views.run_inputs(bus, run_id)


async def _job(bus: Bus, job_id: UUID) -> CohortJob:
    async with bus.read() as session:
        return await views.cohort_job(session, job_id)
