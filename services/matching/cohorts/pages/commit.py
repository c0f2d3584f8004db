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
from services.matching.cohorts.pages.changed import changed_pairs, seen_pairs
from services.matching.cohorts.pages.jobs import state as job_state
from services.matching.cohorts.views import MOST, CohortChoice
from services.matching.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.identity.versions import item_versions, versions_in_body
from shared.ids import read_id
from shared.runtime.service import service_of
from shared.web.render import render, see_other
from shared.web.several import about_several, left_by_choice

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
        seen=seen_pairs(chosen),
    )


def _choose_again(request: Request, view: CohortChoice, problem: str, status: int, *, reserves: bool) -> Response:
    return render(
        request, "cohorts/cohort.html", status, view=view, problem=problem, job=None, state=None, reserves=reserves
    )


async def _view(request: Request, bus: Bus, principal: Principal, call_id: UUID) -> CohortChoice:
    async with bus.snapshot() as session:
        return await views.cohort_choice(session, reach(principal), call_id, partial(_versions, request, session))


async def _versions(request: Request, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    return await item_versions(request, session, "application_id", ids)


@router.post("/cohorts/{call_id}/commit")
@about_several
async def commit(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Commit the confirmed pairs: at once, or by a job with its own page if there are many.

    A cohort is one matching, so nothing is committed where a pair has changed: the page shows both versions.
    """
    form = await request.form(max_fields=2 * MOST + 10)
    chosen: dict[UUID, UUID] = {}
    seen: dict[UUID, str] = {}
    sent: dict[UUID, str] = {}
    unwanted = await left_by_choice(request)
    for value in form.getlist("pair"):
        application_id, seat_id, version, *_ = [*str(value).split("/"), "", ""]
        application, seat = read_id(application_id), read_id(seat_id)
        if application is None or seat is None:
            raise Refused(gettext("This is not a pair."), 422)
        if application not in unwanted:
            chosen[application], seen[application], sent[application] = seat, version, str(value)
    read = versions_in_body(request, "application_id", seen, {})
    settings, reserves = service_of(request).settings, bool(form.get("reserves"))
    if unwanted and not chosen:
        view = await _view(request, bus, principal, call_id)
        return _choose_again(request, view, gettext("Select at least one match."), 422, reserves=reserves)
    by = principal.subject
    try:
        done = await cohorts_job.commit_or_ask(bus, settings, by, call_id, chosen, read, reserves=reserves)
    except Refused as refused:
        if refused.code is not ProblemCode.EDIT_CONFLICT:
            raise
        view = await _view(request, bus, principal, call_id)
        return await changed_pairs(request, view, sent, refused, reserves=reserves)
    if isinstance(done, UUID):
        return see_other(f"/matching/cohorts/jobs/{done}")
    run = next(iter(done.runs.values()))
    return see_other(f"/matching/runs/{run}?done={len(done.matches)}&done_reserves={done.reserves}")
