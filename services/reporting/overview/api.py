"""The figures of a period, one indicator, and its events, for programs."""

from typing import Any

from fastapi import APIRouter

from services.reporting.disclosure.actions import agreed_figures, released_figure
from services.reporting.feeds.formats.table import as_json
from services.reporting.figures.actions.periods import events_of
from services.reporting.guards import Reader, Tracer
from services.reporting.parameters import BusDep
from services.reporting.periods.views import period_as_json

router = APIRouter(prefix="/reporting/api/v1", tags=["figures"])


@router.get("/figures")
async def figures(_: Reader, bus: BusDep, period: str | None = None) -> dict[str, Any]:
    """Return the figures of a period (`2026`, `2026-H1`, `2026-Q3`, `programme`; none: this year) as released."""
    where, released = await agreed_figures(bus, period)
    return {**period_as_json(where), "figures": [as_json(figure) for figure in released]}


@router.get("/indicators/{indicator}")
async def indicator(_: Reader, bus: BusDep, indicator: str, period: str | None = None) -> dict[str, Any]:
    """Return one figure with its definition and breakdowns."""
    where, _figure, released = await released_figure(bus, indicator, period)
    return {**as_json(released), "state": where.state.value}


@router.get("/indicators/{indicator}/events")
async def events(_: Tracer, bus: BusDep, indicator: str, period: str | None = None) -> dict[str, Any]:
    """Return the ids of all events that a figure was computed from, and their digest."""
    where, figure, _released = await released_figure(bus, indicator, period)
    async with bus.read() as session:
        ids = await events_of(session, where, figure)
    return {
        "indicator": indicator,
        "period": figure.period.label,
        "events": ids,
        "events_digest": figure.total.digest,
    }
