"""List the profiles that wait for their mentor to resume them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentors import store
from services.applications.waiting import Waiting
from shared.contracts.codes import Role
from shared.contracts.lifecycle.state_sets import MENTOR_RESTING
from shared.i18n import gettext

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.waiting import Reader


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the mentor's own profiles that rest."""
    if not reader.principal.has(Role.MENTOR):
        return []
    profiles = await store.of_subject(session, reader.principal.subject)
    return [
        Waiting(
            gettext("Mentor's profile %(reference)s") % {"reference": profile.reference},
            gettext("Resume profile"),
            "/applications/mentors",
            gettext("Paused"),
        )
        for profile in profiles
        if profile.stands in MENTOR_RESTING
    ]
