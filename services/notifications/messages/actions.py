"""Queue messages, release those that wait, send them again, and mark those that came back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.notifications.messages.store import messages as store
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from services.notifications.messages.model.decision import Message
    from services.notifications.messages.store.messages import NotificationRow
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


async def retry_failed(tx: Tx, message_id: UUID) -> set[UUID]:
    """Retry what failed of a message at once; return the messages that are retried, none where nothing failed."""
    return await store.retry_failed(tx.session, message_id, datetime.now(UTC))


async def write_anew(tx: Tx, message_id: UUID) -> int | None:
    """Queue a message to be written anew from its facts, for its present recipients, as a new mail.

    Return its generation from now on; None where it still waits to be sent.
    """
    return await store.write_anew(tx.session, message_id, datetime.now(UTC))


async def count_as_sent(tx: Tx, message_id: UUID) -> list[NotificationRow]:
    """Count as sent what may have been sent of a message; return those notifications, none where there is none."""
    return await store.count_as_sent(tx.session, message_id, clock.now())


async def note_report(tx: Tx, notification_id: UUID, status: str) -> None:
    """Save the status of a report about a mail (RFC 3463)."""
    await store.note_status(tx.session, notification_id, status, clock.now())


async def mark_returned(tx: Tx, notification: NotificationRow, cause: str) -> None:
    """Mark a mail that was sent as failed, and its message accordingly."""
    await store.mark_returned(tx.session, notification.id, cause)
    await store.settle_messages(tx.session, [notification.message_id], attempts=0)
