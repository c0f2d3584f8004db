"""Mark messages of the portal's inbox as read: all that people change there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.inbox import store
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from shared.bus import Bus


async def mark_read(
    bus: Bus,
    recipient: UUID,
    *,
    ids: Sequence[UUID] | None = None,
    case_id: UUID | None = None,
    seen: datetime | None = None,
) -> int:
    """Mark a recipient's messages as read: those named, those about a case, or all. Return how many were unread.

    What came after `seen` (real time) stays unread.
    """
    async with bus.transaction("system:inbox") as tx:
        return await store.mark_read(tx.session, recipient, clock.now(), ids=ids, case_id=case_id, seen=seen)
