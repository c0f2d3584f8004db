"""Count what the register holds, and list the partners of today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.register.store import people
from services.applications.register.views import entries
from services.applications.register.views.scope import scope_of
from shared.identity.scope import countries_visible
from shared.time import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.views.entries import PartnerSince
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Overview:
    """The number of organisations and people that a reader sees, and the status of partners today."""

    organisations: int
    people: int
    partners: list[PartnerSince]


async def overview(session: AsyncSession, principal: Principal) -> Overview:
    """Return what the first page of the register shows the principal."""
    organisations, people_count = await people.count_entries(session, scope_of(principal))
    countries, today = countries_visible(principal), clock.today()
    current: dict[str, PartnerSince] = {}
    for partner in await entries.partners(session):
        if partner.since <= today and (countries is None or partner.country in countries):
            current.setdefault(partner.country, partner)
    return Overview(organisations, people_count, list(current.values()))
