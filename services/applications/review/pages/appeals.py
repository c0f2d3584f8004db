"""The page on which an officer appeals against a decision."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.application.model.tasks import application_address
from services.applications.application.views.standing import own_case
from services.applications.guards import Officer
from services.applications.parameters import BusDep
from services.applications.review.actions import appeals as actions
from shared.bus import Bus
from shared.i18n import N_
from shared.identity import Principal
from shared.web.forms import Form, Longest, Needed, TextAreaField
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/mine", include_in_schema=False)


class AppealForm(Form):
    """Why the decision is wrong."""

    text = TextAreaField(
        N_("Why do you think that the decision is wrong?"),
        [Needed(N_("Write why you think that the decision is wrong")), Longest(actions.MOST)],
        description=N_("Whoever decides on the appeal reads it. Say what was not seen, or has changed."),
    )


@router.get("/{application_id}/appeal")
async def ask(request: Request, application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Ask for the reason, and show the decision and the deadline."""
    return await _page(request, principal, bus, application_id, AppealForm())


async def _page(
    request: Request, principal: Principal, bus: Bus, application_id: UUID, form: AppealForm, status: int = 200
) -> Response:
    case = await own_case(bus, principal, application_id)
    async with bus.read() as session:
        decision = await actions.appealable(session, case.application)
    if not actions.may_file(case.application, decision):
        return see_other(application_address(application_id))
    return render(
        request, "review/appeal_form.html", status, application=case.application, case=case, of=decision, form_=form
    )


@router.post("/{application_id}/appeal")
async def file(request: Request, application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """File the appeal."""
    form = await AppealForm.read(request)
    if not form.validate():
        return await _page(request, principal, bus, application_id, form, 422)
    await actions.file(bus, principal, application_id, form.text.data or "")
    return see_other(application_address(application_id) + "?done=appealed")
