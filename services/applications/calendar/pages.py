"""The page of the visit calendar by month, week or list, for hosts and their coordinators.

Its list is one of three forms of a calendar, so it is no `Listing`.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.applications.calendar.model import Span, mondays_of, neighbours
from services.applications.calendar.views import READERS, CalendarFilter, CalendarVisit, Week, calendar
from services.applications.display import tag
from services.applications.matches.views.names import guest_name
from services.applications.parameters import BusDep
from shared.contracts import labels
from shared.contracts.lifecycle.state_sets import VISIT_GOING
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.ids import read_id
from shared.time import clock, dates
from shared.web import states
from shared.web.lists import Filter, with_country
from shared.web.query import CountryText, DayText, IdText, state_of
from shared.web.render import render

router = APIRouter(prefix="/applications/calendar", include_in_schema=False)
Reader = Annotated[Principal, Depends(allow(*READERS))]
HERE = "/applications/calendar"
_TO_COME = frozenset(VISIT_GOING)


@router.get("")
async def show(
    request: Request,
    principal: Reader,
    bus: BusDep,
    view: Span = Span.MONTH,
    day: DayText = "",
    offer: IdText = "",
    state: Annotated[str, state_of("visit")] = "",
    country: CountryText = "",
) -> Response:
    """Show the weeks around `day` (default today); the address holds the filters."""
    around, span = date.fromisoformat(day) if day else clock.today(), view
    narrowing = CalendarFilter(read_id(offer), state or None, country or None)
    async with bus.read() as session:
        found = await calendar(session, principal, mondays_of(span, around), narrowing)
    filters = {name: value for name, value in {"offer": offer, "state": state, "country": country}.items() if value}

    countries = labels.countries(with_country(found.countries, country))

    def address(to: Span, when: date) -> str:
        return f"{HERE}?{urlencode({'view': to.value, 'day': when.isoformat(), **filters})}"

    before, after = neighbours(span, around)
    return render(
        request,
        "calendar/calendar.html",
        view=span.value,
        title=_title(span, found.weeks),
        weeks=[_week_row(week) for week in found.weeks if span is not Span.LIST or week.visits],
        single=_visits_by_day(found.weeks[0]) if span is Span.WEEK else [],
        days=[dates.weekday(weekday) for weekday in found.weeks[0].days] if span is Span.WEEK else [],
        before=address(span, before),
        after=address(span, after),
        today=address(span, clock.today()),
        views=[(to.value, word, address(to, around)) for to, word in _span_words().items()],
        day=around.isoformat(),
        filters=[
            Filter(
                "offer",
                gettext("Placement"),
                offer,
                [(str(placement.id), f"{placement.reference} {placement.title}") for placement in found.placements],
            ),
            Filter("state", gettext("State"), state, [(each.code, each.word) for each in states.states("visit")]),
            Filter("country", gettext("Guests from"), country, countries),
        ],
        everything=f"{HERE}?{urlencode({'view': span.value, 'day': around.isoformat()})}" if filters else "",
        narrowed=bool(filters),
        empty=not any(week.visits for week in found.weeks),
    )


def _span_words() -> dict[Span, str]:
    return {Span.MONTH: gettext("Month"), Span.WEEK: gettext("Week"), Span.LIST: gettext("List")}


def _title(span: Span, weeks: Sequence[Week]) -> str:
    match span:
        case Span.MONTH:
            # The first week may begin in the month before; its Friday does not lie behind the first of the month.
            return dates.month(weeks[1].monday)
        case Span.WEEK:
            return dates.span(weeks[0].monday, weeks[0].friday)
    return gettext("Six months from %(first)s") % {"first": dates.day(weeks[0].monday)}


def _week_row(week: Week) -> dict[str, Any]:
    """Return a week as the page's rows show it."""
    return {
        "title": dates.span(week.monday, week.friday),
        "address": f"{HERE}?{urlencode({'view': Span.WEEK.value, 'day': week.monday.isoformat()})}",
        "current": week.monday <= clock.today() <= week.friday,
        "holidays": _holidays(week),
        "visits": [_visit_row(entry) for entry in week.visits],
        "places": [
            {
                "text": offer.reference,
                "title": offer.title,
                "href": f"/applications/offers/{offer.id}",
                "taken": places.taken,
                "places": places.places,
                "free": places.free,
            }
            for offer, places in week.places
        ],
    }


def _holidays(week: Week) -> list[str]:
    return [f"{dates.weekday(day)}: {name} ({labels.country(country)})" for day, country, name in week.holidays]


def _visit_row(entry: CalendarVisit) -> dict[str, Any]:
    visit = entry.visit
    assert visit.start is not None
    assert visit.end is not None
    return {
        "href": f"/applications/visits/{visit.id}",
        "who": guest_name(entry.view, visit) or entry.view.case.application.reference,
        "reference": entry.view.case.application.reference,
        "country": labels.country(visit.country),
        "when": dates.span(visit.start, visit.end),
        "offer": entry.view.offer.reference if entry.view.offer else "",
        "tag": tag("visit", visit.state),
    }


def _visits_by_day(week: Week) -> list[dict[str, Any]]:
    """Return the visits of a single week with each of its days."""
    return [_visit_row(entry) | {"days": [_day_word(entry, day) for day in week.days]} for entry in week.visits]


def _day_word(entry: CalendarVisit, day: date) -> str:
    """Return the word for a visit on a day (attended, absent, expected); empty on a day that is none of its own."""
    if day not in entry.visit.dates:
        return ""
    present = entry.attendance.get(day)
    if present is None:
        return gettext("expected") if entry.visit.state in _TO_COME else "–"  # noqa: RUF001 - an en dash, as everywhere
    return gettext("present") if present else gettext("absent")
