"""What falls due, for whom? By week, with what is overdue first."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.notifications import views
from services.notifications.readers import READERS, countries_read
from services.notifications.store import deadlines
from shared import clock
from shared.bus import Bus
from shared.contracts.codes import COUNTRIES, DeadlineKind
from shared.identity import Principal, allow
from shared.service import bus_of
from shared.web.i18n import gettext
from shared.web.render import render
from shared.web.words import country as country_name
from shared.web.words import label

router = APIRouter(prefix="/notifications", include_in_schema=False)
_WEEKS_BACK, _WEEKS_ON = 52, 30
_MOST = 1000


@router.get("/due")
async def due(
    request: Request,
    bus: Annotated[Bus, Depends(bus_of)],
    who: Annotated[Principal, Depends(allow(*READERS))],
    country: Annotated[str, Query(max_length=2)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Open deadlines of the last year and the next thirty weeks."""
    now = clock.now()
    mine = countries_read(who)
    chosen = mine if not country else frozenset({country}) & (frozenset(COUNTRIES) if mine is None else mine)
    async with bus.read() as session:
        found = await deadlines.falling_due(
            session,
            since=now - timedelta(weeks=_WEEKS_BACK),
            until=now + timedelta(weeks=_WEEKS_ON),
            now=now,
            countries=chosen,
            kind=DeadlineKind(kind) if kind in set(DeadlineKind) else None,
            most=_MOST,
        )
    shown = [views.due(each, now) for each in found]
    offered = sorted(COUNTRIES if mine is None else mine, key=country_name)
    return render(
        request,
        "due.html",
        groups=_groups(shown, now.date()),
        total=len(shown),
        cut=len(shown) == _MOST,
        fields=[
            {
                "name": "country",
                "label": gettext("Country"),
                "options": [(code, country_name(code)) for code in offered],
                "value": country,
            },
            {
                "name": "kind",
                "label": gettext("What is due"),
                "options": [(each.value, label(each)) for each in DeadlineKind],
                "value": kind,
            },
        ],
    )


def _groups(shown: Iterable[views.Due], today: date) -> list[tuple[date | None, list[views.Due]]]:
    """What is over (None), then by the Monday of each week."""
    groups: dict[date | None, list[views.Due]] = {}
    for each in shown:
        day = each.due.date()
        week = None if each.over else max(day - timedelta(days=day.weekday()), today - timedelta(days=today.weekday()))
        groups.setdefault(week, []).append(each)
    return list(groups.items())
