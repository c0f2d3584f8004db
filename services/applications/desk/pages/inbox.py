"""The messages of the signed-in person; notifications keeps the list.

Messages are cards in the reader's language that another service pages, so they are no `Listing`.
"""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from services.applications.desk.actions import notifications
from services.applications.desk.actions.unread import Unread
from services.applications.desk.views import recipient
from services.applications.guards import PARTAKING
from services.applications.parameters import BusDep, Portal
from shared.i18n import ngettext
from shared.identity import Principal, signed_in
from shared.ids import read_id
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/inbox", include_in_schema=False)
HERE = "/applications/inbox"
Reader = Annotated[Principal, Depends(signed_in())]
Page = Annotated[int, Query(ge=1, le=100_000)]


def _counts(request: Request) -> Unread:
    """Return the numbers that this process caches."""
    state = request.app.state
    if not hasattr(state, "unread"):
        state.unread = Unread()
    cached: Unread = state.unread
    return cached


Counts = Annotated[Unread, Depends(_counts)]


@router.get("")
async def inbox(
    request: Request,
    principal: Reader,
    bus: BusDep,
    settings: Portal,
    counts: Counts,
    show: str = "",
    page: Page = 1,
) -> Response:
    """Show the messages of the signed-in person, the newest first; `show=unread` only the unread ones.

    They are in the language in which this person is written to, as the mails are.
    """
    person = await recipient(bus, principal)
    only = show == "unread"
    found: notifications.Inbox | None = notifications.Inbox((), 0, 0)
    if person is not None:
        try:
            found = await notifications.inbox(settings, person.id, person.written_in, page=page, unread=only)
            counts.remember(person.id, found.unread)
        except notifications.Unavailable:
            found = None
    return render(
        request,
        "desk/inbox.html",
        inbox=found,
        unread_only=only,
        page=page,
        done=request.query_params.get("done"),
        may_choose=person is not None,
        may_subscribe=principal.has(*PARTAKING),
        mail_url=settings.mail_url if settings.local else None,
    )


@router.get("/unread")
async def unread(principal: Reader, bus: BusDep, settings: Portal, counts: Counts) -> Response:
    """Return how many are unread, as the page's header shows it; empty for none or unknown.

    A browser does not keep it: what is marked as read shows on the next page.
    """
    person = await recipient(bus, principal)
    count = None if person is None else await counts.of(settings, person.id)
    text = ngettext("%(num)d unread", "%(num)d unread", count) % {"num": count} if count else ""
    return HTMLResponse(f"({text})" if text else "", headers={"Cache-Control": "no-store"})


@router.post("/read")
async def read(request: Request, principal: Reader, bus: BusDep, settings: Portal, counts: Counts) -> Response:
    """Mark one message or all as read; then go to what it is about, or back to the list as it was."""
    form = await request.form()
    sent: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
    message_id = read_id(sent.get("id", ""))
    person = await recipient(bus, principal)
    done = "read"
    if person is not None and (message_id is not None or sent.get("all") == "yes"):
        try:
            await notifications.mark_read(settings, person.id, None if message_id is None else [message_id])
            counts.forget(person.id)
        except notifications.Unavailable:
            done = "away"
    to = sent.get("to", "")
    if _ours(to):
        return see_other(to)
    query = {
        "show": sent.get("show", ""),
        "page": sent.get("page", ""),
        "done": "" if message_id and done == "read" else done,
    }
    return see_other(f"{HERE}?{urlencode({name: value for name, value in query.items() if value})}")


def _ours(address: str) -> bool:
    """Return whether an address is a page of this site."""
    return address.startswith("/") and not address.startswith(("//", "/\\"))
