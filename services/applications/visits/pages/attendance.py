"""How does a host record who is there, on a phone: one tap a day, and a correction that stays visible?"""

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
from services.applications.visits.store import Attendance
from services.applications.visits.views.attendance import Guest, guests
from shared.contracts import labels
from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.time import clock, dates
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/visits", include_in_schema=False)
# On a visit of a mentoring pair the mentor receives, or the mentee.

HERE = "/applications/visits/attendance"


@router.get("/attendance")
async def show(request: Request, principal: Participant, bus: BusDep) -> Response:
    """Who is here today, and what is still missing of the days before."""
    async with bus.read() as session:
        found = await guests(session, principal)
    return render(
        request,
        "visits/attendance.html",
        today=[_guest(one) for one in found if one.here],
        before=[_guest(one) for one in found if not one.here],
        day=clock.today(),
        host=principal.has(Role.HOST_CONTACT),
        missing=sum(len(one.missing) for one in found),
        done=request.query_params.get("done"),
    )


def _guest(one: Guest) -> dict[str, Any]:
    return {
        "id": one.visit.id,
        "href": f"/applications/visits/{one.visit.id}",
        "who": guest_name(one.view, one.visit),
        "reference": one.view.case.application.reference,
        "country": labels.country(one.visit.country),
        "tag": tag("visit", one.visit.state),
        "days": [recorded(day, one.records.get(day)) for day in one.days if one.here or day not in one.records],
    }


def recorded(day: date, record: Attendance | None) -> dict[str, Any]:
    """A day with what is recorded of it, and what a correction replaced."""
    corrected = ""
    if record is not None and record.was is not None and record.was is not record.present:
        was = gettext("was there") if record.was else gettext("was not there")
        corrected = gettext("Corrected on %(day)s. Before, it said: %(was)s.")
        corrected %= {"day": dates.moment(record.at, short=True), "was": was}
    return {
        "day": day,
        "today": day == clock.today(),
        "present": None if record is None else record.present,
        "corrected": corrected,
    }


@router.post("/{visit_id}/attendance")
async def attend(request: Request, visit_id: UUID, principal: Participant, bus: BusDep) -> Response:
    """Record who was there: for each day that was answered, `day-2026-03-16=yes` or `no`; a second tap changes nothing.

    `seen-2026-03-16` is what the page showed of that day, so that nobody corrects what somebody else has just recorded.
    """
    sent = await request.form()
    answered, seen = _answers(sent, "day-"), _answers(sent, "seen-", none=True)
    await actions.record_days(
        bus, principal, visit_id, {day: one for day, one in answered.items() if one is not None}, seen=seen
    )
    if sent.get("back") == "today":
        return see_other(f"{HERE}?done=1#visit-{visit_id}")
    return see_other(f"/applications/visits/{visit_id}?done=attendance")


def _answers(sent: FormData, prefix: str, *, none: bool = False) -> dict[date, bool | None]:
    """The answers by day; what cannot be read is left out, and so is a day without one unless `none` counts."""
    found: dict[date, bool | None] = {}
    for name, value in sent.items():
        if not name.startswith(prefix) or (value not in {"yes", "no"} and not none):
            continue
        try:
            found[date.fromisoformat(name.removeprefix(prefix))] = {"yes": True, "no": False}.get(str(value))
        except ValueError:
            continue
    return found
