"""Load a mentorship for a page, give its address, and name its parties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from services.applications.matches.views.names import applicant_name, mentor_name
from services.applications.mentorships.views.mentorship import mentorship_view
from shared.contracts import labels
from shared.contracts.codes import Party
from shared.errors import Refused
from shared.i18n import gettext
from shared.time.clocks import clocks

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.applications.mentorships.views.mentorship import MentorshipView
    from shared.bus import Bus
    from shared.identity import Principal

router = APIRouter(prefix="/applications/mentorships", include_in_schema=False)


def mentorship_path(mentorship_id: UUID, rest: str = "") -> str:
    """Return the address of a mentorship, or of a page of it."""
    return f"/applications/mentorships/{mentorship_id}" + (f"/{rest}" if rest else "")


async def load_view(bus: Bus, principal: Principal, mentorship_id: UUID) -> MentorshipView:
    """Return the mentorship as the reader sees it. Raises `Refused` (404)."""
    async with bus.read() as session:
        return await mentorship_view(session, principal, mentorship_id)


async def load_own_view(bus: Bus, principal: Principal, mentorship_id: UUID) -> MentorshipView:
    """Return the reader's own mentorship. Raises `Refused` (404), for coordinators too."""
    view = await load_view(bus, principal, mentorship_id)
    if view.party is None:
        raise Refused(gettext("There is nothing at this address, or you may not see it."), 404)
    return view


def when(view: MentorshipView, moment: datetime) -> str:
    """Return a moment on the clocks of both, the reader's first."""
    countries = [view.mentorship.country, view.mentorship.mentor_country]
    return clocks(moment, reversed(countries) if view.party is Party.MENTOR else countries)


def name_of(view: MentorshipView, party: str) -> str:
    """Return one of the two as the reader calls them: you, or the name."""
    if party == view.party:
        return gettext("You")
    return (mentor_name(view.of) if party == Party.MENTOR else applicant_name(view.of)) or labels.label(Party(party))
