"""Query and mark the notifications of one recipient, in the same tables as the message log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.notifications.messages.store.messages import MessageRow, NotificationRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

PAGE = 50


async def inbox(
    session: AsyncSession, recipient: UUID, *, page: int = 1, only_unread: bool = False
) -> tuple[list[tuple[NotificationRow, MessageRow]], int]:
    """Return one page of a recipient's notifications with their messages, the newest first, and their number."""
    where = _of(recipient)
    if only_unread:
        where.append(col(NotificationRow.read_at).is_(None))
    total = await session.scalar(sa.select(sa.func.count()).select_from(NotificationRow).where(*where))
    query = (
        sa.select(NotificationRow, MessageRow)
        .join(MessageRow, col(MessageRow.id) == col(NotificationRow.message_id))
        .where(*where)
        .order_by(col(NotificationRow.at).desc(), col(NotificationRow.id).desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return [(notification, about) for notification, about in (await session.execute(query)).all()], int(total or 0)


def _of(recipient: UUID) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for a recipient's notifications; of a message that was sent anew the newest only."""
    newer = aliased(NotificationRow)
    again = sa.exists().where(
        col(newer.message_id) == col(NotificationRow.message_id),
        col(newer.recipient) == recipient,
        col(newer.generation) > col(NotificationRow.generation),
    )
    return [col(NotificationRow.recipient) == recipient, ~again.correlate(NotificationRow)]


async def unread(session: AsyncSession, recipient: UUID) -> int:
    """Return how many of a recipient's messages are unread."""
    query = sa.select(sa.func.count()).select_from(NotificationRow)
    query = query.where(*_of(recipient), col(NotificationRow.read_at).is_(None))
    return int((await session.execute(query)).scalar_one())


async def mark_read(session: AsyncSession, recipient: UUID, ids: Sequence[UUID] | None, now: datetime) -> int:
    """Mark a recipient's messages (all, or those named) as read at domain time `now`; return how many were unread."""
    query = sa.update(NotificationRow).where(
        col(NotificationRow.recipient) == recipient, col(NotificationRow.read_at).is_(None)
    )
    if ids is not None:
        query = query.where(col(NotificationRow.id).in_(sorted(ids)))
    changed = await session.execute(query.values(read_at=now).returning(col(NotificationRow.id)))
    return len(changed.all())
