"""Queue messages and release those that wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.notifications.messages.store import messages as store

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from services.notifications.messages.model.decision import Message
    from shared.bus import Tx


async def enqueue(tx: Tx, messages: Collection[Message]) -> None:
    """Queue messages in the transaction of their event, each once for ever."""
    await store.queue_messages(tx.session, messages, datetime.now(UTC))
    if messages:
        await tx.changed("messages")


async def release(tx: Tx, recipient: UUID) -> None:
    """Release the messages that wait for a person's quiet hours: the sender decides anew how long each waits."""
    await store.release_held(tx.session, recipient)
    await tx.changed("messages")
