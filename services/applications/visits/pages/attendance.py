"""The page on which a host records attendance on a phone, one tap a day, with visible corrections."""

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
    """Record attendance: for each answered day `day-2026-03-16=yes` or `no`; a second tap changes nothing.

    `seen-2026-03-16` is what the page showed of that day, so that nobody overwrites another's record.
    """
    sent = await request.form()
    answered, known = _answers(sent, "day-"), _answers(sent, "seen-", none=True)
    await actions.record_days(
        bus,
        principal,
        visit_id,
        {day: present for day, present in answered.items() if present is not None},
        known=known,
    )
    if sent.get("back") == "today":
        return see_other(f"{HERE}?done=1#visit-{visit_id}")
    return see_other(f"/applications/visits/{visit_id}?done=attendance")


def _answers(sent: FormData, prefix: str, *, none: bool = False) -> dict[date, bool | None]:
    """Return the answers by day, without unreadable ones; days without an answer only if `none`."""
    found: dict[date, bool | None] = {}
    for name, value in sent.items():
        if not name.startswith(prefix) or (value not in {"yes", "no"} and not none):
            continue
        try:
            found[date.fromisoformat(name.removeprefix(prefix))] = {"yes": True, "no": False}.get(str(value))
        except ValueError:
            continue
    return found
