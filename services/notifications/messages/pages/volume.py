"""The page of message volume: sent, not delivered and how fast, by day as a plot, by week and by message."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from babel.dates import format_date
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.notifications.filters import countries_in, country_field, monday_of
from services.notifications.guards import countries_read
from services.notifications.messages.forms import rule_field
from services.notifications.messages.model.log import Part, Span
from services.notifications.messages.model.table import BY_NAME
from services.notifications.messages.model.wording import short_subject
from services.notifications.messages.views import messages
from services.notifications.messages.views.messages import MessageLine
from services.notifications.parameters import BusDep, Reader
from shared.i18n import gettext, locale, ngettext, number
from shared.time import clock, dates
from shared.web import states
from shared.web.graphics import charts
from shared.web.lists import Cell, Column, Empty, Filter, Link, Listing, list_page
from shared.web.query import CountryText, DayText, one_of
from shared.web.render import render

router = APIRouter(prefix="/notifications/volume", include_in_schema=False)
HERE = "/notifications/volume"
_WEEK = timedelta(days=7)
_SPANS = (4, 13, 26)
_MINUTE, _HOUR = 60, 3600


@router.get("")
async def volume(
    request: Request,
    bus: BusDep,
    principal: Reader,
    weeks: Annotated[str, Query(max_length=3)] = "",
    week: Annotated[DayText, Query(max_length=10, description="A day of the week that is shown alone")] = "",
    country: CountryText = "",
    rule: Annotated[str, Query(max_length=80)] = "",
    state: Annotated[
        str, one_of("sent", "failed", "waiting"), Query(description="sent, failed or waiting: lists the messages")
    ] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Return the last weeks (four by default), or one; an unknown filter is ignored.

    With a state its messages are listed too.
    """
    mine = countries_read(principal)
    chosen = countries_in(mine, country)
    rule_name = rule if rule in BY_NAME else ""
    only, count = monday_of(week), int(weeks) if weeks in {str(weeks_) for weeks_ in _SPANS} else _SPANS[0]
    monday = clock.today() - timedelta(days=clock.today().weekday())
    first = only or monday - _WEEK * (count - 1)
    span = Span(first, first + _WEEK if only else monday + _WEEK, chosen, rule_name or None)
    listed = messages.stored_state(state)
    async with bus.read() as session:
        found = await messages.message_volume(session, span, listed, page)
    filters = {"weeks": weeks if weeks != str(_SPANS[0]) else "", "week": week, "country": country, "rule": rule_name}
    if listed is not None:
        listing = Listing(
            gettext("Volume and speed"),
            HERE,
            [Column(name) for name in (gettext("Case"), gettext("Message"), gettext("To"), gettext("When"))],
            [_row(line) for line in found.lines],
            found.total,
            Empty(gettext("No message fits these filters."), gettext("Show all"), HERE),
            page=page,
            filters=_fields(filters, mine),
            table_title=gettext("Messages"),
        )
        return list_page(
            request, listing, "messages/volume_list.html", only=only, listed=states.state("notification", state)
        )
    return render(
        request,
        "messages/volume.html",
        charts=_charts(found.days, span) if found.days else [],
        weeks=[_week(part, filters) for part in found.weeks],
        rules=[_rule(part, filters) for part in found.rules],
        only=only,
        fields=_fields(filters, mine),
    )


def _row(message: MessageLine) -> list[Cell]:
    return [
        Link(message.reference or gettext("Open message"), f"/notifications/messages/{message.id}"),
        message.title,
        message.audience,
        dates.moment(message.at, short=True),
    ]


def _charts(parts: Sequence[Part], span: Span) -> list[charts.Chart]:
    """Return the plots of volume and duration by day; days without a message are included."""
    by_day = {part.value: part for part in parts}
    last = min(span.end, clock.today() + timedelta(days=1))
    days = [span.first + timedelta(days=number) for number in range((last - span.first).days)]
    named = [(format_date(day, "d MMM", locale=locale()), by_day.get(day)) for day in days]
    delays = _delay_chart(parts, named)
    return [_volume_chart(parts, named), *([] if delays is None else [delays])]


_NamedParts = Sequence[tuple[str, Part | None]]


def _line(name: str, values: Mapping[str, float | None]) -> charts.Series:
    return charts.Series(name, tuple(values.items()))


