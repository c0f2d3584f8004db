"""The page on which a host records attendance on a phone, one tap a day, with visible corrections."""

from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from services.applications.display import tag
from services.applications.guards import Participant
from services.applications.matches.views.names import guest_name
from services.applications.parameters import BusDep
from services.applications.visits.actions import visits as actions
from services.applications.visits.views.attendance import Guest, day_record, guests
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.time import clock
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/visits", include_in_schema=False)
# On a visit of a mentoring pair the mentor receives, or the mentee.

HERE = "/applications/visits/attendance"
_DAY = "day-"


@router.get("/attendance")
async def show(request: Request, principal: Participant, bus: BusDep) -> Response:
    """Show who is here today, and which earlier days lack a record."""
    async with bus.read() as session:
        found = await guests(session, principal)
    return render(
        request,
        "visits/attendance.html",
        today=[_guest_card(guest) for guest in found if guest.here],
        before=[_guest_card(guest) for guest in found if not guest.here],
        day=clock.today(),
        host=principal.has(Role.HOST_CONTACT),
        missing=sum(len(guest.missing) for guest in found),
        done=request.query_params.get("done"),
    )


def _guest_card(guest: Guest) -> dict[str, Any]:
    return {
        "id": guest.visit.id,
        "href": f"/applications/visits/{guest.visit.id}",
        "who": guest_name(guest.view, guest.visit),
        "reference": guest.view.case.application.reference,
        "country": labels.country(guest.visit.country),
        "tag": tag("visit", guest.visit.state),
        "days": [
            day_record(day, guest.records.get(day)) for day in guest.days if guest.here or day not in guest.records
        ],
    }


@router.post("/{visit_id}/attendance")
async def attend(request: Request, visit_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Record attendance: for each answered day `day-2026-03-16=yes` or `no`; a second tap changes nothing."""
    sent = await request.form()
    await actions.record_days(bus, principal, visit_id, _answers(sent))
    if sent.get("back") == "today":
        return see_other(f"{HERE}?done=1#visit-{visit_id}")
    return see_other(f"/applications/visits/{visit_id}?done=attendance")


def _answers(sent: FormData) -> dict[date, bool]:
    """Return the answers by day, without unreadable ones."""
    found: dict[date, bool] = {}
    for name, value in sent.items():
        if name.startswith(_DAY) and value in {"yes", "no"}:
            with suppress(ValueError):
                found[date.fromisoformat(name.removeprefix(_DAY))] = value == "yes"
    return found
