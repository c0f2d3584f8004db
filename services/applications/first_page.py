"""List what the rooms show on the portal's first page as waiting for the reader, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.views import companions, outcome_tasks
from services.applications.matches.views import waiting as matches
from services.applications.mentors import store as mentors_store
from services.applications.mentorships.views import waiting as mentorships
from services.applications.oversight.views import incidents
from services.applications.placements import store as placements_store
from services.applications.register.views import waiting as register
from services.applications.review.views import waiting as review
from services.applications.visibility import visibility_of
from services.applications.visits.views import waiting as visits
from services.applications.waiting import counted
from shared.contracts.codes import MentorState, OfferState, Role
from shared.i18n import ngettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.first_page import Participant
    from services.applications.waiting import Reader, Waiting


async def _placements(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the placements that wait for the reader to decide, and a host's that are paused."""
    principal = reader.principal
    host = principal.has(Role.HOST_CONTACT)
    if not host and not principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR):
        return []
    found = await placements_store.counts(
        session, visibility_of(principal), placements_store.Filters(), clock.now(), reader.deciders
    )
    waits = found[placements_store.WAITS]
    paused = found.get(OfferState.PAUSED, 0) if host else 0
    return [
        *counted(
            waits,
            ngettext("placement waits for you", "placements wait for you", waits),
            f"/applications/offers?state={placements_store.WAITS}",
        ),
        *counted(
            paused,
            ngettext("placement waits until you resume it", "placements wait until you resume them", paused),
            "/applications/offers?state=paused",
        ),
    ]


async def _mentors(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the mentor's own profiles that are paused."""
    if not reader.principal.has(Role.MENTOR):
        return []
    profiles = await mentors_store.of_subject(session, reader.principal.subject)
    resting = sum(profile.stands is MentorState.PAUSED for profile in profiles)
    name = ngettext("profile waits until you resume it", "profiles wait until you resume them", resting)
    return counted(resting, name, "/applications/mentors")


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
    _placements,
    _mentors,
    register.waiting,
)


async def waiting_for(session: AsyncSession, reader: Participant) -> list[Waiting]:
    """Return what waits for the reader in all rooms."""
    return [entry for waiting in WAITING for entry in await waiting(session, reader)]
