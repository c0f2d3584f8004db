"""API route to browse the published placements and mentors of an open call."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.applications.guards import Officer
from services.applications.parameters import BusDep
from services.applications.places.views import BrowsedPlace, Choice, page
from shared.contracts.base import Country, Day, Language, TopicCode
from shared.contracts.codes import ApplicationKind
from shared.web.paging import PageWithoutSinceDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/calls", tags=["calls"])


@router.get("/{call_id}/places/{kind}", operation_id="browse_places", responses={409: {}})
async def browse(
    call_id: UUID,
    kind: ApplicationKind,
    principal: Officer,
    bus: BusDep,
    request: PageWithoutSinceDep,
    topic: TopicCode | None = None,
    country: Country | None = None,
    week: Annotated[Day | None, Query(description="The Monday of a possible week of the call.")] = None,
    language: Language | None = None,
) -> Page[BrowsedPlace]:
    """Return the published placements or mentors of an open call that are abroad for the officer, by reference.

    Nobody is named. The call must take applications now, and be open to the officer's country.
    """
    async with bus.read() as session:
        return await page(session, principal, call_id, kind, Choice(topic, country, week, language), request)
