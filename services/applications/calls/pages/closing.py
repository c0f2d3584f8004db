"""The page that closes a call, with what happens to the applications that are left."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.calls import actions
from services.applications.calls.views.closing import RemainingApplications, remaining_applications
from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from shared.i18n import gettext, ngettext
from shared.web.render import render, see_other
from shared.web.states import state

router = APIRouter(prefix="/applications/calls", include_in_schema=False)


@router.get("/{call_id}/close")
async def ask_close(request: Request, call_id: UUID, _: Coordinator, bus: BusDep) -> Response:
    """Show what is left, by state, with what happens to each, and ask."""
    async with bus.read() as session:
        call, found = await remaining_applications(session, call_id)
    return render(
        request,
        "calls/close.html",
        call=call,
        rows=[_row(group, call_id) for group in found],
        unplaced=sum(group.count - group.awaited for group in found if group.becomes != "stays"),
    )


def _row(group: RemainingApplications, call_id: UUID) -> list[Any]:
    return [
        {
            "text": state("application", group.state).word,
            "href": f"/applications/cases?state={group.state}&call={call_id}",
        },
        group.count,
        _becomes(group),
    ]


def _becomes(group: RemainingApplications) -> str:
    if group.becomes == "stays":
        return gettext("Goes on as it is")
    unplaced = gettext("Told at once that no place was found")
    if group.becomes == "unplaced":
        return unplaced
    if group.awaited == 0:
        return gettext("The match ends. %(told)s") % {"told": unplaced}
    text = ngettext(
        "To %(num)d both sides have said yes: it is confirmed, or told that no place was found.",
        "To %(num)d both sides have said yes: they are confirmed, or told that no place was found.",
        group.awaited,
    ) % {"num": group.awaited}
    if group.awaited == group.count:
        return text
    return text + " " + gettext("The other matches end. %(told)s") % {"told": unplaced}


@router.post("/{call_id}/close")
async def close(call_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Close the call."""
    await actions.close(bus, principal.subject, call_id)
    return see_other(f"/applications/calls/{call_id}?done=closed")
