"""One indicator: what does it count, what does it say for a period, and from which events?"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.approval.actions import periods as actions
from services.reporting.approval.actions import restatements
from services.reporting.disclosure import actions as disclosure_actions
from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.model import Released
from services.reporting.facts import store as facts_store
from services.reporting.guards import Reader, Tracer, may_trace
from services.reporting.indicators.model.catalogue import COUNTED
from services.reporting.indicators.model.figure import Figure
from services.reporting.overview.pages.figures import choices
from services.reporting.periods.model.approval import Approval
from shared.bus import Bus
from shared.errors import Refused
from shared.i18n import gettext
from shared.runtime.service import bus_of
from shared.web import states
from shared.web.render import render

router = APIRouter(include_in_schema=False)
Store = Annotated[Bus, Depends(bus_of)]
PAGE = 50


async def figure_of(bus: Bus, indicator: str, period: str | None) -> tuple[Approval, Figure, Released]:
    """A figure with where its period stands, whole and behind the gate. Raises `Refused` (404)."""
    if indicator not in COUNTED:
        raise Refused(gettext("There is no such indicator."), 404)
    async with bus.read() as session:
        where, made = await actions.standing(session, await actions.period_of(session, period))
        released = {each.definition.id: each for each in await disclosure_actions.released(session, where, made)}
    figure = next((each for each in made if each.definition.id == indicator), None)
    if figure is None:
        raise Refused(gettext("This indicator was not part of that period's figures."), 404)
    return where, figure, released[indicator]


@router.get("/reporting/indicators/{indicator}")
async def indicator(
    request: Request, principal: Reader, bus: Store, indicator: str, period: str | None = None
) -> Response:
    """One figure with its definition and breakdowns."""
    where, _, released = await figure_of(bus, indicator, period)
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
        choices=await choices(bus),
        show=disclosure_views,
        traces=may_trace(principal),
    )


@router.get("/reporting/indicators/{indicator}/events")
async def events(
    request: Request,
    _: Tracer,
    bus: Store,
    indicator: str,
    period: str | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The events that a figure was computed from, by their opaque ids."""
    where, figure, released = await figure_of(bus, indicator, period)
    async with bus.read() as session:
        ids = await actions.events_of(session, where, figure, first=(page - 1) * PAGE, count=PAGE)
        steps = await facts_store.steps(session, ids=ids)
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
