"""Who takes out what was entered in error? The programme coordinator; it leaves the counts, and its match ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions.common import lawful, not_found
from services.applications.actions.recorded import record
from services.applications.model import application as model
from services.applications.store import applications as store
from shared.contracts.applications import ApplicationVoided

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from shared.contracts.codes import VoidReason


async def void(bus: Bus, actor: str, application_id: UUID, reason: VoidReason) -> store.Application:
    """Mark an application as entered in error, whatever its state. Raises `Refused` (404; 409 for a draft)."""
    async with bus.transaction(actor) as tx:
        application = await store.application(tx.session, application_id, lock=True)
        if application is None:
            raise not_found()
        with lawful():
            state = model.after(ApplicationVoided, application.own_state)
        await record(tx, application, ApplicationVoided(reason=reason), state=state, reason=reason)
        return application
