"""The pages that cancel or void an application, with everything that ends with it."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.application.model import states
from services.applications.application.views.standing import Case
from services.applications.guards import Coordinator
from services.applications.parameters import BusDep
from services.applications.review.actions import endings
from services.applications.review.forms.decisions import seen_at
from services.applications.review.views.case import case_address, load_case
from shared.bus import Bus
from shared.contracts.applications import ApplicationVoided
from shared.contracts.codes import StatedReason, VoidReason
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.time import dates
from shared.web.forms import BooleanField, Form, Longest, Needed, SelectField, TextAreaField
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/cases", include_in_schema=False)


class CancelForm(Form):
    """Why it is cancelled."""

    reason = SelectField(
        N_("Why do you cancel it?"), [Needed(N_("Choose a reason"))], choices=StatedReason, blank=N_("Choose a reason")
    )
    text = TextAreaField(N_("What should the officer know?"), [Longest(1000)], description=N_("The officer reads it"))


class VoidForm(Form):
    """Why it was an error."""

    reason = SelectField(
        N_("What was the error?"), [Needed(N_("Choose what the error was"))], choices=VoidReason, blank=N_("Choose")
    )
    known = BooleanField(
        N_("I know that this cannot be undone"), [Needed(N_("Confirm that you know that this cannot be undone"))]
    )


async def _page(request: Request, bus: Bus, case: Case, form: Form, what: str, status: int = 200) -> Response:
    """Show the question, with what happens to all that depends on the application."""
    application = case.application
    async with bus.read() as session:
        dependants = await endings.dependants_of(session, application.id)
        obstacle = await _obstacle(session, case, what)
    return render(
        request,
        "review/ending.html",
        status,
        application=application,
        call=case.call,
        form_=form,
        what=what,
        follows=(_cancelled if what == "cancel" else _voided)(dependants),
        obstacle=obstacle,
    )


async def _obstacle(session: AsyncSession, case: Case, what: str) -> str | None:
    try:
        if what == "cancel":
            await endings.state_after_cancelling(session, case.application)
        else:
            states.after(ApplicationVoided, case.application.own_state)
    except (Refused, states.NotPossible) as error:
        return error.detail if isinstance(error, Refused) else str(error)
    return None


def _span(dependants: endings.Dependants) -> str:
    visit = dependants.visit
    if visit is None or visit.start is None or visit.end is None:
        return gettext("without dates yet")
    return dates.span(visit.start, visit.end)


def _cancelled(dependants: endings.Dependants) -> list[str]:
    found = []
    if dependants.visit_is_cancelled:
        text = gettext("The visit at %(host)s (%(days)s) is cancelled. Guest and host are told.")
        found.append(text % {"host": dependants.host, "days": _span(dependants)})
    elif dependants.mentorship_ends:
        found.append(gettext("The mentorship ends early. Mentor and mentee are told."))
    elif dependants.match_ends:
        text = gettext("The match with %(host)s is cancelled. Its place goes to the next in line.")
        found.append(text % {"host": dependants.host})
    else:
        found.append(gettext("No match hangs on it."))
    found.append(gettext("The officer reads the reason, and may appeal against it."))
    return found


def _voided(dependants: endings.Dependants) -> list[str]:
    found = []
    if dependants.visit is not None:
        text = gettext("The visit at %(host)s (%(days)s) leaves the counts, whatever became of it.")
        found.append(text % {"host": dependants.host, "days": _span(dependants)})
    if dependants.mentorship is not None:
        found.append(gettext("The mentorship leaves the counts; if it still goes on, it ends."))
    if dependants.match_ends and dependants.visit is None and dependants.mentorship is None:
        text = gettext("The match with %(host)s is cancelled. Its place goes to the next in line.")
        found.append(text % {"host": dependants.host})
    found += [
        gettext("Certificate %(number)s is revoked.") % {"number": certificate.number}
        for certificate in dependants.certificates
    ]
    if not found:
        found.append(gettext("No match, visit or certificate hangs on it."))
    found.append(gettext("The application leaves all counts and figures. The officer is told, with the reason."))
    return found


@router.get("/{application_id}/cancel")
async def ask_cancel(request: Request, application_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Ask for the reason, and say what happens to the match."""
    return await _page(request, bus, await load_case(bus, principal, application_id), CancelForm(), "cancel")


@router.post("/{application_id}/cancel")
async def cancel(request: Request, application_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Cancel the application."""
    case, form = await load_case(bus, principal, application_id), await CancelForm.read(request)
    if not form.validate():
        return await _page(request, bus, case, form, "cancel", 422)
    try:
        reason, text = StatedReason(form.reason.data), form.text.data or ""
        await endings.cancel(bus, principal.subject, application_id, reason, text, opened_at=await seen_at(request))
    except Refused as refused:
        form.refuse("", refused.detail)
        return await _page(request, bus, case, form, "cancel", refused.status_code)
    return see_other(case_address(application_id) + "?done=cancelled")


@router.get("/{application_id}/void")
async def ask_void(request: Request, application_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Ask for the error, and say what happens to match, visit and certificate."""
    return await _page(request, bus, await load_case(bus, principal, application_id), VoidForm(), "void")


@router.post("/{application_id}/void")
async def void(request: Request, application_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Void the application."""
    case, form = await load_case(bus, principal, application_id), await VoidForm.read(request)
    if not form.validate():
        return await _page(request, bus, case, form, "void", 422)
    try:
        reason = VoidReason(form.reason.data)
        await endings.void(bus, principal.subject, application_id, reason, opened_at=await seen_at(request))
    except Refused as refused:
        form.refuse("", refused.detail)
        return await _page(request, bus, case, form, "void", refused.status_code)
    return see_other(case_address(application_id) + "?done=voided")
