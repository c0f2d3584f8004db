"""Count the profiles that wait for their mentor to resume them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.mentors import store
from services.applications.waiting import counted
from shared.contracts.codes import Role
from shared.contracts.lifecycle.state_sets import MENTOR_RESTING
from shared.i18n import ngettext

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.waiting import Reader, Waiting


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the mentor's own profiles that rest."""
    if not reader.principal.has(Role.MENTOR):
        return []
    profiles = await store.of_subject(session, reader.principal.subject)
    resting = sum(profile.stands in MENTOR_RESTING for profile in profiles)
    name = ngettext("profile is paused until you resume it", "profiles are paused until you resume them", resting)
    return counted(resting, name, "/applications/mentors")
