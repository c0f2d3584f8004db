"""The pages that cancel or void an application, with everything that ends with it."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.application.model import states
from services.applications.application.views.standing import Case
from services.applications.beside import done_address, list_context, opened
from services.applications.guards import Coordinator
from services.applications.review.actions import endings
from services.applications.review.pages.beside import KEEPS_LIST
from services.applications.review.views.case import captioned, case_address, visible_case
from shared.contracts.applications import ApplicationVoided
from shared.contracts.codes import StatedReason, VoidReason
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.time import dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import BooleanField, Form, Longest, Needed, SelectField, TextAreaField

router = APIRouter(prefix="/applications/cases", include_in_schema=False)


class CancelForm(Form):
    """The form to cancel an application, with a reason."""

    reason = SelectField(
        N_("Why are you cancelling it?"),
        [Needed(N_("Choose a reason"))],
        choices=StatedReason,
        blank=N_("Choose a reason"),
    )
    text = TextAreaField(N_("What should the officer know?"), [Longest(1000)], description=N_("The officer reads it"))


class VoidForm(Form):
    """The form to remove an application from the counts, with the error."""

    reason = SelectField(
        N_("What was the error?"), [Needed(N_("Choose what the error was"))], choices=VoidReason, blank=N_("Choose one")
    )
    known = BooleanField(
        N_("I know that this cannot be undone"), [Needed(N_("Confirm that you know that this cannot be undone"))]
    )


async def _ask_cancel(request: DecisionRequest[CancelForm]) -> Question:
    title, button = gettext("Cancel this application?"), gettext("Cancel application")
    return await _question(request, title, button, _cancelled, _obstacle_to_cancelling)


async def _ask_void(request: DecisionRequest[VoidForm]) -> Question:
    title, button = gettext("Was this application entered in error?"), gettext("Remove application")
    return await _question(request, title, button, _voided, _obstacle_to_voiding)


async def _question(
    request: DecisionRequest[Form],
    title: str,
    button: str,
    follows: Callable[[endings.Dependants], list[str]],
    obstacle: Callable[[AsyncSession, Case], Awaitable[object]],
) -> Question:
    """Return the question, with what happens to all that depends on the application."""
    async with request.bus.read() as session:
        case = await visible_case(session, request.principal, request.id)
        beside = await list_context(session, request.http, request.principal, request.id)
        dependants = await endings.dependants_of(session, request.id)
        try:
            await obstacle(session, case)
            why_not = ""
        except (Refused, states.NotPossible) as error:
            why_not = error.detail if isinstance(error, Refused) else str(error)
    return Question(
        title,
        button,
        case_address(request.id) + opened(request.http),
        caption=f"{captioned(case.application)} · {case.call.title}",
        follows=follows(dependants),
        obstacle=why_not,
        cancel=gettext("No, go back"),
        final=True,
        warning=True,
        more=beside,
    )


async def _obstacle_to_cancelling(session: AsyncSession, case: Case) -> None:
    await endings.state_after_cancelling(session, case.application)


async def _obstacle_to_voiding(_: AsyncSession, case: Case) -> None:
    states.after(ApplicationVoided, case.application.own_state)


def _span(dependants: endings.Dependants) -> str:
    visit = dependants.visit
    if visit is None or visit.start is None or visit.end is None:
        return gettext("no dates yet")
    return dates.span(visit.start, visit.end)


def _cancelled(dependants: endings.Dependants) -> list[str]:
    found = []
    if dependants.visit_is_cancelled:
        text = gettext("The visit at %(host)s (%(days)s) is cancelled. Guest and host are notified.")
        found.append(text % {"host": dependants.host, "days": _span(dependants)})
    elif dependants.mentorship_ends:
        found.append(gettext("The mentorship ends early. Mentor and mentee are notified."))
    elif dependants.match_ends:
        text = gettext("The match with %(host)s is cancelled. Its place goes to the next in line.")
        found.append(text % {"host": dependants.host})
    else:
        found.append(gettext("No match depends on it."))
    found.append(gettext("The officer reads the reason, and may appeal against it."))
    return found


def _voided(dependants: endings.Dependants) -> list[str]:
    found = []
    if dependants.visit is not None:
        text = gettext("The visit at %(host)s (%(days)s) is no longer counted, whatever its outcome.")
        found.append(text % {"host": dependants.host, "days": _span(dependants)})
    if dependants.mentorship is not None:
        found.append(gettext("The mentorship is no longer counted. If it is still in progress, it ends."))
    if dependants.match_ends and dependants.visit is None and dependants.mentorship is None:
        text = gettext("The match with %(host)s is cancelled. Its place goes to the next in line.")
        found.append(text % {"host": dependants.host})
    found += [
        gettext("Certificate %(number)s is revoked.") % {"number": certificate.number}
        for certificate in dependants.certificates
    ]
    if not found:
        found.append(gettext("No match, visit or certificate depends on it."))
    found.append(
        gettext("The application is removed from all counts and figures. The officer is notified, with the reason.")
    )
    return found


async def _cancel(request: DecisionRequest[CancelForm]) -> str:
    reason, text = StatedReason(request.form.reason.data), request.form.text.data or ""
    await endings.cancel(request.bus, request.principal.subject, request.id, reason, text)
    return done_address(request.http, case_address(request.id), request.id, "cancelled", None)


async def _void(request: DecisionRequest[VoidForm]) -> str:
    reason = VoidReason(request.form.reason.data)
    await endings.void(request.bus, request.principal.subject, request.id, reason)
    return done_address(request.http, case_address(request.id), request.id, "voided", None)


_LIST = (KEEPS_LIST,)
add_decision(router, Coordinator, Decision("/{application_id}/cancel", CancelForm, _ask_cancel, _cancel, query=_LIST))
add_decision(router, Coordinator, Decision("/{application_id}/void", VoidForm, _ask_void, _void, query=_LIST))
