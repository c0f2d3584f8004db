"""The reciprocity ledger as a page and as JSON."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.facts.store import facts
from services.matching.filters import COORDINATORS
from services.matching.parameters import BusDep
from services.matching.reciprocity import model, store
from services.matching.reciprocity.model import Balance, Flow
from shared.bus import Bus
from shared.contracts import labels
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import Reach, reach
from shared.web.graphics.charts import Bar, bars
from shared.web.render import render

router = APIRouter(prefix="/matching", include_in_schema=False)
api = APIRouter(prefix="/matching/api", tags=["matching"])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_DRAWN = 8


@router.get("/reciprocity")
async def reciprocity(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """Show days sent and hosted by country, by pair of countries and by agency."""
    within = reach(who)
    flows, agencies = await _ledger(bus, within)
    pairs = model.between(flows)
    return render(
        request,
        "reciprocity/reciprocity.html",
        countries=_countries(flows, within),
        pairs=sorted(pairs.items(), key=lambda row: (-abs(row[1].net), row[0])),
        agencies=_agencies(flows, within),
        names={str(one): name for one, name in agencies.items()},
        chart=_owing(pairs),
        everything=within.everything,
        points=model.POINTS_A_DAY,
    )


@api.get("/reciprocity")
async def reciprocity_json(bus: BusDep, who: Coordinator) -> dict[str, Any]:
    """The part of the ledger that concerns the reader's countries or organisations: days, by country, pair and agency.

    Countries and agencies are the reader's own, since of others only a part is visible here. `points` is what the
    criterion `reciprocity` gives guests of `country` at hosts of `host_country` now.
    """
    within = reach(who)
    flows, agencies = await _ledger(bus, within)
    days: dict[tuple[str, str], int] = {}
    for flow in flows:
        pair = flow.country, flow.host_country
        days[pair] = days.get(pair, 0) + flow.days
    return {
        "countries": [{"country": one, **_plain(balance)} for one, balance in _countries(flows, within).items()],
        "pairs": [
            {"country": first, "with_country": second, **_plain(balance)}
            for (first, second), balance in model.between(flows).items()
        ],
        "agencies": [
            {"country": country, "organisation_id": one, "name": agencies.get(UUID(one)), **_plain(balance)}
            for (country, one), balance in _agencies(flows, within).items()
        ],
        "points": [
            {"country": home, "host_country": host, "points": points}
            for (home, host), points in model.points(days).items()
        ],
    }


async def _ledger(bus: Bus, within: Reach) -> tuple[list[Flow], dict[UUID, str]]:
    async with bus.read() as session:
        flows = await store.flows(session, within)
        ids = {UUID(one) for flow in flows for one in (flow.agency, flow.host_agency)}
        return flows, dict(await facts.organisation_names(session, ids))


def _countries(flows: list[Flow], within: Reach) -> dict[str, Balance]:
    """Return the balances of the reader's own countries; of others only the part with these is visible."""
    found = model.by_country(flows)
    return {one: balance for one, balance in found.items() if within.everything or one in within.countries}


def _agencies(flows: list[Flow], within: Reach) -> dict[tuple[str, str], Balance]:
    """Return the balances of the agencies of the reader's countries, and of the reader's own."""
    return {
        (country, one): balance
        for (country, one), balance in model.by_agency(flows).items()
        if within.everything or country in within.countries or one in within.organisations
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


def _owing(pairs: dict[tuple[str, str], Balance]) -> Any:
    """Return who owes whom most, as bars; none if all are even."""
    owed = [
        (labels.country(debtor), labels.country(creditor), abs(balance.net))
        for (first, second), balance in pairs.items()
        if balance.net
        for debtor, creditor in [(first, second) if balance.net < 0 else (second, first)]
    ]
    if not owed:
        return None
    owed.sort(key=lambda row: (-row[2], row[0], row[1]))
    debtor, creditor, days = owed[0]
    title = gettext("%(debtor)s has to host guests from %(creditor)s for %(days)d more days to be even") % {
        "debtor": debtor,
        "creditor": creditor,
        "days": days,
    }
    return bars(
        title,
        [Bar(f"{one} → {other}", count, marked=not place) for place, (one, other, count) in enumerate(owed[:_DRAWN])],
        label=gettext("Who owes → whom"),
        value=gettext("Days"),
        definition=gettext(
            "Days that guests attended, sent less hosted, between two countries; visits to come are left out."
        ),
    )
