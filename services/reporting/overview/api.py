"""The figures of a period, one indicator, and its events, for programs."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.reporting.disclosure.actions import agreed_figures, released_figure
from services.reporting.figures.actions.periods import events_of
from services.reporting.guards import ApiReader, Tracer, may_steer
from services.reporting.overview.actions import read_timeline
from services.reporting.overview.views import figures as views
from services.reporting.overview.views import trends as trends_views
from services.reporting.overview.views.figures import FigureEvents, IndicatorFigure, PeriodFigures
from services.reporting.overview.views.trends import Trends
from services.reporting.parameters import (
    NOT_PUBLISHED,
    BusDep,
    IndicatorPath,
    PeriodQuery,
    SettingsDep,
    StatementQuery,
)
from shared.contracts.codes import PeriodKind

TrendKind = Annotated[
    PeriodKind | None, Query(description="The length of the periods; none: the one with most published periods.")
]

router = APIRouter(prefix="/reporting/api/v1", tags=["figures"])


@router.get("/figures", responses=NOT_PUBLISHED)
async def figures(
    principal: ApiReader, bus: BusDep, period: PeriodQuery = None, statement: StatementQuery = None
) -> PeriodFigures:
    """Return the figures of a period as released, now or in one of its statements."""
    return views.period_figures(*await agreed_figures(bus, period, steers=may_steer(principal), statement=statement))


@router.get("/indicators/{indicator}", responses=NOT_PUBLISHED)
async def indicator(
    principal: ApiReader,
    bus: BusDep,
    indicator: IndicatorPath,
    period: PeriodQuery = None,
    statement: StatementQuery = None,
) -> IndicatorFigure:
    """Return one figure with its definition and breakdowns, now or in one of the period's statements."""
    shown = await released_figure(bus, indicator, period, steers=may_steer(principal), statement=statement)
    return views.indicator_figure(shown.approval, shown.released)


@router.get("/indicators/{indicator}/events", responses=NOT_PUBLISHED)
async def events(
    principal: Tracer,
    bus: BusDep,
    indicator: IndicatorPath,
    period: PeriodQuery = None,
    statement: StatementQuery = None,
) -> FigureEvents:
    """Return the ids of all events that a figure was computed from, now or in a statement, and their digest."""
    shown = await released_figure(bus, indicator, period, steers=may_steer(principal), statement=statement)
    async with bus.read() as session:
        ids = await events_of(session, shown.approval, shown.figure, statement=shown.statement)
    return views.figure_events(shown.figure, ids)


@router.get("/trends")
async def trends(_: ApiReader, bus: BusDep, settings: SettingsDep, kind: TrendKind = None) -> Trends:
    """Return each agreed indicator over all published periods of a kind, by country, with targets."""
    return trends_views.trends(await read_timeline(bus, settings, kind))
