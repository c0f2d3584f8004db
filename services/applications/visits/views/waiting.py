"""List the visits in which something waits for somebody: preparation, attendance, results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.calls.store import timers_of
from services.applications.outcomes.views import results_asked
from services.applications.overview.views.participation import who_comes
from services.applications.preparation.views.readiness import visits_to_prepare
from services.applications.visits.views.attendance import guests
from services.applications.waiting import MOST, Waiting, first_of, summed
from shared.i18n import gettext, ngettext
from shared.next_steps import attendance_due, preparation_due, results_due

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.first_page import Participant
    from services.applications.overview.views.participation import MatchView
    from services.applications.visits.store import Visit

_ATTENDANCE = "/applications/visits/attendance"


async def waiting_to_prepare(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the visits that need something of the reader before travel, due as the visit's own page says."""
    unready = await visits_to_prepare(session, [(view.case, view.visit) for view in reader.confirmed])
    among = _among(reader.confirmed, unready)
    timers = await timers_of(session, {visit.call_id for _, visit in among})
    found = []
    for view, visit in among:
        assert visit.start is not None  # nothing is asked for before a visit has dates
        due = preparation_due(visit.start, timers[visit.call_id])
        found.append(_entry(view, visit, gettext("Prepare visit"), due))
    return _capped(found, "/applications/visits?state=unready")


async def waiting_for_results(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the visits whose results the reader is asked for, due as the visit's own page says."""
    among = _among(reader.confirmed, await results_asked(session, reader.confirmed))
    timers = await timers_of(session, {visit.call_id for _, visit in among})
    found = []
    for view, visit in among:
        due = None if visit.ended_on is None else results_due(visit.ended_on, timers[visit.call_id])
        found.append(_entry(view, visit, gettext("Report results"), due))
    return _capped(found, "/applications/visits?state=results")


async def waiting_for_attendance(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the visits with days whose attendance the reader has not recorded, due as the visit's own page says."""
    missing = [guest for guest in await guests(session, reader.principal, reader.confirmed) if guest.missing]
    timers = await timers_of(session, {guest.visit.call_id for guest in missing}) if missing else {}
    found = []
    for guest in missing:
        visit = guest.visit
        due = None if visit.end is None else attendance_due(visit.end, timers[visit.call_id])
        found.append(_entry(guest.view, visit, gettext("Record attendance"), due, _ATTENDANCE))
    return _capped(found, _ATTENDANCE)


def _among(views: Collection[MatchView], ids: Collection[UUID]) -> list[tuple[MatchView, Visit]]:
    return [(view, view.visit) for view in views if view.visit is not None and view.visit.id in ids]


def _entry(view: MatchView, visit: Visit, action: str, due: datetime | None, href: str = "") -> Waiting:
    return Waiting(
        gettext("Visit %(reference)s") % {"reference": view.case.application.reference},
        action,
        href or f"/applications/visits/{visit.id}",
        who_comes(view),
        place=visit.host_organisation_id,
        due=due,
    )


def _capped(found: list[Waiting], address: str) -> list[Waiting]:
    rest = len(found) - MOST
    name = ngettext("%(num)d more visit", "%(num)d more visits", rest)
    more = summed(max(rest, 0), name, gettext("Show visits"), address)
    return first_of(found, more[0] if more else None)
