"""The pages on which the programme coordinator overrides the matching: choose a place, see its price, confirm."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.interventions.actions import overrides
from services.matching.interventions.views.overrides import override_choice, override_confirmation
from services.matching.parameters import BusDep
from services.matching.words import rule_name
from shared.bus import Bus
from shared.contracts.codes import Reason, Role, StatedReason
from shared.contracts.codes.reasons import published
from shared.contracts.labels import label
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.ids import read_id
from shared.web.render import render, see_other

router = APIRouter(prefix="/matching", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]


@router.get("/applications/{application_id}/override")
async def choose(request: Request, bus: BusDep, _: Programme, application_id: UUID) -> Response:
    """Ask for the place and the reason."""
    return await _choose(request, bus, application_id)


@router.post("/applications/{application_id}/override")
async def price(request: Request, bus: BusDep, _: Programme, application_id: UUID) -> Response:
    """Show the price, and who pays it; nothing is done yet."""
    form = await request.form()
    seat_id, instead = read_id(str(form.get("seat") or "")), read_id(str(form.get("instead") or ""))
    reason = _reason(form.get("reason"))
    problems = {}
    if seat_id is None:
        problems["seat"] = gettext("Choose a place.")
    if reason is None:
        problems["reason"] = gettext("Choose a reason.")
    if seat_id is None or reason is None:
        return await _choose(request, bus, application_id, problems)
    try:
        found = await overrides.weighed(bus, application_id, seat_id, instead)
    except Refused as refused:
        return await _choose(request, bus, application_id, {"seat": refused.detail}, refused.status_code)
    async with bus.read() as session:
        view = await override_confirmation(session, application_id, seat_id, found.price, found.own, found.may_yield)
    return render(
        request,
        "interventions/override_price.html",
        view=view,
        full=found.full,
        price=found.price,
        refused=[rule_name(rule) for rule in found.refused],
        waived=[rule_name(rule) for rule in found.price.waived],
        instead=instead,
        reason=form.get("reason"),
        reason_name=label(StatedReason(str(form.get("reason")))),
    )


@router.post("/applications/{application_id}/override/commit")
async def commit(request: Request, bus: BusDep, who: Programme, application_id: UUID) -> Response:
    """Put the application to the place that was weighed."""
    form = await request.form()
    seat_id, reason = read_id(str(form.get("seat") or "")), _reason(form.get("reason"))
    if seat_id is None or reason is None:
        raise Refused(gettext("Choose a place and a reason."), 422)
    instead = read_id(str(form.get("instead") or ""))
    await overrides.put(bus, who.subject, application_id, seat_id, reason, instead)
    return see_other(f"/matching/applications/{application_id}")


def _reason(entered: object) -> Reason | None:
    try:
        return published(StatedReason(str(entered)))
    except ValueError:
        return None


async def _choose(
    request: Request, bus: Bus, application_id: UUID, problems: Mapping[str, str] | None = None, status: int = 422
) -> Response:
    form = await request.form()
    async with bus.read() as session:
        view = await override_choice(session, application_id)
    return render(
        request,
        "interventions/override.html",
        status if problems else 200,
        candidate=view.applicant,
        seats=view.places,
        reasons=[(reason.value, label(reason)) for reason in StatedReason],
        problems=problems or {},
        chosen_seat=form.get("seat"),
        chosen_reason=form.get("reason"),
    )
