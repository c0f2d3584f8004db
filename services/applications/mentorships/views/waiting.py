"""List the mentorships in which something waits for somebody: tasks of the pair, results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentorships.views.mentorship import mentorship_rows
from services.applications.outcomes.views import pair_results_asked
from services.applications.overview.views.participation import who_comes
from services.applications.waiting import Waiting
from shared.i18n import gettext

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.first_page import Participant
    from services.applications.overview.views.participation import MatchView


async def waiting_for_results(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the mentorships whose results the reader is asked for."""
    results = await pair_results_asked(session, reader.confirmed)
    return [
        _entry(view, gettext("Add results"))
        for view in reader.confirmed
        if view.mentorship is not None and view.mentorship.id in results
    ]


async def waiting_for_pair(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the mentorships in which the reader, as mentee or mentor, has something to do."""
    rows = await mentorship_rows(session, reader.principal, reader.agreed) if reader.in_pair else []
    return [_entry(row.of, row.pending[0].what.label) for row in rows if row.pending]


def _entry(view: MatchView, action: str) -> Waiting:
    assert view.mentorship is not None
    return Waiting(
        gettext("Mentorship %(reference)s") % {"reference": view.case.application.reference},
        action,
        f"/applications/mentorships/{view.mentorship.id}",
        who_comes(view),
        place=view.match.host_organisation_id,
    )
