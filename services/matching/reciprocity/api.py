"""The API of the reciprocity ledger."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated

from fastapi import APIRouter, Depends

from services.matching.filters import COORDINATORS
from services.matching.parameters import BusDep
from services.matching.reciprocity import views
from services.matching.reciprocity.views import Ledger
from shared.identity import Principal, allow
from shared.identity.scope import reach

router = APIRouter(prefix="/matching/api/v1", tags=["matching"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]


@router.get("/reciprocity")
async def reciprocity(bus: BusDep, principal: Coordinator) -> Ledger:
    """Return the reader's part of the ledger, of countries or organisations: days, by country, pair and agency.

    Countries and agencies are the reader's own, since of others only a part is visible here. `points` is what the
    criterion `reciprocity` gives guests of `country` at hosts of `host_country` now.
    """
    return await views.ledger(bus, reach(principal))
