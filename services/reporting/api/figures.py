"""Figures for programs: those of a period, one indicator, its events, the feeds, an application's journey."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from services.reporting.access import Reader, Steerer, Tracer
from services.reporting.actions import periods as actions
from services.reporting.feeds.table import as_json
from services.reporting.model.approval import Approval
from services.reporting.pages.figures import csv_answer, iati_answer, load
from services.reporting.pages.indicators import one
from services.reporting.store import facts
from shared.bus import Bus
from shared.service import Service, bus_of, service_of
from shared.web.errors import Refused
from shared.web.i18n import gettext

router = APIRouter(prefix="/reporting/api", tags=["figures"])
Store = Annotated[Bus, Depends(bus_of)]


def _period(where: Approval) -> dict[str, Any]:
    return {
        "period": where.period.label,
        "start": where.period.start,
        "end": where.period.end,
        "state": where.state.value,
        "cut_off": where.cut_off,
        "figures_digest": where.figures_digest,
    }


@router.get("/figures")
async def figures(_: Reader, bus: Store, period: str | None = None) -> dict[str, Any]:
    """All figures of a period (`2026`, `2026-H1`, `2026-Q3` or `programme`; none: this year), behind the gate."""
    where, released = await load(bus, period)
    return {**_period(where), "figures": [as_json(figure) for figure in released]}


@router.get("/figures.csv")
async def as_csv(_: Reader, bus: Store, period: str | None = None) -> Response:
    """The same as CSV."""
    return await csv_answer(bus, period)


@router.get("/iati.xml")
async def as_iati(
    _: Reader, bus: Store, service: Annotated[Service, Depends(service_of)], period: str | None = None
) -> Response:
    """The same as an IATI 2.03 activity file."""
    return await iati_answer(bus, service, period)


@router.get("/indicators/{indicator}")
async def indicator(_: Reader, bus: Store, indicator: str, period: str | None = None) -> dict[str, Any]:
    """One figure with its definition and breakdowns."""
    where, _figure, released = await one(bus, indicator, period)
    return {**as_json(released), "state": where.state.value}


@router.get("/indicators/{indicator}/events")
async def events(_: Tracer, bus: Store, indicator: str, period: str | None = None) -> dict[str, Any]:
    """The ids of all events that a figure was computed from, and their digest."""
    where, figure, _released = await one(bus, indicator, period)
    async with bus.read() as session:
        ids = await actions.events_of(session, where, figure)
    return {
        "indicator": indicator,
        "period": figure.period.label,
        "events": ids,
        "events_digest": figure.total.digest,
    }


@router.get("/journey/{application_id}")
async def journey(_: Tracer, bus: Store, application_id: str) -> dict[str, Any]:
    """The events of one application, by its id or reference, oldest first."""
    async with bus.read() as session:
        application = await facts.application(session, application_id)
        if application is None:
            raise Refused(gettext("No application with that reference has arrived here."), 404)
        steps = await facts.steps(session, story=str(application.id))
    return {
        "application_id": application.id,
        "reference": application.reference,
        "events": [
            {
                "id": step.id,
                "type": step.type,
                "topic": step.topic,
                "service": step.source,
                "subject": step.subject,
                "occurred_at": step.occurred_at,
            }
            for step in steps
        ],
    }


@router.post("/periods/{label}/{step}")
async def period_step(principal: Steerer, bus: Store, label: str, step: str) -> dict[str, Any]:
    """Take a period further: `submit`, `approve` (another person than who submitted) or `publish`."""
    steps = {"submit": actions.submit, "approve": actions.approve, "publish": actions.publish}
    if step not in steps:
        raise Refused(gettext("There is no such step."), 404)
    return _period(await steps[step](bus, principal, label))
