"""List what the rooms show on the portal's first page as waiting for the reader, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.views import companions, outcome_tasks
from services.applications.matches.views import waiting as matches
from services.applications.mentors.views import waiting as mentors
from services.applications.mentorships.views import waiting as mentorships
from services.applications.oversight.views import incidents
from services.applications.placements.views import waiting as placements
from services.applications.register.views import waiting as register
from services.applications.review.views import waiting as review
from services.applications.visits.views import waiting as visits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.first_page import Participant
    from services.applications.waiting import Waiting


WAITING: tuple[Callable[[AsyncSession, Participant], Awaitable[list[Waiting]]], ...] = (
    review.waiting,
    outcome_tasks.waiting,
    visits.waiting_to_prepare,
    visits.waiting_for_results,
    mentorships.waiting_for_results,
    incidents.waiting,
    matches.waiting,
    companions.waiting,
    mentorships.waiting_for_pair,
    visits.waiting_for_attendance,
    placements.waiting,
    mentors.waiting,
    register.waiting,
)


async def waiting_for(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return what waits for the reader in all rooms."""
    return [entry for waiting in WAITING for entry in await waiting(session, reader)]
