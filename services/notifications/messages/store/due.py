"""Find the messages that are due, and those that wait for the same readers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.notifications.messages.model.table import BY_NAME
from services.notifications.messages.store.derived import Derived
from services.notifications.messages.store.messages import LONGEST_PAUSE, MessageRow, readers_of
from shared.bus.db.transaction import asking

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from pydantic import JsonValue
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(eq=False)
class DueMessage(Derived):
    """A message that is due, with the columns that sending needs, read without the mapper."""

    id: UUID
    rule: str
    about: UUID
    at: datetime
    reference: str
    application_id: UUID | None
    country: str | None
    audience_json: dict[str, JsonValue]
    case_json: dict[str, Any]
    facts: dict[str, JsonValue]
    attempts: int
    queued_at: datetime
    next_at: datetime
    held_until: datetime | None
    generation: int


AnyMessage = MessageRow | DueMessage
"""A message, however it was read."""
_PLACE = "next_at, at, id"
_COLUMNS = (
    'SELECT id, rule, about, at, reference, application_id, country, audience, "case", facts, attempts, queued_at,'
    " next_at, held_until, generation FROM message WHERE state = 'waiting'"
)
_DUE = (
    f"{_COLUMNS} AND (next_at <= $1 OR next_at > $2 OR (queued_at > $1 AND attempts = 0))"
    " AND (held_until IS NULL OR held_until <= $3 OR held_until > $3 + interval '2 days')"
)
# A new message waits for other messages to the same reader, unless it is urgent.
_GATHERED = f"{_DUE} AND (attempts > 0 OR queued_at <= $5 OR queued_at > $1 OR rule = ANY($6::text[]))"
_FIRST = f"{_GATHERED} ORDER BY {_PLACE} LIMIT $4"
_NEXT = f"{_GATHERED} AND ({_PLACE}) > ($7, $8, $9) ORDER BY {_PLACE} LIMIT $4"
_BESIDE = (
    f"{_DUE} AND audience_key = ANY($7::text[]) AND NOT id = ANY($8::uuid[])"
    f" AND (({_PLACE}) > ($9, $10, $11) OR (attempts = 0 AND queued_at > $5 AND NOT rule = ANY($6::text[])))"
    f" ORDER BY {_PLACE} LIMIT $4"
)
_HELD = (
    f"{_COLUMNS} AND next_at <= $1 AND held_until > $2 AND audience_key = ANY($4::text[]) AND NOT id = ANY($5::uuid[])"
    f" ORDER BY {_PLACE} LIMIT $3"
)
# Step by step, each by an index: PostgreSQL would read the whole table for a recursive query.
_IN_DOUBT = (
    "SELECT DISTINCT mail_id FROM notification WHERE message_id = ANY($1::uuid[]) AND state = 'waiting'"
    " AND open_attempts > 0 AND mail_id IS NOT NULL"
)
_IN_EMAILS = "SELECT DISTINCT message_id FROM notification WHERE mail_id = ANY($1::uuid[]) AND state = 'waiting'"
_TOGETHER = f"{_COLUMNS} AND id = ANY($1::uuid[]) ORDER BY {_PLACE}"
_URGENT = [rule.name for rule in BY_NAME.values() if rule.urgent]


async def messages_due(
    session: AsyncSession,
    real: datetime,
    now: datetime,
    most: int,
    *,
    after: DueMessage | None = None,
    gathers: timedelta = timedelta(),
) -> list[DueMessage]:
    """Return the messages that are due and not held back, the first due first, then by time of the event.

    `real` and `now` are real and domain time; `after` is the last message that is being worked on. A new message that
    is not urgent waits for as long as `gathers`. A message queued in the future, due later than any pause lasts, or
    held back for longer than a night or an hour, was written before a clock was set back: it is due too.
    """
    connection, late = await asking(session), real + 2 * LONGEST_PAUSE
    common = (real, late, now, most, real - gathers, _URGENT)
    if after is None:
        rows = await connection.fetch(_FIRST, *common)
    else:
        rows = await connection.fetch(_NEXT, *common, after.next_at, after.at, after.id)
    return [DueMessage(*row) for row in rows]


async def messages_beside(
    session: AsyncSession,
    real: datetime,
    now: datetime,
    most: int,
    due: Sequence[DueMessage],
    taken: Collection[UUID],
    gathers: timedelta,
) -> list[DueMessage]:
    """Return what else waits for the readers of messages that are due, without those `taken` before.

    That is what comes later in the order, and what waits for others by itself.
    """
    last = due[-1]
    whom = sorted({readers_of(message.audience) for message in due})
    connection, late = await asking(session), real + 2 * LONGEST_PAUSE
    place = (last.next_at, last.at, last.id)
    rows = await connection.fetch(_BESIDE, real, late, now, most, real - gathers, _URGENT, whom, list(taken), *place)
    return [DueMessage(*row) for row in rows]


async def messages_held(
    session: AsyncSession,
    real: datetime,
    now: datetime,
    most: int,
    leading: Sequence[DueMessage],
    taken: Collection[UUID],
) -> list[DueMessage]:
    """Return what is held back for the readers of messages that come at once, about the same cases.

    `real` and `now` are real and domain time; what the round has `taken` before is left out.
    """
    whom = sorted({readers_of(message.audience) for message in leading})
    cases = {message.root for message in leading}
    rows = await (await asking(session)).fetch(_HELD, real, now, most, whom, list(taken))
    return [message for row in rows if _root(message := DueMessage(*row)) in cases]


async def messages_together(session: AsyncSession, ids: Collection[UUID]) -> list[DueMessage]:
    """Return what else was in emails with these messages that may have been sent, due or not.

    Such an email goes again as it was, so its messages are tried together. That goes on from email to email.
    """
    connection, known, new = await asking(session), set(ids), set(ids)
    emails: set[UUID] = set()
    while new:
        found = {row["mail_id"] for row in await connection.fetch(_IN_DOUBT, list(new))} - emails
        if not found:
            break
        emails |= found
        new = {row["message_id"] for row in await connection.fetch(_IN_EMAILS, list(found))} - known
        known |= new
    beside = known.difference(ids)
    return [DueMessage(*row) for row in await connection.fetch(_TOGETHER, list(beside))] if beside else []


def _root(message: DueMessage) -> UUID | None:
    """Return the case of a message; None of one that cannot be read, which fails in its own turn."""
    try:
        return message.root
    except (TypeError, ValueError):
        return None