def _volume_chart(parts: Sequence[Part], named: _NamedParts) -> charts.Chart:
    failed = sum(part.failed for part in parts)
    total = ngettext("%(num)d message", "%(num)d messages", sum(part.all for part in parts))
    words = {
        "messages": total % {"num": sum(part.all for part in parts)},
        "failed": ngettext("%(num)d was not delivered", "%(num)d were not delivered", failed) % {"num": failed},
    }
    return charts.lines(
        gettext("%(messages)s, %(failed)s") % words,
        [
            _line(gettext("Sent"), {name: part.sent if part else 0 for name, part in named}),
            _line(gettext("Not delivered"), {name: part.failed if part else 0 for name, part in named}),
            _line(gettext("Waiting"), {name: part.waiting if part else 0 for name, part in named}),
        ],
        label=gettext("Day"),
        definition=gettext(
            "A message is counted on the day of the event it is about. It is not delivered if it did not reach "
            "one of its recipients, or if no recipient is known."
        ),
    )


def _delay_chart(parts: Sequence[Part], named: _NamedParts) -> charts.Chart | None:
    """Return the plot of durations; None where no mail was sent."""
    halves = sorted(part.half for part in parts if part.half is not None)
    if not halves:
        return None
    usual = {"time": _time(halves[len(halves) // 2])}
    # Long durations are drawn in hours, or the axis would have odd labels such as 277.8 h.
    longest = max(part.most or part.half or 0 for part in parts)
    unit = next((seconds for seconds in (_HOUR, _MINUTE) if longest >= seconds), 1)
    return charts.lines(
        gettext("On most days half of the emails reach the email server within %(time)s") % usual,
        [
            _line(gettext("Half"), {name: _in(part.half if part else None, unit) for name, part in named}),
            _line(gettext("Nine in ten"), {name: _in(part.most if part else None, unit) for name, part in named}),
        ],
        label=gettext("Day"),
        write=lambda value: _time(value * unit),
        definition=gettext(
            "We measure the time from the event to the email server's confirmation. The lines show the longest "
            "time for half of the day's emails and for nine in ten. Nights and repeated attempts are included."
        ),
    )


def _in(seconds: float | None, unit: int) -> float | None:
    return None if seconds is None else seconds / unit


def _time(seconds: float) -> str:
    """Return a duration in short: `0.4 s`, `12 s`, `3 min`, `1.5 h`."""
    if seconds < _MINUTE:
        return gettext("%(number)s s") % {"number": number(seconds, 0 if seconds >= 10 else 1)}
    if seconds < _HOUR:
        return gettext("%(number)s min") % {"number": number(seconds / _MINUTE)}
    return gettext("%(number)s h") % {"number": number(seconds / _HOUR, 1)}


def _address(chosen_filters: Mapping[str, str], **changes: str) -> str:
    values = {name: value for name, value in {**chosen_filters, **changes}.items() if value}
    return f"{HERE}?{urlencode(values)}" if values else HERE


def _week(part: Part, chosen_filters: Mapping[str, str]) -> list[Cell]:
    """Return a week's line."""
    assert isinstance(part.value, date)
    filters = {**chosen_filters, "week": part.value.isoformat()}
    name = dates.span(part.value, part.value + timedelta(days=6))
    return [Link(name, _address(filters)), *_cells(part, filters)]


def _rule(part: Part, chosen_filters: Mapping[str, str]) -> list[Cell]:
    """Return a message's line."""
    name = short_subject(BY_NAME[str(part.value)]) if part.value in BY_NAME else str(part.value)
    filters = {**chosen_filters, "rule": str(part.value)}
    return [Link(name, _address(filters)), *_cells(part, filters)]


def _cells(part: Part, filters: Mapping[str, str]) -> list[Cell]:
    """Return the counts, each with a link to its rows, and the durations."""
    found: list[Cell] = [
        Link(number(count), _address(filters, state=state)) if count else count
        for state, count in (("sent", part.sent), ("failed", part.failed), ("waiting", part.waiting))
    ]
    return [*found, *(None if value is None else _time(value) for value in (part.half, part.most))]


def _fields(chosen_filters: Mapping[str, str], countries: Iterable[str] | None) -> list[Filter]:
    spans = [
        (str(weeks_), ngettext("The last %(num)d week", "The last %(num)d weeks", weeks_) % {"num": weeks_})
        for weeks_ in _SPANS
    ]
    return [
        Filter("weeks", gettext("Time"), chosen_filters["weeks"] or str(_SPANS[0]), spans),
        country_field(countries, chosen_filters["country"]),
        rule_field(chosen_filters["rule"]),
    ]
