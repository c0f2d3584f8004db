"""The pages on which the programme coordinator commits a cohort: choose matches, check them, confirm."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Collection
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts import views
from services.matching.cohorts.actions import job as cohorts_job
from services.matching.cohorts.pages.jobs import state as job_state
from services.matching.cohorts.views import MOST, CohortChoice
from services.matching.parameters import BusDep
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.identity.versions import item_versions, versions_in_body
from shared.ids import read_id
from shared.runtime.service import service_of
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


@router.get("/cohorts/{call_id}")
async def choose(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """List all provisional matches of a call, each with a checkbox."""
    async with bus.snapshot() as session:
        view = await views.cohort_choice(session, reach(principal), call_id, partial(_versions, request, session))
        job = await views.open_job(session, call_id)
    return render(
        request,
        "cohorts/cohort.html",
        view=view,
        problem=None,
        job=job,
        state=job_state(job.state) if job is not None else None,
        reserves=False,
    )


@router.post("/cohorts/{call_id}")
async def confirm(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """List the chosen matches to be checked; nothing is done yet."""
    form = await request.form(max_fields=MOST + 10)
    ticked, reserves = {str(value) for value in form.getlist("pair")}, bool(form.get("reserves"))
    async with bus.snapshot() as session:
        view = await views.cohort_choice(session, reach(principal), call_id, partial(_versions, request, session))
        unplaced = await views.unplaced(session, reach(principal), call_id)
    chosen = view.chosen(ticked)
    if not ticked and view.rows:
        return _choose_again(request, view, gettext("Select at least one match."), 422, reserves=reserves)
    if len(chosen) < len(ticked):
        problem = gettext("The matching has changed since you opened the page. Review it, then continue.")
        return _choose_again(request, view, problem, 409, reserves=reserves)
    return render(
        request,
        "cohorts/commit.html",
        view=view,
        rows=chosen,
        unplaced=unplaced,
        reserves=reserves,
    )


def _choose_again(request: Request, view: CohortChoice, problem: str, status: int, *, reserves: bool) -> Response:
    return render(
        request, "cohorts/cohort.html", status, view=view, problem=problem, job=None, state=None, reserves=reserves
    )


async def _versions(request: Request, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    return await item_versions(request, session, "application_id", ids)


@router.post("/cohorts/{call_id}/commit")
async def commit(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Commit the confirmed pairs: at once, or by a job with its own page if there are many."""
    form = await request.form(max_fields=MOST + 10)
    chosen: dict[UUID, UUID] = {}
    seen: dict[UUID, str] = {}
    for value in form.getlist("pair"):
        application_id, seat_id, version, *_ = [*str(value).split("/"), "", ""]
        application, seat = read_id(application_id), read_id(seat_id)
        if application is None or seat is None:
            raise Refused(gettext("This is not a pair."), 422)
        chosen[application], seen[application] = seat, version
    read = versions_in_body(request, "application_id", seen, {})
    settings, reserves = service_of(request).settings, bool(form.get("reserves"))
    done = await cohorts_job.commit_or_ask(bus, settings, principal.subject, call_id, chosen, read, reserves=reserves)
    if isinstance(done, UUID):
        return see_other(f"/matching/cohorts/jobs/{done}")
    run = next(iter(done.runs.values()))
    return see_other(f"/matching/runs/{run}?done={len(done.matches)}&done_reserves={done.reserves}")
