"""What do the JSON routes of a mentorship share: the router, who may use them, how a mentorship is answered?"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.applications.actions.mentorships.view import mentorship_view
from services.applications.api import shown_pairs
from shared.bus import Bus
from shared.identity import Principal

router = APIRouter(prefix="/applications/api/mentorships", tags=["mentorships"])


async def answered(bus: Bus, principal: Principal, mentorship_id: UUID) -> dict[str, Any]:
    """The mentorship as the caller sees it."""
    async with bus.read() as session:
        return shown_pairs.mentorship(await mentorship_view(session, principal, mentorship_id))
