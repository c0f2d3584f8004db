"""The message log: the list, one message, and its retry and resend forms.

A message's page holds the form to resend it, so it is answered here and not by a `Decision`.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.notifications.filters import countries_in, country_field, monday_of
from services.notifications.guards import READERS, countries_read
from services.notifications.mail import actions, views
from services.notifications.mail.model import ResendReason
from services.notifications.mail.views import LogLine, MessageLog
from services.notifications.messages.forms import rule_field
from services.notifications.messages.model.log import MessageState, Search
from services.notifications.messages.model.table import BY_NAME
from services.notifications.messages.views import messages
from services.notifications.messages.views.bodies import bodies
from services.notifications.parameters import BusDep, Reader, settings_of
from services.notifications.preferences.model.quiet_hours import Quiet
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.i18n import N_, gettext
from shared.identity import Principal, allow
from shared.time import clock, dates
from shared.web import states
from shared.web.forms import Form, Needed, RadioField
from shared.web.lists import Cell, Column, Count, Empty, Filter, Link, Listing, list_page, tag
from shared.web.live import live_route
from shared.web.query import CountryText, DayText
from shared.web.render import render, see_other

router = APIRouter(prefix="/notifications", include_in_schema=False)
router.add_api_route("/live", live_route("messages"), dependencies=[Depends(allow(*READERS))])

_HOME = "/notifications/"
_WEEKS = 26


class ResendForm(Form):
    """The form to send a message again, with a reason."""

    reason = RadioField(
        N_("Why do you want to send it again?"),
        [Needed(N_("Select why you want to send it again"))],
        choices=ResendReason,
    )


@router.get("/")
async def log(
    request: Request,
    bus: BusDep,
    principal: Reader,
    q: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    rule: Annotated[str, Query(max_length=80)] = "",
    country: CountryText = "",
    week: Annotated[DayText, Query(max_length=10, description="The Monday of a week")] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Return the messages, the newest first, by reference or application, state, message, country and week."""
    mine = countries_read(principal)
    countries = countries_in(mine, country)
    monday = monday_of(week)
    search = Search(
        words=q,
        state=messages.stored_state(state),
        countries=countries,
        page=page,
        rule=rule if rule in BY_NAME else None,
        week=monday,
    )
    async with bus.read() as session:
        found = await views.message_log(session, search, principal, _quiet(request))
    options = [(code.value, states.state("notification", code).word) for code in MessageState]
    names = (
        gettext("Case"),
        gettext("Message"),
        gettext("To"),
        gettext("When"),
        gettext("State"),
        gettext("Reason not sent"),
    )
    listing = Listing(
        gettext("Sent messages"),
        _HOME,
        [Column(name) for name in names],
        [_row(line) for line in found.lines],
        found.total,
        Empty(gettext("No message fits these filters."), gettext("Show all messages"), _HOME),
        page=page,
        counts=_counts(found),
        filters=[
            Filter("q", gettext("Reference or application"), q),
            Filter("state", gettext("State"), state, options),
        ],
        more_filters=_more(rule, country, monday, mine, clock.today()),
        live=("/notifications/live", "log"),
    )
    return list_page(request, listing, "mail/log.html")


def _row(row: LogLine) -> list[Cell]:
    message = row.line
    return [
        Link(message.reference or gettext("Open message"), f"/notifications/messages/{message.id}"),
        message.title,
        message.audience,
        dates.moment(message.at, short=True),
        tag(states.state("notification", row.state)),
        row.reason or None,
    ]


@router.get("/messages/{message_id}")
async def message_page(request: Request, message_id: UUID, bus: BusDep, principal: Reader) -> Response:
    """Return one message: its text, its recipients, and why one was not reached."""
    return await _message_page(request, message_id, bus, principal)


async def _message_page(
    request: Request, message_id: UUID, bus: Bus, principal: Principal, *, form: ResendForm | None = None
) -> Response:
    origin = request.app.state.service.settings.origin
    async with bus.read() as session:
        message = await views.message_detail(session, message_id, principal, origin=origin, quiet=_quiet(request))
    coordinates = principal.has(Role.PROGRAMME_COORDINATOR)
    return render(
        request,
        "mail/message.html",
        200 if form is None else 422,
        message=message,
        text=bodies(message.wording, gettext("(the name is added when it is sent)"), "")["text"],
        may_see_names=message.in_register and principal.has(Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR),
        may_retry=coordinates and message.retryable,
        may_count=coordinates and message.state is MessageState.UNSURE,
        may_resend=coordinates and message.resendable,
        form=form or ResendForm(),
        done=request.query_params.get("done"),
    )


@router.post("/messages/{message_id}/retry")
async def retry(
    message_id: UUID, bus: BusDep, principal: Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
) -> Response:
    """Retry what failed."""
    await actions.retry(bus, principal.subject, message_id)
    return see_other(f"/notifications/messages/{message_id}?done=retry")


@router.post("/messages/{message_id}/count-as-sent")
async def count_as_sent(
    message_id: UUID, bus: BusDep, who: Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
) -> Response:
    """Count as sent what may have been sent."""
    await actions.count_as_sent(bus, who.subject, message_id)
    return see_other(f"/notifications/messages/{message_id}?done=counted")


@router.post("/messages/{message_id}/resend")
async def resend(
    request: Request,
    message_id: UUID,
    bus: BusDep,
    principal: Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))],
) -> Response:
    """Write the message anew and send it as a new mail, for a reason."""
    form = await ResendForm.read(request)
    if not form.validate():
        return await _message_page(request, message_id, bus, principal, form=form)
    await actions.resend(bus, principal.subject, message_id, ResendReason(form.reason.data))
    return see_other(f"/notifications/messages/{message_id}?done=resend")


def _quiet(request: Request) -> Quiet:
    return settings_of(request).quiet


def _more(rule: str, country: str, week: date | None, countries: Iterable[str] | None, today: date) -> list[Filter]:
    """Return the filters that are folded away: message, country, week."""
    mondays = {today - timedelta(days=today.weekday(), weeks=back) for back in range(_WEEKS)}
    if week is not None:
        mondays.add(week)
    weeks = [(str(monday), dates.day(monday)) for monday in sorted(mondays, reverse=True)]
    return [
        rule_field(rule),
        country_field(countries, country),
        Filter("week", gettext("Week"), "" if week is None else str(week), weeks),
    ]


def _counts(found: MessageLog) -> list[Count]:
    """Return the numbers by state; each links to exactly its rows."""
    return [
        _count(found.failed, MessageState.FAILED),
        _count(found.unsure, MessageState.UNSURE),
        Count(found.unreachable, gettext("Cannot be reached"), "/notifications/unreachable", "error"),
        Count(found.overdue, gettext("Overdue"), "/notifications/due?over=yes", "error"),
        _count(found.waiting, MessageState.WAITING),
        _count(found.sent, MessageState.SENT),
    ]


def _count(count: int, code: MessageState) -> Count:
    state = states.state("notification", code)
    return Count(count, state.word, f"/notifications/?state={code}", state.tone)
