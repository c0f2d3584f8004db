"""The pages of a cohort's options: calculate them, compare them, and commit one."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Collection
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts.actions import job
from services.matching.filters import PageNumber
from services.matching.options import actions, views
from services.matching.options.model import ORDER, ChosenOption
from services.matching.options.views import MOST_COMMITTED
from services.matching.parameters import BusDep
from shared.contracts.codes import CohortOption, Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.identity.versions import item_versions, versions_in_body
from shared.ids import read_id
from shared.runtime.service import service_of
from shared.web.forms import sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching/options", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


@router.get("/{call_id}")
async def options_page(request: Request, bus: BusDep, _: Programme, call_id: UUID) -> Response:
    """Show the newest options of a call: their progress, or chart, measures and refusals."""
    async with bus.read() as session:
        view = await views.options_page(session, call_id)
    row = view.options
    outcome = row.outcome if row is not None else None
    return render(
        request,
        "options/options.html",
        view=view,
        row=row,
        outcome=outcome,
        state=views.state(row.state) if row is not None else None,
        step=_step(row.step) if row is not None else "",
        rows=views.rows(outcome) if outcome else [],
        chart_of=views.frontier(outcome) if outcome and outcome.options else None,
        rates=views.rates(outcome) if outcome else [],
        trials=views.trials(outcome) if outcome else [],
        name=views.name,
    )


def _step(step: int) -> str:
    """Return in words what is done now."""
    if step < len(ORDER):
        return gettext("Looking for option %(number)d of %(all)d") % {"number": step + 1, "all": len(ORDER)}
    return gettext("Trying the options with refusals")


@router.post("/{call_id}")
async def ask(request: Request, bus: BusDep, principal: Programme, call_id: UUID) -> Response:
    """Calculate the options of the call's next cohort."""
    await sent(request)
    await actions.ask(bus, principal.subject, call_id)
    return see_other(f"/matching/options/{call_id}")


@router.post("/{options_id}/cancel")
async def cancel(request: Request, bus: BusDep, principal: Programme, options_id: UUID) -> Response:
    """Cancel the calculation."""
    await sent(request)
    await actions.cancel(bus, principal.subject, options_id)
    async with bus.read() as session:
        row = await views.cohort_options(session, options_id)
    return see_other(f"/matching/options/{row.call_id}")


@router.get("/{options_id}/options/{option}")
async def option_page(
    request: Request, bus: BusDep, principal: Programme, options_id: UUID, option: CohortOption, page: PageNumber = 1
) -> Response:
    """Show one option beside the present plan: who wins and who loses."""
    async with bus.snapshot() as session:
        versions = partial(_versions, request, session)
        view = await views.option_page(session, reach(principal), options_id, option, versions, page=page)
    outcome = view.options.outcome
    assert outcome is not None
    return render(
        request,
        "options/option.html",
        view=view,
        option=view.option,
        name=views.name(option),
        applications=outcome.applications,
        rate=views.rate,
        gap=views.gap(view.option),
        lowest=views.lowest(view.option),
        effects=views.effects(view.option),
        size=views.SHOWN,
        most=MOST_COMMITTED,
    )


async def _versions(request: Request, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    return await item_versions(request, session, "application_id", ids)


@router.post("/{options_id}/options/{option}/commit")
async def commit(
    request: Request, bus: BusDep, principal: Programme, options_id: UUID, option: CohortOption
) -> Response:
    """Commit an option as the call's next cohort: at once, or by a job with its own page if there are many."""
    form = await request.form(max_fields=MOST_COMMITTED + 10)
    pairs: dict[UUID, UUID] = {}
    seen: dict[UUID, str] = {}
    for value in form.getlist("pair"):
        application_id, seat_id, version, *_ = [*str(value).split("/"), "", ""]
        application, seat = read_id(application_id), read_id(seat_id)
        if application is None or seat is None:
            raise Refused(gettext("This is not a pair."), 422)
        pairs[application], seen[application] = seat, version
    read = versions_in_body(request, "application_id", seen, {})
    async with bus.read() as session:
        call_id = (await views.cohort_options(session, options_id)).call_id
    done = await job.commit_or_ask(
        bus,
        service_of(request).settings,
        principal.subject,
        call_id,
        pairs,
        read,
        option=ChosenOption(options_id=options_id, option=option),
    )
    if isinstance(done, UUID):
        return see_other(f"/matching/cohorts/jobs/{done}")
    run = next(iter(done.runs.values()))
    return see_other(f"/matching/runs/{run}?done={len(done.matches)}&done_reserves={done.reserves}")
