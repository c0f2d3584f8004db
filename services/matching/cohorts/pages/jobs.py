"""The page of a large cohort: its progress and its result."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts.actions import job as actions
from services.matching.cohorts.actions.plan import EXPLAINING, MATCHING, WRITING
from services.matching.cohorts.views.committed import CohortJob
from services.matching.cohorts.views.committed import job_page as page_of_job
from services.matching.parameters import BusDep
from shared.contracts.codes import Role
from shared.i18n import N_, gettext
from shared.identity import Principal, allow
from shared.web.forms import sent
from shared.web.render import render, see_other
from shared.web.states import State, Tone

router = APIRouter(prefix="/matching/cohorts/jobs", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]

_TABLE: tuple[tuple[str, Tone, str, str], ...] = (
    ("waiting", "office", N_("Waiting"), N_("It starts when the previous one is done.")),
    (
        "running",
        "office",
        N_("In progress"),
        N_("Nothing is committed yet. You can leave this page and come back."),
    ),
    ("writing", "office", N_("Committing"), N_("The results are ready and are being saved. You can no longer cancel.")),
    ("done", "done", N_("Committed"), N_("The home countries must now clear the matches.")),
    ("refused", "wait", N_("Not committed"), N_("Nothing was committed, and nobody is notified.")),
    ("failed", "error", N_("Failed"), N_("Nothing was committed. Commit the cohort again.")),
    ("cancelled", "ended", N_("Cancelled"), N_("It was stopped before anything was committed.")),
)
_STATES: dict[str, State] = {
    code: State("cohort", code, tone, word, explanation) for code, tone, word, explanation in _TABLE
}


def state(code: str) -> State:
    """Return the name of a job's state."""
    return _STATES[code]


@router.get("/{job_id}")
async def job_page(request: Request, bus: BusDep, _: Programme, job_id: UUID) -> Response:
    """Show the progress of a cohort, and once it is over its runs or why there are none."""
    async with bus.read() as session:
        view = await page_of_job(session, job_id)
    return render(request, "cohorts/job.html", view=view, state=state(view.job.state), step=_step(view.job))


@router.post("/{job_id}/cancel")
async def cancel(request: Request, bus: BusDep, principal: Programme, job_id: UUID) -> Response:
    """Cancel the cohort."""
    await sent(request)
    await actions.cancel(bus, principal.subject, job_id)
    return see_other(f"/matching/cohorts/jobs/{job_id}")


def _step(job: CohortJob) -> str:
    """Return in words what the job does now."""
    if job.step < MATCHING:
        return gettext("Reading the facts")
    if job.step < EXPLAINING:
        return gettext("Matching")
    if job.step < WRITING:
        return gettext("Writing why each officer has a place or none")
    return gettext("Committing the matches")
