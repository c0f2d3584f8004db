"""The API of a cohort's options: JSON of the same views and actions as the pages, with the same access rules."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from services.matching.options import actions, views
from services.matching.options.views import CohortOptions
from services.matching.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.identity import Principal, allow

router = APIRouter(prefix="/matching/api/v1", tags=["cohorts"])

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class OptionsRequest(BaseModel):
    """A call whose next cohort is to be calculated in several ways."""

    model_config = ConfigDict(extra="forbid")

    call_id: UUID


@router.post("/options", operation_id="calculate_options", status_code=202)
async def ask(bus: BusDep, principal: Programme, body: OptionsRequest) -> CohortOptions:
    """Calculate the options of a call's next cohort. Nothing is published; follow it at `options/{id}`."""
    return await _options(bus, await actions.ask(bus, principal.subject, body.call_id))


@router.get("/options/{options_id}", operation_id="read_options")
async def options(bus: BusDep, _: Programme, options_id: UUID) -> CohortOptions:
    """Return the progress of a calculation, and once it is done each option with its measures and pairs."""
    return await _options(bus, options_id)


@router.post("/options/{options_id}/cancel", operation_id="cancel_options")
async def cancel(bus: BusDep, principal: Programme, options_id: UUID) -> CohortOptions:
    """Cancel a calculation that waits or is under way."""
    await actions.cancel(bus, principal.subject, options_id)
    return await _options(bus, options_id)


async def _options(bus: Bus, options_id: UUID) -> CohortOptions:
    async with bus.read() as session:
        return await views.cohort_options(session, options_id)
