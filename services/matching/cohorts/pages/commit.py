"""The pages on which the programme coordinator commits a cohort: choose matches, check them, confirm."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts import views
from services.matching.cohorts.actions import job as cohorts_job
from services.matching.cohorts.pages.jobs import state as job_state
from services.matching.cohorts.store import jobs
from services.matching.cohorts.store.jobs import JobState
from services.matching.facts.store import facts
from services.matching.facts.store.facts import Call
from services.matching.overview.store import board as store
from services.matching.overview.store.board import WAITING, Filter
from services.matching.parameters import BusDep
from shared.bus import Bus
from shared.contracts.calls import CallTerms
from shared.contracts.codes import Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.ids import read_id
from shared.runtime.service import service_of
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]

MOST = 1000
"""So many pairs at once stand on the page; a larger cohort is committed by the API."""


@router.get("/cohorts/{call_id}")
async def choose(request: Request, bus: BusDep, who: Programme, call_id: UUID) -> Response:
    """List all provisional matches of a call, each with a checkbox."""
    call, rows = await _provisional(bus, who, call_id)
    async with bus.read() as session:
        job = await jobs.newest(session, call_id)
    state = job_state(job.state) if job is not None and job.state != JobState.DONE else None
    return render(
        request,
        "cohorts/cohort.html",
        call=call,
        rows=rows,
        problem=None,
        reason=views.reason,
        job=job,
        state=state,
        reserves=False,
        a_place=_reserves(call),
    )


@router.post("/cohorts/{call_id}")
async def confirm(request: Request, bus: BusDep, who: Programme, call_id: UUID) -> Response:
    """List the chosen matches to be checked; nothing is done yet."""
    call, rows = await _provisional(bus, who, call_id)
    form = await request.form(max_fields=MOST + 10)
    ticked = {str(value) for value in form.getlist("pair")}
    chosen = [row for row in rows if _pair(row) in ticked]
    reserves = bool(form.get("reserves"))
    again = {"call": call, "rows": rows, "reason": views.reason, "reserves": reserves, "a_place": _reserves(call)}
    if not ticked and rows:
        problem = gettext("Choose at least one match.")
        return render(request, "cohorts/cohort.html", 422, problem=problem, **again)
    if len(chosen) < len(ticked):
        problem = gettext("The matching has moved since you opened the page. Look at it again, then go on.")
        return render(request, "cohorts/cohort.html", 409, problem=problem, **again)
    async with bus.read() as session:
        stages = await store.stages(session, reach(who), call_id)
    unplaced = sum(row.number for row in stages if row.stage in WAITING)
    return render(
        request,
        "cohorts/commit.html",
        call=call,
        rows=chosen,
        unplaced=unplaced,
        pair=_pair,
        reserves=reserves,
        a_place=_reserves(call),
    )


@router.post("/cohorts/{call_id}/commit")
async def commit(request: Request, bus: BusDep, who: Programme, call_id: UUID) -> Response:
    """Commit the confirmed pairs: at once, or by a job with its own page if there are many."""
    form = await request.form(max_fields=MOST + 10)
    chosen: dict[UUID, UUID] = {}
    for value in form.getlist("pair"):
        application_id, _, seat_id = str(value).partition("/")
        one, other = read_id(application_id), read_id(seat_id)
        if one is None or other is None:
            raise Refused(gettext("This is not a pair."), 422)
        chosen[one] = other
    settings, reserves = service_of(request).settings, bool(form.get("reserves"))
    done = await cohorts_job.commit_or_ask(bus, settings, who.subject, call_id, chosen or None, reserves=reserves)
    if isinstance(done, UUID):
        return see_other(f"/matching/cohorts/jobs/{done}")
    run = next(iter(done.runs.values()))
    return see_other(f"/matching/runs/{run}?done={len(done.matches)}&reserves={done.reserves}")


def _reserves(call: Call) -> int:
    """Return how many reserves the call has for each place."""
    return CallTerms.model_validate(call.terms).reserves


async def _provisional(bus: Bus, who: Principal, call_id: UUID) -> tuple[Any, list[Any]]:
    async with bus.read() as session:
        call = (await facts.calls(session, [call_id])).get(call_id)
        wanted = Filter(call_id=call_id, stage="match:provisional")
        rows, _ = await store.cases(session, reach(who), wanted, size=MOST)
    if call is None:
        raise Refused(gettext("There is no such call."), 404)
    return call, rows


def _pair(row: Any) -> str:
    return f"{row.id}/{row.seat_id}"
