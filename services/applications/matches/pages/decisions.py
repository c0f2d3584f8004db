"""The pages on which a match is refused clearance or cancelled."""

from fastapi import APIRouter

from services.applications.beside import done_address, following, list_context, opened, present
from services.applications.forms import ReasonForm
from services.applications.guards import Anyone, Decider
from services.applications.matches.actions import answers, clearance
from services.applications.matches.pages.beside import KEEPS_MATCHES
from services.applications.matches.views.names import match_path
from services.applications.overview.views.participation import MatchView, match_view
from shared.contracts.codes import StatedReason
from shared.i18n import gettext
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision

router = APIRouter(prefix="/applications/matches", include_in_schema=False)


async def _ask_refuse(request: DecisionRequest[ReasonForm]) -> Question:
    async with request.bus.read() as session:
        view = await match_view(session, request.principal, request.id)
        beside = await list_context(session, request.http, request.principal, request.id)
    return Question(
        gettext("Refuse clearance of this match"),
        gettext("Refuse clearance"),
        match_path(request.id) + opened(request.http),
        caption=view.case.application.reference or "",
        text=gettext(
            "The match is cancelled, and we look for another place. Health and clearance reasons are passed on "
            "as personal."
        ),
        warning=True,
        more=beside,
    )


async def _refuse(request: DecisionRequest[ReasonForm]) -> str:
    form = request.form
    after = await following(request.http, request.bus, request.principal, request.id)
    await clearance.refuse(
        request.bus, request.principal, request.id, StatedReason(form.reason.data), form.text.data or ""
    )
    after = await present(request.http, request.bus, request.principal, after)
    return done_address(request.http, match_path(request.id), request.id, "refused", after)


async def _ask_cancel(request: DecisionRequest[ReasonForm]) -> Question:
    async with request.bus.read() as session:
        view = await match_view(session, request.principal, request.id)
        beside = await list_context(session, request.http, request.principal, request.id)
    return Question(
        gettext("Request cancellation"),
        gettext("Request cancellation"),
        match_path(request.id) + opened(request.http),
        caption=view.case.application.reference or "",
        text=_consequence(view),
        warning=True,
        more=beside,
    )


def _consequence(view: MatchView) -> str:
    """Return what follows from cancelling, for the one who reads it (decision 0012)."""
    notice = gettext("The other side is notified, with the reason. The place goes to the next in line.")
    if view.case.sides[0] in view.case.parties:
        return notice + " " + gettext("Your application ends too.")
    return notice + " " + gettext("While the call is open, we look for another place for the application.")


async def _cancel(request: DecisionRequest[ReasonForm]) -> str:
    form = request.form
    await answers.cancel(
        request.bus, request.principal, request.id, StatedReason(form.reason.data), form.text.data or ""
    )
    return done_address(request.http, match_path(request.id), request.id, "cancel", None)


_LIST = (KEEPS_MATCHES,)
add_decision(router, Decider, Decision("/{match_id}/refuse", ReasonForm, _ask_refuse, _refuse, query=_LIST))
add_decision(router, Anyone, Decision("/{match_id}/cancel", ReasonForm, _ask_cancel, _cancel, query=_LIST))
