"""The page that closes a call, with what happens to the applications that are left."""

from uuid import UUID

from fastapi import APIRouter

from services.applications.calls import actions
from services.applications.calls.views.closing import RemainingApplications, remaining_applications
from services.applications.guards import Coordinator
from shared.i18n import gettext, ngettext
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form
from shared.web.lists import Cell, Link
from shared.web.states import state

router = APIRouter(prefix="/applications/calls", include_in_schema=False)


class CloseForm(Form):
    """The confirmation to close a call; it has no fields."""


async def _ask(request: DecisionRequest[CloseForm]) -> Question:
    async with request.bus.read() as session:
        call, found = await remaining_applications(session, request.id)
    return Question(
        gettext("Close “%(title)s”?") % {"title": call.title},
        gettext("Yes, close call"),
        _call_path(call.id),
        call.title,
        caption=call.reference,
        text=gettext(
            "Close the call after the last cohort. After that, nobody can clear or answer a match in this call."
        ),
        cancel=gettext("No, go back"),
        warning=True,
        template="calls/close.html",
        more={
            "rows": [_row(group, call.id) for group in found],
            "unplaced": sum(group.count - group.awaited for group in found if group.becomes != "stays"),
        },
    )


async def _close(request: DecisionRequest[CloseForm]) -> str:
    await actions.close(request.bus, request.principal.subject, request.id)
    return _call_path(request.id) + "?done=closed"


def _call_path(call_id: UUID) -> str:
    return f"/applications/calls/{call_id}"


def _row(group: RemainingApplications, call_id: UUID) -> list[Cell]:
    return [
        Link(state("application", group.state).word, f"/applications/cases?state={group.state}&call={call_id}"),
        group.count,
        _becomes(group),
    ]


def _becomes(group: RemainingApplications) -> str:
    if group.becomes == "stays":
        return gettext("Continues unchanged")
    unplaced = gettext("Officers are notified at once that no place was found")
    if group.becomes == "unplaced":
        return unplaced
    if group.awaited == 0:
        return gettext("The match ends. %(told)s") % {"told": unplaced}
    text = ngettext(
        "Both sides have accepted %(num)d match. It is confirmed, or the officer is notified that no place was found.",
        "Both sides have accepted %(num)d matches. They are confirmed, or the officers are notified that no "
        "place was found.",
        group.awaited,
    ) % {"num": group.awaited}
    if group.awaited == group.count:
        return text
    return text + " " + gettext("The other matches end. %(told)s") % {"told": unplaced}


add_decision(router, Coordinator, Decision("/{call_id}/close", CloseForm, _ask, _close))
