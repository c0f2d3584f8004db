"""The API of what-ifs: JSON of the same views and actions as the pages, with the same access rules."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from services.matching.filters import COORDINATORS
from services.matching.interventions.actions import what_ifs
from services.matching.interventions.model import Basis, OtherTerms
from services.matching.interventions.views import what_ifs as views
from services.matching.interventions.views.what_ifs import WhatIf, WhatIfSummary
from services.matching.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/matching/api/v1", tags=["what-ifs"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


class NewWhatIf(BaseModel):
    """A call to be matched again under other terms, from its present state (`now`) or from the `start`."""

    model_config = ConfigDict(extra="forbid")

    call_id: UUID
    basis: Basis = Basis.NOW
    terms: OtherTerms


@router.post("/what-ifs", status_code=202)
async def ask(bus: BusDep, principal: Programme, body: NewWhatIf) -> WhatIf:
    """Match a call again under other terms. Nothing is published; follow it at `what-ifs/{id}`."""
    what_if_id = await what_ifs.ask(bus, principal.subject, body.call_id, body.basis, body.terms)
    return await _what_if(bus, principal, what_if_id)


@router.get("/what-ifs")
async def listed(bus: BusDep, _: Coordinator, page: PageDep, call_id: UUID | None = None) -> Page[WhatIfSummary]:
    """Return the what-ifs of a call or of all, the newest first, without their outcomes."""
    async with bus.read() as session:
        return await views.what_ifs_page(session, call_id, page)


@router.get("/what-ifs/{what_if_id}")
async def what_if(bus: BusDep, principal: Coordinator, what_if_id: UUID) -> WhatIf:
    """Return one what-if."""
    return await _what_if(bus, principal, what_if_id)


@router.post("/what-ifs/{what_if_id}/cancel")
async def cancel(bus: BusDep, principal: Programme, what_if_id: UUID) -> WhatIf:
    """Stop a what-if that waits or is under way."""
    await what_ifs.cancel(bus, principal.subject, what_if_id)
    return await _what_if(bus, principal, what_if_id)


async def _what_if(bus: Bus, principal: Principal, what_if_id: UUID) -> WhatIf:
    async with bus.read() as session:
        return await views.what_if(session, reach(principal), what_if_id)
