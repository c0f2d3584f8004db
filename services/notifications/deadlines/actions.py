"""Claim deadlines that are near or have passed, so that each is announced once: the way in for reminders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.deadlines.store import deadlines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.notifications.deadlines.store.deadlines import Announcement, DeadlineEntry
    from shared.bus import Tx


async def claim(tx: Tx, ids: Sequence[UUID], until: datetime) -> list[tuple[Announcement, DeadlineEntry]]:
    """Return those of the deadlines that came near or passed by `until` and were not announced; note that they are."""
    return await deadlines.claim(tx.session, ids, until)
