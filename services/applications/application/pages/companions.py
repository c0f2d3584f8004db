"""The pages on which an officer names companions, and answers to being named.

Somebody is named on the page of all who are named, so it is answered here and not by a `Decision`.
"""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.application.actions import companions as actions
from services.applications.application.model.answers import application_address
from services.applications.application.views import companions
from services.applications.guards import Officer, Participant
from services.applications.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import ApplicationMode, Role
from shared.errors import Refused
from shared.i18n import N_
from shared.identity import Principal
from shared.web.forms import Form, Longest, Needed, RadioField, StringField, sent
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications", include_in_schema=False)


class NameForm(Form):
    """The form to name a companion, as a counterpart or as a member of a group."""

    mode = RadioField(
        N_("How do you want to apply?"),
        [Needed(N_("Choose how you want to apply"))],
        choices=[
            (ApplicationMode.PRE_MATCHED.value, N_("With a counterpart: we name each other")),
            (ApplicationMode.GROUP.value, N_("In a group that I lead")),
        ],
    )
    written = StringField(
        N_("Reference or service email"),
        [Needed(N_("Enter a reference, such as AM-2026-0042, or a service email")), Longest(actions.MOST_WRITTEN)],
        description=N_("Of the officer, the placement or the mentor. The person you name sees your name."),
    )


@router.get("/mine/{application_id}/company")
async def show(request: Request, application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Show with whom the application is made."""
    return await _page(request, principal, bus, application_id, NameForm())


async def _page(
    request: Request, principal: Principal, bus: Bus, application_id: UUID, form: NameForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        case, company = await companions.own_company(session, principal, application_id)
    if company.mode is not ApplicationMode.OPEN:
        form.mode.data = company.mode.value
    return render(
        request,
        "application/company.html",
        status,
        application=case.application,
        call=case.call,
        company=company,
        form_=form,
        done=request.query_params.get("done"),
    )


@router.post("/mine/{application_id}/company")
async def name(request: Request, application_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Name a counterpart, or ask somebody into the group."""
    form = await NameForm.read(request)
    if not form.validate():
        return await _page(request, principal, bus, application_id, form, 422)
    try:
        await actions.name(
            bus, principal, application_id, ApplicationMode(form.mode.data or ""), form.written.data or ""
        )
    except Refused as refused:
        if refused.status_code == 404:
            raise
        form.refuse("written", next(iter(refused.fields.values()), str(refused.detail)))
        return await _page(request, principal, bus, application_id, form, refused.status_code)
    return see_other(application_address(application_id, "company?done=named"))


@router.post("/mine/{application_id}/company/{companion_id}/remove")
async def remove(application_id: UUID, companion_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Take a naming or an invitation back, or remove a member."""
    await actions.remove(bus, principal, companion_id)
    return see_other(application_address(application_id, "company?done=removed"))


@router.post("/mine/{application_id}/company/{companion_id}/leave")
async def leave(application_id: UUID, companion_id: UUID, principal: Officer, bus: BusDep) -> Response:
    """Leave somebody's group."""
    await actions.leave(bus, principal, companion_id)
    return see_other(application_address(application_id, "company?done=left"))


@router.get("/companions")
async def show_invitations(request: Request, principal: Participant, bus: BusDep) -> Response:
    """Show who has named the reader."""
    return await _invitations_page(request, principal, bus)


async def _invitations_page(
    request: Request, principal: Principal, bus: Bus, refused: Refused | None = None
) -> Response:
    async with bus.read() as session:
        found = await companions.invitations_for(session, principal)
    return render(
        request,
        "application/companions.html",
        200 if refused is None else refused.status_code,
        named=found,
        refused=refused,
        officer=principal.has(Role.OFFICER),
        done=request.query_params.get("done"),
    )


@router.post("/companions/{companion_id}/answer")
async def answer(request: Request, companion_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Confirm or decline."""
    chosen = (await sent(request)).get("answer")
    async with bus.read() as session:
        await actions.named_companion(session, principal, companion_id)
    if chosen not in {"yes", "no"}:
        return see_other("/applications/companions")
    try:
        await actions.answer(bus, principal, companion_id, yes=chosen == "yes")
    except Refused as refused:
        if refused.status_code == 404:
            raise
        return await _invitations_page(request, principal, bus, refused)
    return see_other(f"/applications/companions?done={chosen}")


@router.post("/companions/{companion_id}/leave")
async def withdraw_confirmation(companion_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Withdraw an own confirmation."""
    await actions.leave(bus, principal, companion_id)
    return see_other("/applications/companions?done=left")
