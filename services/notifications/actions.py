"""What do people do here? Let a message that failed be tried again, and mark what they have read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.notifications.store import inbox
from services.notifications.store import messages as store
from shared import clock
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.bus import Bus


async def retry(bus: Bus, actor: str, message_id: UUID) -> None:
    """Send again what failed of a message, under its old Message-ID. Raises `Refused` (409) where nothing failed."""
    async with bus.transaction(actor) as tx:
        if not await store.retry(tx.session, message_id, datetime.now(UTC)):
            raise Refused(gettext("This message did not fail, so there is nothing to send again."), 409)
        await tx.changed("messages")


async def mark_read(bus: Bus, recipient: UUID, ids: Sequence[UUID] | None) -> int:
    """Mark messages of a recipient (all, or those named) as read; give how many were unread."""
    async with bus.transaction("system:inbox") as tx:
        return await inbox.mark_read(tx.session, recipient, ids, clock.now())
