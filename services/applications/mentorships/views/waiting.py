"""Count the mentorships in which something waits for somebody: tasks of the pair, results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.views.mentorship import mentorship_rows
from services.applications.outcomes.views import pair_results_asked
from services.applications.waiting import counted
from shared.i18n import ngettext

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.first_page import Participant
    from services.applications.waiting import Waiting


async def waiting_for_results(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the mentorships whose results the reader is asked for."""
    results = await pair_results_asked(session, reader.confirmed)
    name = ngettext("mentorship needs a results report", "mentorships need a results report", len(results))
    return counted(len(results), name, "/applications/mentorships?state=results")


async def waiting_for_pair(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the mentorships in which the reader, as mentee or mentor, has something to do."""
    rows = await mentorship_rows(session, reader.principal, reader.agreed) if reader.in_pair else []
    count = sum(bool(row.pending) for row in rows)
    name = ngettext("mentorship waits for you", "mentorships wait for you", count)
    return counted(count, name, "/applications/mentorships?state=waits")
