"""Pages of one indicator: what it counts, its figure for a period, and the events that prove it."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.approval.actions import restatements
from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.actions import released_figure
from services.reporting.facts import views as facts_views
from services.reporting.figures.actions.periods import events_of, period_choices
from services.reporting.guards import Reader, Tracer, may_trace
from services.reporting.parameters import BusDep
from shared.web import states
from shared.web.render import render

router = APIRouter(include_in_schema=False)
PAGE = 50


@router.get("/reporting/indicators/{indicator}")
async def indicator(
    request: Request, principal: Reader, bus: BusDep, indicator: str, period: str | None = None
) -> Response:
    """Show one figure with its definition and breakdowns."""
    where, _, released = await released_figure(bus, indicator, period)
    async with bus.read() as session:
        statements = await restatements.history(session, where, indicator) if where.fixed else []
    return render(
        request,
        "overview/indicator.html",
        where=where,
        state=states.state("period", where.state),
        figure=released,
        statements=statements,
        charts={name: disclosure_views.chart(released, name) for name in released.breakdowns},
        choices=await period_choices(bus),
        show=disclosure_views,
        traces=may_trace(principal),
    )


@router.get("/reporting/indicators/{indicator}/events")
async def events(
    request: Request,
    _: Tracer,
    bus: BusDep,
    indicator: str,
    period: str | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Show the events that a figure was computed from, by their opaque ids."""
    where, figure, released = await released_figure(bus, indicator, period)
    async with bus.read() as session:
        ids = await events_of(session, where, figure, first=(page - 1) * PAGE, count=PAGE)
        steps = await facts_views.events(session, ids)
    return render(
        request,
        "overview/events.html",
        where=where,
        figure=released,
        steps=steps,
        page=page,
        size=PAGE,
        total=figure.total.count,
        digest=figure.total.digest,
        show=disclosure_views,
    )
