"""Count the visits in which something waits for somebody: preparation, attendance, results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.outcomes.views import results_asked
from services.applications.preparation.views.readiness import visits_to_prepare
from services.applications.visits.views.attendance import guests
from services.applications.waiting import counted
from shared.i18n import ngettext

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.first_page import Participant
    from services.applications.waiting import Waiting


async def waiting_to_prepare(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the visits that need something of the reader before travel."""
    unready = await visits_to_prepare(session, [(view.case, view.visit) for view in reader.confirmed])
    name = ngettext(
        "visit needs something from you before travel", "visits need something from you before travel", len(unready)
    )
    return counted(len(unready), name, "/applications/visits?state=unready")


async def waiting_for_results(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the visits whose results the reader is asked for."""
    results = await results_asked(session, reader.confirmed)
    name = ngettext("visit is waiting for its results", "visits are waiting for their results", len(results))
    return counted(len(results), name, "/applications/visits?state=results")


async def waiting_for_attendance(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the days of visits whose attendance the reader has not recorded."""
    missing = sum(len(guest.missing) for guest in await guests(session, reader.principal, reader.confirmed))
    name = ngettext("day of attendance is not recorded", "days of attendance are not recorded", missing)
    return counted(missing, name, "/applications/visits/attendance")
