"""The quality of the data and the journey of one application, for programs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.reporting.facts.model.flaws import LEFT_OUT
from services.reporting.facts.views import journey_of, quality_report
from services.reporting.guards import Tracer
from services.reporting.parameters import BusDep
from shared.errors import Refused
from shared.i18n import gettext

router = APIRouter(prefix="/reporting/api/v1", tags=["figures"])


@router.get("/quality")
async def quality(_: Tracer, bus: BusDep, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> dict[str, Any]:
    """Return events that make no sense, are dead letters or of an unknown type; 50 flaws a page."""
    found = await quality_report(bus, page)
    return {
        "total": found.total,
        "flaws": [
            {
                "event": each.id,
                "topic": each.topic,
                "type": each.type,
                "subject": each.subject,
                "day": each.day,
                "flaw": each.flaw.value,
                "left_out": each.flaw in LEFT_OUT,
            }
            for each in (*found.flawed, *found.elsewhere)
        ],
        "parked": [
            {"topic": each.topic, "subject": each.subject, "type": each.type, "reason": each.reason}
            for each in found.parked
        ],
        "unknown": [{"topic": each.topic, "type": each.type, "count": each.count} for each in found.unknown],
    }


@router.get("/journey/{application_id}")
async def journey(_: Tracer, bus: BusDep, application_id: str) -> dict[str, Any]:
    """Return the events of one application, by its id or reference, oldest first."""
    found = await journey_of(bus, application_id)
    if found is None:
        raise Refused(gettext("No application with that reference has arrived here."), 404)
    application, steps = found
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
