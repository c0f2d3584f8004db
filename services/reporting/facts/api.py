"""The quality of the data and the journey of one application, for programs: two reads."""

from fastapi import APIRouter

from services.reporting.facts import views
from services.reporting.facts.views import ApplicationJourney, DataQuality
from services.reporting.guards import Tracer
from services.reporting.parameters import BusDep
from shared.web.paging import PageDep

router = APIRouter(prefix="/reporting/api/v1", tags=["figures"])


@router.get("/quality")
async def quality(_: Tracer, bus: BusDep, page: PageDep) -> DataQuality:
    """Return events that make no sense, are dead letters or of an unknown type; flaws by page, the newest first."""
    return await views.data_quality(bus, page)


@router.get("/journey/{application_id}")
async def journey(_: Tracer, bus: BusDep, application_id: str) -> ApplicationJourney:
    """Return the events of one application, by its id or reference, oldest first."""
    return await views.journey(bus, application_id)
