"""The page of the reciprocity ledger."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.filters import COORDINATORS
from services.matching.parameters import BusDep
from services.matching.reciprocity import model, views
from services.matching.reciprocity.views import PairDays
from shared.contracts import labels
from shared.i18n import gettext, ngettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.web.graphics.charts import Bar, Chart, bars
from shared.web.render import render

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_BARS = 8


@router.get("/reciprocity")
async def reciprocity(request: Request, bus: BusDep, principal: Coordinator) -> Response:
    """Show days sent and hosted by country, by pair of countries and by agency."""
    within = reach(principal)
    view = await views.ledger(bus, within)
    return render(
        request,
        "reciprocity/reciprocity.html",
        view=view,
        pairs=sorted(view.pairs, key=lambda pair: (-abs(pair.net), pair.country, pair.with_country)),
        chart=_owing(view.pairs),
        everything=within.everything,
        points=model.POINTS_A_DAY,
    )


def _owing(pairs: Sequence[PairDays]) -> Chart | None:
    """Return who owes whom most, as bars; none if all are even."""
    owed = []
    for pair in pairs:
        if pair.net:
            both = pair.country, pair.with_country
            debtor, creditor = both if pair.net < 0 else both[::-1]
            owed.append((labels.country(debtor), labels.country(creditor), abs(pair.net)))
    if not owed:
        return None
    owed.sort(key=lambda row: (-row[2], row[0], row[1]))
    debtor, creditor, days = owed[0]
    title = ngettext(
        "%(debtor)s must host guests from %(creditor)s for %(days)d more day to be balanced",
        "%(debtor)s must host guests from %(creditor)s for %(days)d more days to be balanced",
        days,
    ) % {"debtor": debtor, "creditor": creditor, "days": days}
    return bars(
        title,
        [
            Bar(f"{ower} → {owed_to}", count, marked=not place)
            for place, (ower, owed_to, count) in enumerate(owed[:_BARS])
        ],
        label=gettext("Owes → is owed"),
        value=gettext("Days"),
        definition=gettext(
            "Days that guests attended between two countries, sent minus hosted. Future visits are not included."
        ),
    )
