"""The page of a large cohort: its progress and its result."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts.actions import job
from services.matching.cohorts.actions.commit import refused
from services.matching.cohorts.actions.plan import EXPLAINING, MATCHING, WRITING, NotFit, Why
from services.matching.cohorts.store import jobs
from services.matching.cohorts.store.jobs import CohortJob
from services.matching.facts.store import facts as store
from services.matching.parameters import BusDep
from shared.contracts.codes import ApplicationKind, Role
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity import Principal, allow
from shared.web.forms import sent
from shared.web.render import render, see_other
from shared.web.states import State, Tone

router = APIRouter(prefix="/matching/cohorts/jobs", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]

_TABLE: tuple[tuple[str, Tone, str, str], ...] = (
    ("waiting", "office", N_("Waiting"), N_("It begins as soon as the one before it is done.")),
    (
        "running",
        "office",
        N_("Being worked out"),
        N_("Nothing is committed yet. You can leave this page and come back."),
    ),
    ("writing", "office", N_("Being committed"), N_("All is worked out and is written now. It cannot be cancelled.")),
    ("done", "done", N_("Committed"), N_("The home countries are asked to clear the matches.")),
    ("refused", "wait", N_("Not committed"), N_("Nothing was committed, and nobody is told.")),
    ("failed", "error", N_("Failed"), N_("Nothing was committed. Commit the cohort again.")),
    ("cancelled", "ended", N_("Cancelled"), N_("It was stopped before anything was committed.")),
)
_STATES: dict[str, State] = {
    code: State("cohort", code, tone, word, explanation, "", "") for code, tone, word, explanation in _TABLE
}


def state(code: str) -> State:
    """Return the name of a job's state."""
    return _STATES[code]


@router.get("/{job_id}")
async def job_page(request: Request, bus: BusDep, _: Programme, job_id: UUID) -> Response:
    """Show the progress of a cohort, and once it is over its runs or why there are none."""
    async with bus.read() as session:
        row = await jobs.job(session, job_id)
        if row is None:
            raise Refused(gettext("There is no such cohort under way."), 404)
        call = (await store.calls(session, [row.call_id])).get(row.call_id)
    problem = refused(NotFit(Why(row.why), row.moved)).detail if row.why else row.problem
    return render(
        request,
        "cohorts/job.html",
        row=row,
        call=call,
        state=state(row.state),
        step=_step(row),
        problem=problem,
        runs=[(ApplicationKind(kind), run) for kind, run in sorted((row.runs or {}).items())],
    )


@router.post("/{job_id}/cancel")
async def cancel(request: Request, bus: BusDep, who: Programme, job_id: UUID) -> Response:
    """Cancel the cohort."""
    await sent(request)
    await job.cancel(bus, who.subject, job_id)
    return see_other(f"/matching/cohorts/jobs/{job_id}")


def _step(row: CohortJob) -> str:
    """Return in words what the job does now."""
    if row.step < MATCHING:
        return gettext("Reading the facts")
    if row.step < EXPLAINING:
        return gettext("Matching")
    if row.step < WRITING:
        return gettext("Writing the receipts: why each has this place, or none")
    return gettext("Committing the matches")
