"""Change messages that were sent or failed: retry, send anew, mark as returned."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.notifications.messages.store.messages import (
    FAILED,
    SENT,
    WAITING,
    MessageRow,
    NotificationRow,
    change_message,
)
from services.notifications.tables import Table
from shared.contracts.codes import FailureCause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class Resent(Table, table=True):
    """That somebody had a message sent anew, and why."""

    __tablename__ = "resent"

    message_id: UUID = Field(primary_key=True)
    generation: int = Field(primary_key=True)
    at: datetime = Field(sa_type=_TIME, description="Domain time")
    actor: str = Field(description="A sign-in subject")
    reason: str = Field(description="A code of `ResendReason`")


async def retry(session: AsyncSession, message_id: UUID, now: datetime) -> bool:
    """Retry what failed of a message at once (`now` is real time); False where nothing failed.

    Recipients for whom the message waits until the morning still get it then.
    """
    message = await session.get(MessageRow, message_id, with_for_update=True, populate_existing=True)
    if message is None:
        return False
    failed = await session.execute(
        sa.update(NotificationRow)
        .where(
            col(NotificationRow.message_id) == message_id,
            col(NotificationRow.generation) == message.generation,
            col(NotificationRow.state) == FAILED,
        )
        .values(state=WAITING, cause=None)
        .returning(col(NotificationRow.id))
    )
    if not failed.all() and message.state != FAILED:
        return False
    changes = {"state": WAITING, "attempts": 0, "cause": None, "held_until": None}
    await change_message(session, message_id, next_at=now, queued_at=now, **changes)
    return True


def may_retry(message: MessageRow, notifications: Iterable[NotificationRow]) -> bool:
    """Return whether something of a message failed, and a recipient is left who could get it."""
    failed = [row for row in notifications if row.generation == message.generation and row.state == FAILED]
    causes = {row.cause for row in failed} if failed else {message.cause} if message.state == FAILED else set()
    return bool(causes - {FailureCause.CONTACT_ERASED.value})


async def resend(
    session: AsyncSession, message_id: UUID, actor: str, reason: str, *, real: datetime, now: datetime
) -> bool:
    """Queue a message to be written anew from its facts, for its present recipients, as a new mail.

    `real` and `now` are real and domain time. False where it still waits to be sent.
    """
    message = await session.get(MessageRow, message_id, with_for_update=True, populate_existing=True)
    if message is None or message.state == WAITING:
        return False
    generation = message.generation + 1
    session.add(Resent(message_id=message_id, generation=generation, at=now, actor=actor, reason=reason))
    await session.flush()
    changes = {"state": WAITING, "generation": generation, "attempts": 0, "cause": None, "held_until": None}
    await change_message(session, message_id, next_at=real, queued_at=real, **changes)
    return True


async def resendings(session: AsyncSession, message_id: UUID) -> list[Resent]:
    """Return when a message was sent anew, by whom and why; the first first."""
    query = select(Resent).where(col(Resent.message_id) == message_id).order_by(col(Resent.generation))
    return list((await session.scalars(query)).all())


async def notification(session: AsyncSession, notification_id: UUID) -> NotificationRow | None:
    """Return one notification, locked until the commit."""
    return await session.get(NotificationRow, notification_id, with_for_update=True, populate_existing=True)


async def note_status(session: AsyncSession, notification_id: UUID, status: str, now: datetime) -> None:
    """Save the status of a report about a mail (RFC 3463), at domain time `now`."""
    await session.execute(
        sa.update(NotificationRow)
        .where(col(NotificationRow.id) == notification_id)
        .values(status=status, status_at=now)
    )


async def mark_returned(session: AsyncSession, notification_id: UUID, cause: str) -> None:
    """Mark a mail that was sent as failed."""
    await session.execute(
        sa.update(NotificationRow)
        .where(col(NotificationRow.id) == notification_id, col(NotificationRow.state) == SENT)
        .values(state=FAILED, cause=cause)
    )
