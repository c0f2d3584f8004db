"""The API of the reciprocity ledger."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from services.matching.filters import COORDINATORS
from services.matching.parameters import BusDep
from services.matching.reciprocity import model, views
from services.matching.reciprocity.model import Balance
from shared.identity import Principal, allow
from shared.identity.scope import reach

router = APIRouter(prefix="/matching/api/v1", tags=["matching"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]


@router.get("/reciprocity")
async def reciprocity(bus: BusDep, who: Coordinator) -> dict[str, Any]:
    """The part of the ledger that concerns the reader's countries or organisations: days, by country, pair and agency.

    Countries and agencies are the reader's own, since of others only a part is visible here. `points` is what the
    criterion `reciprocity` gives guests of `country` at hosts of `host_country` now.
    """
    within = reach(who)
    flows, agencies = await views.ledger(bus, within)
    days: dict[tuple[str, str], int] = {}
    for flow in flows:
        pair = flow.country, flow.host_country
        days[pair] = days.get(pair, 0) + flow.days
    return {
        "countries": [{"country": one, **_plain(balance)} for one, balance in views.countries(flows, within).items()],
        "pairs": [
            {"country": first, "with_country": second, **_plain(balance)}
            for (first, second), balance in model.between(flows).items()
        ],
        "agencies": [
            {"country": country, "organisation_id": one, "name": agencies.get(UUID(one)), **_plain(balance)}
            for (country, one), balance in views.agencies(flows, within).items()
        ],
        "points": [
            {"country": home, "host_country": host, "points": points}
            for (home, host), points in model.points(days).items()
        ],
    }


def _plain(balance: Balance) -> dict[str, int]:
    return {
        "days_sent": balance.sent,
        "days_hosted": balance.hosted,
        "net": balance.net,
        "days_sent_to_come": balance.sent_to_come,
        "days_hosted_to_come": balance.hosted_to_come,
        "net_to_come": balance.net_to_come,
    }
