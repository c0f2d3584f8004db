"""The page of the reciprocity ledger."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.filters import COORDINATORS
from services.matching.parameters import BusDep
from services.matching.reciprocity import model, views
from services.matching.reciprocity.model import Balance
from shared.contracts import labels
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.web.graphics.charts import Bar, bars
from shared.web.render import render

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_BARS = 8


@router.get("/reciprocity")
async def reciprocity(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """Show days sent and hosted by country, by pair of countries and by agency."""
    within = reach(who)
    flows, agencies = await views.ledger(bus, within)
    pairs = model.between(flows)
    return render(
        request,
        "reciprocity/reciprocity.html",
        countries=views.countries(flows, within),
        pairs=sorted(pairs.items(), key=lambda row: (-abs(row[1].net), row[0])),
        agencies=views.agencies(flows, within),
        names={str(one): name for one, name in agencies.items()},
        chart=_owing(pairs),
        everything=within.everything,
        points=model.POINTS_A_DAY,
    )


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
        [Bar(f"{one} → {other}", count, marked=not place) for place, (one, other, count) in enumerate(owed[:_BARS])],
        label=gettext("Who owes → whom"),
        value=gettext("Days"),
        definition=gettext(
            "Days that guests attended, sent less hosted, between two countries; visits to come are left out."
        ),
    )
