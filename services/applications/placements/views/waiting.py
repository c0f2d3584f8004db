"""Count the placements that wait for somebody to decide on them, or to resume them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.placements import store
from services.applications.visibility import visibility_of
from services.applications.waiting import counted
from shared.contracts.codes import OfferState, Role
from shared.i18n import ngettext
from shared.time import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.waiting import Reader, Waiting


async def waiting(session: AsyncSession, reader: Reader) -> list[Waiting]:
    """Return the placements that wait for the reader to decide, and a host's that are paused."""
    principal = reader.principal
    host = principal.has(Role.HOST_CONTACT)
    if not host and not principal.has(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR):
        return []
    found = await store.counts(session, visibility_of(principal), store.Filters(), clock.now(), reader.deciders)
    waits = found[store.WAITS]
    paused = found.get(OfferState.PAUSED, 0) if host else 0
    return [
        *counted(
            waits,
            ngettext("placement is waiting for you", "placements are waiting for you", waits),
            f"/applications/offers?state={store.WAITS}",
        ),
        *counted(
            paused,
            ngettext("placement is paused until you resume it", "placements are paused until you resume them", paused),
            "/applications/offers?state=paused",
        ),
    ]
