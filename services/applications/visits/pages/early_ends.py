"""The pages on which a host reports a no-show or an early return."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.forms import MaybeReasonForm
from services.applications.guards import Participant
from services.applications.overview.views.participation import VisitView, visit_view
from services.applications.parameters import BusDep
from services.applications.visits.actions import visits as actions
from services.applications.visits.forms import EarlyReturnForm
from services.applications.visits.views.names import visit_path
from shared.bus import Bus
from shared.contracts.codes import StatedReason
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import dates
from shared.web.forms import options
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/visits", include_in_schema=False)


@router.get("/{visit_id}/no-show")
async def ask_no_show(request: Request, visit_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Ask for confirmation and the reason of a no-show."""
    return await _no_show_page(request, principal, bus, visit_id, MaybeReasonForm())


async def _no_show_page(
    request: Request, principal: Principal, bus: Bus, visit_id: UUID, form: MaybeReasonForm, status: int = 200
) -> Response:
    async with bus.read() as session:
        view = await visit_view(session, principal, visit_id)
    return render(
        request,
        "matches/reason.html",
        status,
        form_=form,
        caption=view.of.case.application.reference,
        title=gettext("Report that the guest did not come"),
        text=gettext("The sending country is told. The visit is then over."),
        back_href=visit_path(visit_id),
        button=gettext("Report a no-show"),
    )


@router.post("/{visit_id}/no-show")
async def no_show(request: Request, visit_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Report that the guest did not come."""
    form = await MaybeReasonForm.read(request)
    if not form.validate():
        return await _no_show_page(request, principal, bus, visit_id, form, 422)
    reason = StatedReason(form.reason.data) if form.reason.data else None
    await actions.no_show(bus, principal, visit_id, reason, form.text.data or "")
    return see_other(visit_path(visit_id) + "?done=no_show")


@router.get("/{visit_id}/early-return")
async def ask_return(request: Request, visit_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Ask for the last day and the reason of an early return."""
    async with bus.read() as session:
        view = await visit_view(session, principal, visit_id)
    return _return_page(request, view, EarlyReturnForm())


def _return_page(request: Request, view: VisitView, form: EarlyReturnForm, status: int = 200) -> Response:
    form.last_day.choices = _last_days(view)
    return render(
        request,
        "matches/reason.html",
        status,
        form_=form,
        caption=view.of.case.application.reference,
        title=gettext("Report an early return"),
        text=gettext("The days on which the guest was there count."),
        back_href=visit_path(view.visit.id),
        button=gettext("Report an early return"),
    )


def _last_days(view: VisitView) -> Any:
    days = [day for day in view.recordable if day != view.visit.end]
    return options([(day.isoformat(), dates.day(day)) for day in days], blank=gettext("Choose the day"))


@router.post("/{visit_id}/early-return")
async def early_return(request: Request, visit_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Report that the guest left before the end."""
    async with bus.read() as session:
        view = await visit_view(session, principal, visit_id)
    form = await EarlyReturnForm.read(request)
    form.last_day.choices = _last_days(view)
    if not form.validate():
        return _return_page(request, view, form, 422)
    reason = StatedReason(form.reason.data) if form.reason.data else None
    last_day = date.fromisoformat(form.last_day.data)
    await actions.early_return(bus, principal, visit_id, last_day, reason, form.text.data or "")
    return see_other(visit_path(visit_id) + "?done=early_return")
