"""Mark messages of the portal's inbox as read: all that people change there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.inbox import store
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.bus import Bus


async def mark_read(bus: Bus, recipient: UUID, ids: Sequence[UUID] | None) -> int:
    """Mark a recipient's messages (all, or those named) as read; return how many were unread."""
    async with bus.transaction("system:inbox") as tx:
        return await store.mark_read(tx.session, recipient, ids, clock.now())
