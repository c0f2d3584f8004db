"""The message log: the list, one message, and its retry and resend forms."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from babel.dates import get_timezone_location
from fastapi import APIRouter, Depends, HTTPException, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from services.notifications.cases.store import register
from services.notifications.deadlines.store import lists
from services.notifications.filters import countries_in, country_field, monday_of
from services.notifications.guards import READERS, countries_read, reads
from services.notifications.mail import actions
from services.notifications.mail.actions import ResendReason
from services.notifications.mail.store import resending, unreachable
from services.notifications.messages.forms import rule_field
from services.notifications.messages.model.table import BY_NAME
from services.notifications.messages.store import messages as store
from services.notifications.messages.store.messages import MessageRow, Search
from services.notifications.messages.views import messages
from services.notifications.messages.views.bodies import bodies
from services.notifications.parameters import BusDep, Reader, settings_of
from services.notifications.preferences.model.quiet_hours import Quiet, pressing
from shared.bus import Bus
from shared.contracts.codes import FailureCause, Role
from shared.contracts.labels import label
from shared.i18n import N_, gettext, locale
from shared.identity import Principal, allow
from shared.time import clock, dates
from shared.time.zones import zone_of
from shared.web import states
from shared.web.forms import Form, Needed, RadioField
from shared.web.live import live_route
from shared.web.render import render, see_other

router = APIRouter(prefix="/notifications", include_in_schema=False)
router.add_api_route("/live", live_route("messages"), dependencies=[Depends(allow(*READERS))])

_WEEKS = 26


class ResendForm(Form):
    """Why a message is sent anew."""

    reason = RadioField(N_("Why is it sent anew?"), [Needed(N_("Choose why it is sent anew"))], choices=ResendReason)


@router.get("/")
async def log(
    request: Request,
    bus: BusDep,
    who: Reader,
    q: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    rule: Annotated[str, Query(max_length=80)] = "",
    country: Annotated[str, Query(max_length=2)] = "",
    week: Annotated[str, Query(max_length=10, description="The Monday of a week")] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The messages, the newest first, by reference or application, state, message, country and week."""
    mine = countries_read(who)
    countries = countries_in(mine, country)
    monday = monday_of(week)
    async with bus.read() as session:
        counts = await store.state_counts(session, mine)
        search = Search(
            words=q,
            state=messages.stored_state(state),
            countries=countries,
            page=page,
            rule=rule if rule in BY_NAME else None,
            week=monday,
        )
        found, total = await store.search_messages(session, search)
        overdue = await lists.overdue_count(session, now=clock.now(), countries=mine)
        unreachable_people = await unreachable.open_count(session, mine)
    now, quiet = clock.now(), _quiet(request)
    return render(
        request,
        "mail/log.html",
        counts=_counts(counts, overdue, unreachable_people),
        rows=[
            (
                message,
                messages.message_wording(message),
                messages.audience_name(message),
                messages.state_of(message),
                _waits(message, now, quiet),
            )
            for message in found
        ],
        total=total,
        page=page,
        q=q,
        state_=state,
        options=[(code, states.state("notification", code).word) for code in ("waiting", "sent", "failed")],
        more=_more(rule, country, monday, mine, clock.today()),
        cause=_cause,
        moment_=lambda value: dates.moment(value, short=True),
    )


@router.get("/messages/{message_id}")
async def message_page(request: Request, message_id: UUID, bus: BusDep, who: Reader) -> Response:
    """One message: its text, its recipients, and why one was not reached."""
    return await _message_page(request, message_id, bus, who)


