"""The messages of the signed-in person; notifications keeps the list.

Messages are cards in the reader's language that another service pages, so they are no `Listing`.
"""

from datetime import datetime
from typing import Annotated, TypedDict
from urllib.parse import urlencode
from uuid import UUID

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


async def _counts(request: Request) -> Unread:
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
    case: str = "",
) -> Response:
    """Show the messages of the signed-in person by case; `show=unread` only the unread ones, `case` those about one.

    They are in the language in which this person is written to, as the mails are.
    """
    person = await recipient(bus, principal)
    only = show == "unread"
    found: notifications.Inbox | None = notifications.Inbox()
    if person is not None:
        try:
            found = await notifications.inbox(
                settings, person.id, person.country, person.written_in, page=page, unread=only, case=read_id(case)
            )
            counts.remember(person.id, found.unread)
        except notifications.Unavailable:
            found = None
    return render(
        request,
        "desk/inbox.html",
        inbox=found,
        unread_only=only,
        page=page,
        case=read_id(case),
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
    return HTMLResponse(_unread(count) if count else "", headers={"Cache-Control": "no-store"})


def _unread(count: int) -> str:
    """Return the number as the menu shows it, with a word for screen readers: the menu has one row on a wide screen."""
    text = ngettext("%(num)d unread", "%(num)d unread", count) % {"num": count}
    return f'<span aria-hidden="true">({count})</span><span class="govuk-visually-hidden">({text})</span>'


@router.post("/read")
async def read(request: Request, principal: Reader, bus: BusDep, settings: Portal, counts: Counts) -> Response:
    """Mark messages as read; then go to what one is about, or back to the list as it was.

    The button says which: `one` or `open` a message, `about` a case, `do` the selected ones (`id`) or all. What came
    after the page was made (`seen`) stays unread.
    """
    form = await request.form()
    sent = {name: value for name, value in form.items() if isinstance(value, str)}
    opened, _, to = sent.get("open", "").partition(" ")
    which = _which(sent, [id_ for value in form.getlist("id") if (id_ := read_id(str(value))) is not None], opened)
    person = await recipient(bus, principal)
    done = "read" if sent.get("do") == "all" else ""
    if which is None:
        done = "none"
    elif person is not None:
        try:
            await notifications.mark_read(settings, person.id, **which)
            counts.forget(person.id)
        except notifications.Unavailable:
            done = "away"
    if _ours(to):
        return see_other(to)
    query = {name: sent.get(name, "") for name in ("show", "page", "case")} | {"done": done}
    return see_other(f"{HERE}?{urlencode({name: value for name, value in query.items() if value})}")


class _Which(TypedDict, total=False):
    """The messages that are to be marked as read."""

    ids: list[UUID]
    case: UUID
    seen: datetime | None


def _which(sent: dict[str, str], selected: list[UUID], opened: str) -> _Which | None:
    """Return the messages that a button is for; None where none is."""
    if (message_id := read_id(sent.get("one") or opened)) is not None:
        return {"ids": [message_id]}
    if (about := read_id(sent.get("about"))) is not None:
        return {"case": about, "seen": _moment(sent.get("seen", ""))}
    if sent.get("do") == "all":
        return {"seen": _moment(sent.get("seen", ""))}
    return {"ids": selected} if selected else None


def _moment(text: str) -> datetime | None:
    """Return a moment with its zone from a form; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def _ours(address: str) -> bool:
    """Return whether an address is a page of this site."""
    return address.startswith("/") and not address.startswith(("//", "/\\"))
