"""What was sent to whom, and what was not? The log, one message of it, and the way to try a failed one again."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from services.notifications import actions, views
from services.notifications.readers import READERS, countries_read, reads
from services.notifications.sending.letter import bodies
from services.notifications.store import due, names
from services.notifications.store import messages as store
from services.notifications.store.messages import MessageRow, Search
from shared import clock
from shared.bus import Bus
from shared.contracts.codes import FailureCause, Role
from shared.identity import Principal, allow
from shared.service import bus_of
from shared.web import dates, states
from shared.web.i18n import gettext
from shared.web.live import live_route
from shared.web.render import render, see_other
from shared.web.words import label

router = APIRouter(prefix="/notifications", include_in_schema=False)
router.add_api_route("/live", live_route("messages"), dependencies=[Depends(allow(*READERS))])

TheBus = Annotated[Bus, Depends(bus_of)]
Reader = Annotated[Principal, Depends(allow(*READERS))]


@router.get("/")
async def log(
    request: Request,
    bus: TheBus,
    who: Reader,
    q: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The messages, the newest first, found by reference or application and by state."""
    countries = countries_read(who)
    async with bus.read() as session:
        counts = await store.counts(session, countries)
        search = Search(words=q, state=views.stored(state), countries=countries, page=page)
        found, total = await store.found(session, search)
        overdue = await due.over_count(session, now=clock.now(), countries=countries)
    return render(
        request,
        "log.html",
        counts=_counts(counts, overdue),
        rows=[(message, views.said(message), views.to_whom(message), views.state_of(message)) for message in found],
        total=total,
        page=page,
        q=q,
        state_=state,
        options=[(code, states.state("notification", code).word) for code in ("waiting", "sent", "failed")],
        cause=_cause,
        moment_=lambda value: dates.moment(value, short=True),
    )


@router.get("/messages/{message_id}")
async def one(request: Request, message_id: UUID, bus: TheBus, who: Reader) -> Response:
    """One message: what it says, to whom it went and why it did not."""
    async with bus.read() as session:
        message = await _readable(session, message_id, who)
        notifications = await store.notifications_of(session, message.id)
        host = message.case.host_shown
        organisations = await names.organisation_names(session, [] if host is None else [host])
    said = views.said(message, origin=request.app.state.service.settings.origin, host="".join(organisations.values()))
    return render(
        request,
        "message.html",
        message=message,
        said=said,
        text=bodies(said, gettext("(the name is asked for when it is sent)"), "")["text"],
        to_whom=views.to_whom(message),
        state_=views.state_of(message),
        notifications=notifications,
        cause=_cause,
        may_retry=who.has(Role.PROGRAMME_COORDINATOR) and message.state == store.FAILED,
        done=request.query_params.get("done"),
    )


@router.post("/messages/{message_id}/retry")
async def retry(
    message_id: UUID, bus: TheBus, who: Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
) -> Response:
    """Try again what failed."""
    await actions.retry(bus, who.subject, message_id)
    return see_other(f"/notifications/messages/{message_id}?done=retry")


async def _readable(session: AsyncSession, message_id: UUID, who: Principal) -> MessageRow:
    message = await store.message(session, message_id)
    if message is None or not reads(who, message.country):
        raise HTTPException(404)
    return message


def _cause(code: str | None) -> str:
    return "" if code is None else label(FailureCause(code))


def _counts(counts: dict[str, int], overdue: int) -> list[dict[str, object]]:
    """What stands where; each count leads to exactly its rows."""
    shown: list[dict[str, object]] = [
        {
            "count": counts.get(stored, 0),
            "name": states.state("notification", code).word,
            "href": f"/notifications/?state={code}",
            "tone": states.state("notification", code).tone,
        }
        for stored, code in ((store.FAILED, "failed"), (store.WAITING, "waiting"), (store.DONE, "sent"))
    ]
    shown.insert(
        1, {"count": overdue, "name": gettext("Overdue"), "href": "/notifications/due?over=yes", "tone": "error"}
    )
    return shown