async def _message_page(
    request: Request, message_id: UUID, bus: Bus, who: Principal, *, form: ResendForm | None = None
) -> Response:
    async with bus.read() as session:
        message = await _readable(session, message_id, who)
        notifications = await store.notifications_of(session, message.id)
        resent = await resending.resendings(session, message.id)
        host = message.case.named_host
        organisations = await register.organisation_names(session, [] if host is None else [host])
    wording = messages.message_wording(
        message, origin=request.app.state.service.settings.origin, host="".join(organisations.values())
    )
    return render(
        request,
        "mail/message.html",
        200 if form is None else 422,
        message=message,
        said=wording,
        text=bodies(wording, gettext("(the name is asked for when it is sent)"), "")["text"],
        to_whom=messages.audience_name(message),
        state_=messages.state_of(message),
        notifications=notifications,
        cause=_cause,
        may_retry=who.has(Role.PROGRAMME_COORDINATOR) and resending.may_retry(message, notifications),
        may_resend=who.has(Role.PROGRAMME_COORDINATOR) and message.state != store.WAITING,
        form=form or ResendForm(),
        resent=[(row, label(ResendReason(row.reason))) for row in resent],
        waits=_waits(message, clock.now(), _quiet(request)),
        done=request.query_params.get("done"),
    )


@router.post("/messages/{message_id}/retry")
async def retry(
    message_id: UUID, bus: BusDep, who: Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
) -> Response:
    """Retry what failed."""
    await actions.retry(bus, who.subject, message_id)
    return see_other(f"/notifications/messages/{message_id}?done=retry")


@router.post("/messages/{message_id}/resend")
async def resend(
    request: Request,
    message_id: UUID,
    bus: BusDep,
    who: Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))],
) -> Response:
    """Write the message anew and send it as a new mail, for a reason."""
    form = await ResendForm.read(request)
    if not form.validate():
        return await _message_page(request, message_id, bus, who, form=form)
    await actions.resend(bus, who.subject, message_id, ResendReason(form.reason.data))
    return see_other(f"/notifications/messages/{message_id}?done=resend")


async def _readable(session: AsyncSession, message_id: UUID, who: Principal) -> MessageRow:
    message = await store.message(session, message_id)
    if message is None or not reads(who, message.country):
        raise HTTPException(404)
    return message


def _quiet(request: Request) -> Quiet:
    return settings_of(request).quiet


def _cause(code: str | None) -> str:
    return "" if code is None else label(FailureCause(code))


def _waits(message: MessageRow, now: datetime, quiet: Quiet) -> str:
    """Return until when a message waits for the morning, and where; empty where it does not.

    A person's own quiet hours are private: the only times shown are the country's, or when the message becomes urgent.
    """
    until = message.held_until
    if message.state != store.WAITING or until is None or until <= now:
        return ""
    if until not in {quiet.until(message.country, now), pressing(message.row, message.facts, now)}:
        return gettext("waits until the recipient's quiet hours are over")
    zone = zone_of(message.country)
    city = get_timezone_location(zone, locale=locale(), return_city=True)
    return gettext("waits until %(time)s in %(city)s") % {"time": f"{until.astimezone(zone):%H:%M}", "city": city}


def _more(
    rule: str, country: str, week: date | None, countries: Iterable[str] | None, today: date
) -> list[dict[str, object]]:
    """Return the filters that are folded away: message, country, week."""
    mondays = {today - timedelta(days=today.weekday(), weeks=back) for back in range(_WEEKS)}
    if week is not None:
        mondays.add(week)
    return [
        rule_field(rule),
        country_field(countries, country),
        {
            "name": "week",
            "label": gettext("Week"),
            "options": [(str(monday), dates.day(monday)) for monday in sorted(mondays, reverse=True)],
            "value": "" if week is None else str(week),
        },
    ]


def _counts(counts: dict[str, int], overdue: int, unreachable_people: int) -> list[dict[str, object]]:
    """Return the numbers by state; each links to exactly its rows."""
    counts_shown: list[dict[str, object]] = [
        {
            "count": counts.get(stored, 0),
            "name": states.state("notification", code).word,
            "href": f"/notifications/?state={code}",
            "tone": states.state("notification", code).tone,
        }
        for stored, code in ((store.FAILED, "failed"), (store.WAITING, "waiting"), (store.DONE, "sent"))
    ]
    counts_shown.insert(
        1, {"count": overdue, "name": gettext("Overdue"), "href": "/notifications/due?over=yes", "tone": "error"}
    )
    unreached = {"name": gettext("Cannot be reached"), "href": "/notifications/unreachable", "tone": "error"}
    counts_shown.insert(1, {"count": unreachable_people, **unreached})
    return counts_shown
