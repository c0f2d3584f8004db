"""Query and mark the notifications of one recipient, in the same tables as the message log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.notifications.messages.store import inbox_cases
from services.notifications.messages.store.inbox_cases import Change, InboxCaseRow
from services.notifications.messages.store.messages import MessageRow, NotificationRow
from services.notifications.tables import among

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

PAGE = 50
"""The most messages of one page about one case."""
CASES = 20
"""The most cases of one page."""
SHOWN = 5
"""The most messages of a case on the page of cases."""
_NEWEST_FIRST = (col(NotificationRow.at).desc(), col(NotificationRow.id).desc())


async def cases(
    session: AsyncSession, recipient: UUID, *, page: int = 1, only_unread: bool = False
) -> tuple[list[InboxCaseRow], bool]:
    """Return one page of a recipient's cases, and whether there are more: unread first, then by the newest message."""
    where = [col(InboxCaseRow.recipient) == recipient, col(InboxCaseRow.messages) > 0]
    if only_unread:
        where.append(col(InboxCaseRow.has_unread).is_(True))
    order = (
        col(InboxCaseRow.has_unread).desc(),
        col(InboxCaseRow.newest_at).desc(),
        col(InboxCaseRow.case_id).desc(),
    )
    query = sa.select(InboxCaseRow).where(*where).order_by(*order).limit(CASES + 1).offset((page - 1) * CASES)
    found = list((await session.scalars(query)).all())
    return found[:CASES], len(found) > CASES


async def case(session: AsyncSession, recipient: UUID, case_id: UUID) -> InboxCaseRow | None:
    """Return one case of a recipient's inbox."""
    return await session.get(InboxCaseRow, (recipient, case_id))


async def newest(
    session: AsyncSession, recipient: UUID, case_ids: Collection[UUID], *, only_unread: bool = False
) -> dict[UUID, list[tuple[NotificationRow, MessageRow]]]:
    """Return a few messages about each of these cases, the newest first."""
    if not case_ids:
        return {}
    wanted: sa.Subquery = (
        sa.select(col(InboxCaseRow.case_id).label("case_id"))
        .where(col(InboxCaseRow.recipient) == recipient, among(col(InboxCaseRow.case_id), case_ids))
        .subquery()
    )
    where = [*_of(recipient), col(NotificationRow.case_id) == wanted.c.case_id]
    if only_unread:
        where.append(col(NotificationRow.read_at).is_(None))
    some = (
        sa.select(col(NotificationRow.id).label("id"))
        .where(*where)
        .order_by(*_NEWEST_FIRST)
        .limit(SHOWN)
        .correlate(wanted)
        .lateral()
    )
    ids: sa.Select[tuple[UUID]] = sa.select(some.c.id).select_from(wanted.join(some, sa.true()))
    found: dict[UUID, list[tuple[NotificationRow, MessageRow]]] = {id_: [] for id_ in case_ids}
    for notification, message in await _with_messages(session, col(NotificationRow.id).in_(ids)):
        found[notification.case_id].append((notification, message))
    return found


async def about(
    session: AsyncSession, recipient: UUID, case_id: UUID, *, page: int = 1, only_unread: bool = False
) -> list[tuple[NotificationRow, MessageRow]]:
    """Return one page of a recipient's messages about a case, the newest first."""
    where = [*_of(recipient), col(NotificationRow.case_id) == case_id]
    if only_unread:
        where.append(col(NotificationRow.read_at).is_(None))
    return await _with_messages(session, *where, limit=PAGE, offset=(page - 1) * PAGE)


async def _with_messages(
    session: AsyncSession, *where: sa.ColumnElement[bool], limit: int | None = None, offset: int = 0
) -> list[tuple[NotificationRow, MessageRow]]:
    query = (
        sa.select(NotificationRow, MessageRow)
        .join(MessageRow, col(MessageRow.id) == col(NotificationRow.message_id))
        .where(*where)
        .order_by(*_NEWEST_FIRST)
        .limit(limit)
        .offset(offset)
    )
    return [(notification, about) for notification, about in (await session.execute(query)).all()]


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
    query = sa.select(sa.func.coalesce(sa.func.sum(col(InboxCaseRow.unread)), 0))
    query = query.where(col(InboxCaseRow.recipient) == recipient, col(InboxCaseRow.has_unread).is_(True))
    return int((await session.execute(query)).scalar_one())


async def newest_arrival(session: AsyncSession, recipient: UUID) -> datetime | None:
    """Return when the last unread message of a recipient came (real time); None where all are read."""
    query = sa.select(sa.func.max(col(NotificationRow.added_at)))
    query = query.where(col(NotificationRow.recipient) == recipient, col(NotificationRow.read_at).is_(None))
    found: datetime | None = await session.scalar(query)
    return found


async def mark_read(
    session: AsyncSession,
    recipient: UUID,
    now: datetime,
    *,
    ids: Sequence[UUID] | None = None,
    case_id: UUID | None = None,
    seen: datetime | None = None,
) -> int:
    """Mark a recipient's messages as read at domain time `now`; return how many were unread.

    These are those named, those about a case, or all, as far as they came until `seen` (real time).
    """
    query = sa.update(NotificationRow).where(
        col(NotificationRow.recipient) == recipient, col(NotificationRow.read_at).is_(None)
    )
    if ids is not None:
        query = query.where(col(NotificationRow.id).in_(sorted(ids)))
    if case_id is not None:
        query = query.where(col(NotificationRow.case_id) == case_id)
    if seen is not None:
        query = query.where(col(NotificationRow.added_at) <= seen)
    marked = query.values(read_at=now).returning(
        col(NotificationRow.case_id), col(NotificationRow.at), col(NotificationRow.message_id)
    )
    rows = (await session.execute(marked)).all()
    changes = [Change(recipient, row.case_id, row.at, 0, -1) for row in rows]
    await inbox_cases.count(session, changes)
    return len(changes)
