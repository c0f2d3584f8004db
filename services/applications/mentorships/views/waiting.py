"""List the mentorships in which something waits for somebody: tasks of the pair, results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.calls.store import timers_of
from services.applications.mentorships.views.mentorship import mentorship_rows
from services.applications.outcomes.views import pair_results_asked
from services.applications.overview.views.participation import who_comes
from services.applications.waiting import Waiting
from shared.i18n import gettext
from shared.next_steps import results_due

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.first_page import Participant
    from services.applications.overview.views.participation import MatchView


async def waiting_for_results(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the mentorships whose results the reader is asked for, due as the mentorship's own page says."""
    results = await pair_results_asked(session, reader.confirmed)
    timers = await timers_of(session, {view.match.call_id for view in reader.confirmed})
    found = []
    for view in reader.confirmed:
        if view.mentorship is not None and view.mentorship.id in results:
            ended_on = view.mentorship.ended_on
            due = None if ended_on is None else results_due(ended_on, timers[view.match.call_id])
            found.append(_entry(view, gettext("Report results"), due))
    return found


async def waiting_for_pair(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return the mentorships in which the reader, as mentee or mentor, has something to do."""
    rows = await mentorship_rows(session, reader.principal, reader.agreed) if reader.in_pair else []
    return [_entry(row.of, row.pending[0].what.label, None) for row in rows if row.pending]


def _entry(view: MatchView, action: str, due: datetime | None) -> Waiting:
    assert view.mentorship is not None
    return Waiting(
        gettext("Mentorship %(reference)s") % {"reference": view.case.application.reference},
        action,
        f"/applications/mentorships/{view.mentorship.id}",
        who_comes(view),
        place=view.match.host_organisation_id,
        due=due,
    )
