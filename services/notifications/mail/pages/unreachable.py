"""The pages of people who cannot be reached by mail: the list, one person, the delivery reports."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.requests import Request
from starlette.responses import Response

from services.notifications.filters import countries_in, country_field
from services.notifications.guards import countries_read, reads
from services.notifications.mail import actions
from services.notifications.mail.model import REFUSED, VERDICTS, Verdict
from services.notifications.mail.store import resending, unreachable
from services.notifications.messages.store import messages
from services.notifications.messages.views import messages as views
from services.notifications.parameters import BusDep, Reader
from shared.contracts.codes import FailureCause, Role
from shared.contracts.labels import coordinator, label
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.time import clock
from shared.web.render import render, see_other

router = APIRouter(prefix="/notifications/unreachable", include_in_schema=False)
HERE = "/notifications/unreachable"
# The person's national coordinator, and the programme for everybody.
OWNERS = (Role.PROGRAMME_COORDINATOR, Role.NATIONAL_COORDINATOR)
_DAYS, _SHOWN = 30, 20
Owner = Annotated[Principal, Depends(allow(*OWNERS))]


@router.get("")
async def people(
    request: Request,
    bus: BusDep,
    who: Reader,
    country: Annotated[str, Query(max_length=2)] = "",
    settled: Annotated[str, Query(max_length=3)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The list, the longest unreachable first, and for the programme the delivery reports."""
    mine = countries_read(who)
    countries = countries_in(mine, country)
    async with bus.read() as session:
        rows, total = await unreachable.unreachable_page(session, countries=countries, settled=bool(settled), page=page)
        since = clock.now() - timedelta(days=_DAYS)
        counts, newest = ({}, []) if mine is not None else await unreachable.reports(session, since=since, most=_SHOWN)
    return render(
        request,
        "mail/unreachable.html",
        rows=[(row, _owner(row.country), _why(row)) for row in rows],
        total=total,
        page=page,
        fields=[
            country_field(mine, country),
            {
                "name": "settled",
                "label": gettext("State"),
                "options": [("yes", gettext("Settled"))],
                "value": settled,
            },
        ],
        all_read=mine is None,
        counts=[
            (gettext(VERDICTS[verdict]), counts[verdict], verdict in REFUSED)
            for verdict in Verdict
            if verdict in counts
        ],
        reports=[(report, gettext(VERDICTS[Verdict(report.verdict)])) for report in newest],
        done=request.query_params.get("done"),
    )


@router.get("/{recipient}")
async def person(request: Request, recipient: UUID, bus: BusDep, who: Reader) -> Response:
    """One person: since when, why, what did not arrive, and what can be done."""
    async with bus.read() as session:
        row = (await unreachable.open_entries(session, [recipient])).get(recipient)
        if row is None or not reads(who, row.country):
            raise HTTPException(404)
        message = await messages.message(session, row.message_id)
        sent = [] if message is None else await messages.notifications_of(session, message.id)
    return render(
        request,
        "mail/unreachable_person.html",
        row=row,
        owner=_owner(row.country),
        why=_why(row),
        message=message,
        said=None if message is None else views.message_wording(message),
        may=who.has(*OWNERS),
        may_retry=message is not None and resending.may_retry(message, sent),
        portal=f"/applications/register/people/{recipient}",
        done=request.query_params.get("done"),
    )


@router.post("/{recipient}/retry")
async def retry(recipient: UUID, bus: BusDep, who: Owner) -> Response:
    """Send the last failed message again."""
    await actions.retry_recipient(bus, who, recipient)
    return see_other(f"{HERE}/{recipient}?done=retry")


@router.post("/{recipient}/settle")
async def settle(recipient: UUID, bus: BusDep, who: Owner) -> Response:
    """Take the person off the list."""
    await actions.settle_recipient(bus, who, recipient)
    return see_other(f"{HERE}?done=settled")


def _owner(country: str | None) -> str:
    return gettext("Programme coordinator") if country is None else coordinator(country)


def _why(row: unreachable.Unreachable) -> str:
    return f"{label(FailureCause(row.cause))} ({row.status})"
