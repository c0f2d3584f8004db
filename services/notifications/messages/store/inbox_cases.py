"""The cases of each person's inbox, with the number of messages, so that a page of them is read by index."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.notifications.tables import Table
from shared.bus.db.transaction import driver

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)


class InboxCaseRow(Table, table=True):
    """A case about which a person has messages. `recipient` is the portal's opaque id."""

    __tablename__ = "inbox_case"
    __table_args__ = (sa.Index("inbox_case_place", "recipient", "has_unread", "newest_at", "case_id"),)

    recipient: UUID = Field(primary_key=True)
    case_id: UUID = Field(primary_key=True)
    newest_at: datetime = Field(sa_type=_TIME, description="Domain time of the newest message")
    messages: int = 0
    unread: int = 0
    has_unread: bool = False


class Change(NamedTuple):
    """A message that came to a person's inbox (1, 1), or left it (-1), or was read (0, -1); `at` is the message's."""

    recipient: UUID
    case_id: UUID
    at: datetime
    messages: int
    unread: int


async def count(session: AsyncSession, changes: Iterable[Change]) -> None:
    """Count what came to inboxes or left them; in one order, so that no two transactions wait for each other."""
    sums: dict[tuple[UUID, UUID], list[Change]] = defaultdict(list)
    for change in changes:
        sums[change.recipient, change.case_id].append(change)
    rows = [
        (
            *key,
            max(change.at for change in some),
            sum(each.messages for each in some),
            sum(each.unread for each in some),
        )
        for key, some in sorted(sums.items())
    ]
    if rows:
        await (await driver(session)).execute(_COUNTED, *map(list, zip(*rows, strict=True)))


_COUNTED = (
    "INSERT INTO inbox_case AS c (recipient, case_id, newest_at, messages, unread, has_unread)"
    " SELECT *, unread > 0 FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int[], $5::int[])"
    " AS n(recipient, case_id, at, messages, unread) ORDER BY recipient, case_id"
    " ON CONFLICT (recipient, case_id) DO UPDATE SET messages = c.messages + excluded.messages,"
    " unread = c.unread + excluded.unread, has_unread = c.unread + excluded.unread > 0,"
    " newest_at = CASE WHEN excluded.messages > 0 THEN greatest(c.newest_at, excluded.newest_at) ELSE c.newest_at END"
)
