"""Store why a coordinator assigned a place manually, before matching assigns it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.store import applications
from services.applications.matches.store import override_reasons as store
from services.applications.refusals import not_found
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from shared.contracts.codes import Reason


async def store_reason(
    bus: Bus, decided_by: str, match_id: UUID, application_id: UUID, reason: Reason, text: str
) -> bool:
    """Store the reason for a match that is about to be made, once; return whether it is the one that is stored.

    Raises `Refused` (404) for an unknown application.
    """
    values = {
        "match_id": match_id,
        "application_id": application_id,
        "reason": reason.value,
        "text": text,
        "decided_by": decided_by,
    }
    async with bus.transaction(decided_by) as tx:
        if await tx.session.get(applications.Application, application_id) is None:
            raise not_found()
        stored = await store.write_once(tx.session, values | {"at": clock.now()})
        return all(getattr(stored, name) == value for name, value in values.items())
