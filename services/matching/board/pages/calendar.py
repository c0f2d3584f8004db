"""The calendar page: visits by week and placement; a visit can be moved by drag or by form."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts import views as cohorts_views
from services.matching.engine.problem.weeks import WEEK, monday
from services.matching.facts.model import weekly_places
from services.matching.facts.store import facts as store
from services.matching.facts.store.facts import Call, Seat
from services.matching.filters import COORDINATORS, call_filter, call_of, day_of, page_of
from services.matching.overview.store import monitoring
from services.matching.parameters import BusDep
from shared.contracts import labels
from shared.contracts.calls import CallTerms
from shared.contracts.codes import Role
from shared.contracts.offers import OfferTerms
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.time import clock
from shared.web.render import render

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

WEEKS = 6
ROWS = 40
_FRIDAY = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Slot:
    """One week of one placement: its visits, and how many guests it has room for (None: unknown)."""

    week: date
    visits: Sequence[Any]
    places: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One placement, or the visits that mentoring pairs arrange by themselves, over the weeks shown."""

    id: str
    title: str
    note: str
    slots: Sequence[Slot]


@router.get("/calendar")
async def calendar(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """Show six weeks from the one in the address, else from the first with a visit to come."""
    within, page = reach(who), page_of(request)
    async with bus.read() as session:
        calls = await store.all_calls(session)
        call = call_of(request, calls)
        call_id = call.id if call else None
        first = day_of(request.query_params.get("from"))
        if first is None:
            first = await monitoring.first_to_come(session, within, call_id, clock.today() - WEEK) or clock.today()
        weeks = [monday(first) + WEEK * after for after in range(WEEKS)]
        rows = await monitoring.calendar(session, within, call_id, weeks[0], weeks[-1] + WEEK)
        offers = await store.seats(session, {row.offer_id for row in rows if row.offer_id})
        hosts = await store.organisation_names(session, {row.host_organisation_id for row in rows})
    lines = lines_of(rows, weeks, offers, {one.id: one for one in calls}, hosts)
    return render(
        request,
        "board/calendar.html",
        call=call,
        filters=[call_filter(calls, call)],
        weeks=[(week, week + _FRIDAY) for week in weeks],
        lines=lines[(page - 1) * ROWS : page * ROWS],
        total=len(lines),
        page=page,
        size=ROWS,
        visits=len(rows),
        this_week=monday(clock.today()),
        earlier=(weeks[0] - WEEK * WEEKS).isoformat(),
        later=(weeks[0] + WEEK * WEEKS).isoformat(),
        stage=cohorts_views.stage,
        may_move=who.has(Role.PROGRAMME_COORDINATOR),
    )


def lines_of(
    rows: Sequence[Any],
    weeks: Sequence[date],
    offers: Mapping[UUID, Seat],
    calls: Mapping[UUID, Call],
    hosts: Mapping[UUID, str],
) -> list[Line]:
    """Return a line for each placement with a visit in these weeks, by country and reference.

    Pairs' own visits by host.
    """
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(str(row.offer_id or row.host_organisation_id), []).append(row)
    lines = []
    for key, visits in found.items():
        one = visits[0]
        seat = offers.get(one.offer_id) if one.offer_id else None
        places = _places(seat, calls)
        host = hosts.get(one.host_organisation_id) or labels.country(one.host_country)
        lines.append(
            Line(
                id=key,
                title=seat.reference if seat else gettext("Visits of mentoring pairs"),
                note=f"{host}, {labels.country(one.host_country)}"
                if host != labels.country(one.host_country)
                else host,
                slots=[
                    Slot(
                        week,
                        [visit for visit in visits if monday(visit.start) == week],
                        None if places is None else places.get(week, 0),
                    )
                    for week in weeks
                ],
            )
        )
    return sorted(lines, key=lambda line: (line.note, line.title, line.id))


def _places(seat: Seat | None, calls: Mapping[UUID, Call]) -> dict[date, int] | None:
    call = calls.get(seat.call_id) if seat else None
    if seat is None or call is None or seat.kind != "placement":
        return None
    return weekly_places(OfferTerms.model_validate(seat.terms), CallTerms.model_validate(call.terms))
