"""The queue and the lasting record of messages and notifications: opaque ids only, no text, name or address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.notifications.messages.store import inbox_cases
from services.notifications.messages.store.derived import CASE_FIELDS, Derived
from services.notifications.tables import Table, add, among
from shared.bus.db.locking import for_update
from shared.bus.db.transaction import driver
from shared.contracts.codes import AudienceKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from asyncpg import Record
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.messages.model.decision import Message
    from shared.contracts.notifications import Audience

_TIME = sa.DateTime(timezone=True)
WAITING, DONE, SENT, FAILED = "waiting", "done", "sent", "failed"
UNSURE = "unsure"
"""Handed over and no answer recorded, and not to be tried again: it may have been sent, and a person decides."""
MOST_COPIES = 2
"""The most attempts of a mail whose end is not known, and so the most copies of it that may be out."""
KEPT = "kept"
"""The state of a notification without a mail, as the person has chosen; it is in the portal."""
DROPPED = "dropped"
"""The state of a reminder that was not sent, since what it reminds of was done, or has another date, by then."""
PAGE = 50
LONGEST_PAUSE = timedelta(minutes=15)
"""The longest time until the next attempt."""


class MessageRow(Derived, Table, table=True):
    """A message to an audience, `waiting` until each of its recipients has a notification that ended."""

    __tablename__ = "message"
    __table_args__ = (
        sa.Index("message_next_at", "next_at", "at", "id", postgresql_where=sa.text("state = 'waiting'")),
        sa.Index(
            "message_audience_key", "audience_key", "next_at", "at", "id", postgresql_where=sa.text("state = 'waiting'")
        ),
        sa.Index("message_at", "at", "id"),
        sa.Index("message_country_at", "country", "at", "id"),
        sa.Index("message_state_at", "state", "at", "id"),
        sa.Index("message_reference", "reference", "at", "id"),
        sa.Index("message_application_id", "application_id", "at", "id"),
        sa.Index("message_about", "about", "id"),
        sa.Index("message_rule", "rule", "at", "id"),
    )

    id: UUID = Field(primary_key=True)
    rule: str
    about: UUID = Field(description="The event that it tells of")
    at: datetime = Field(sa_type=_TIME, description="Domain time of that event")
    reference: str
    application_id: UUID | None = None
    country: str | None = Field(default=None, description="Whose national coordinator sees it")
    audience_key: str = Field(
        description="The same for audiences of the same readers: what waits for them goes in one email"
    )
    audience_json: dict[str, JsonValue] = Field(sa_type=JSONB, sa_column_kwargs={"name": "audience"})
    case_json: dict[str, Any] = Field(sa_type=JSONB, sa_column_kwargs={"name": "case"})
    facts: dict[str, JsonValue] = Field(sa_type=JSONB)
    state: str = WAITING
    attempts: int = 0
    queued_at: datetime = Field(sa_type=_TIME, description="Real time")
    next_at: datetime = Field(sa_type=_TIME, description="Real time of the next attempt")
    cause: str | None = Field(default=None, description="Why it is not done, a code")
    held_until: datetime | None = Field(default=None, sa_type=_TIME, description="Domain time; until morning")
    generation: int = Field(default=1, description="How many times it was written: grows when it is sent anew")


class NotificationRow(Table, table=True):
    """One message to one recipient, in one email. `recipient` is the portal's opaque id."""

    __tablename__ = "notification"
    __table_args__ = (
        sa.Index("notification_message_id", "message_id", "id"),
        sa.Index("notification_mail_id", "mail_id", "id", postgresql_where=sa.text("mail_id IS NOT NULL")),
        sa.Index("notification_sent_at", "recipient", "sent_at", postgresql_where=sa.text("sent_at IS NOT NULL")),
        sa.Index("notification_case_id", "recipient", "case_id", "at", "id"),
        sa.Index(
            "notification_unread", "recipient", "case_id", "at", "id", postgresql_where=sa.text("read_at IS NULL")
        ),
        sa.Index("notification_added_at", "recipient", "added_at", postgresql_where=sa.text("read_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    message_id: UUID
    recipient: UUID
    case_id: UUID = Field(description="The application, else the placement or mentor; nil: about no case")
    added_at: datetime = Field(sa_type=_TIME, description="Real time; the inbox of its recipient has it since then")
    at: datetime = Field(sa_type=_TIME, description="As the message's")
    language: str
    state: str = WAITING
    attempts: int = 0
    open_attempts: int = Field(default=0, description="Attempts begun whose end is not known: copies that may be out")
    sent_at: datetime | None = Field(default=None, sa_type=_TIME, description="Domain time")
    read_at: datetime | None = Field(default=None, sa_type=_TIME, description="Domain time; in the portal's inbox")
    cause: str | None = None
    generation: int = 1
    mail_id: UUID | None = Field(default=None, description="The email that it went in with others; none: its own")
    status: str | None = Field(default=None, description="What a report said of it last (RFC 3463)")
    status_at: datetime | None = Field(default=None, sa_type=_TIME, description="Domain time")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A row of `MessageRow` to be written, which waits."""

    id: UUID
    rule: str
    about: UUID
    at: datetime
    reference: str
    application_id: UUID | None
    country: str | None
    audience_key: str
    audience_json: dict[str, JsonValue]
    case_json: dict[str, str | None]
    facts: dict[str, JsonValue]
    state: str = WAITING
    attempts: int = 0
    queued_at: datetime
    next_at: datetime
    cause: str | None = None
    held_until: datetime | None = None
    generation: int = 1


async def queue_messages(session: AsyncSession, messages: Iterable[Message], now: datetime) -> None:
    """Queue messages (`now` is real time), each once for ever."""
    rows = {message.id: _row(message, now) for message in messages}
    await add(session, MessageRow, [rows[id_] for id_ in sorted(rows)])


def _row(message: Message, now: datetime) -> NewMessage:
    case = message.case
    return NewMessage(
        id=message.id,
        rule=message.rule.name,
        about=message.about,
        at=message.at,
        reference=case.reference,
        application_id=case.application_id,
        country=message.country,
        audience_key=readers_of(message.audience),
        audience_json=message.audience.model_dump(mode="json"),
        case_json={name: None if (value := getattr(case, name)) is None else str(value) for name in CASE_FIELDS},
        facts=dict(message.facts),
        queued_at=now,
        next_at=now,
    )


_OFFICES = {
    AudienceKind.HOME_COORDINATOR,
    AudienceKind.HOST_COORDINATOR,
    AudienceKind.HOME_DEPUTY,
    AudienceKind.HOST_DEPUTY,
}


def readers_of(audience: Audience) -> str:
    """Return a key that audiences of the same people share, such as both coordinators of a country."""
    kind = "office" if audience.kind in _OFFICES else audience.kind.value
    of = audience.organisation_id or audience.mentor_id or audience.country
    if kind != "office":
        of = audience.companion_id or audience.recipient_id or audience.application_id or of
    return f"{kind}:{of}"


async def still_waiting(session: AsyncSession, ids: Iterable[str]) -> set[str]:
    """Return those of the messages, by id as text, that wait to be sent."""
    wanted = [UUID(id_) for id_ in ids]
    query = sa.select(col(MessageRow.id)).where(among(col(MessageRow.id), wanted), col(MessageRow.state) == WAITING)
    return {str(id_) for id_ in (await session.scalars(query)).all()}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotification:
    """A row of `NotificationRow` to be written, for a recipient who is to get a message."""

    id: UUID
    message_id: UUID
    generation: int
    recipient: UUID
    case_id: UUID
    added_at: datetime
    at: datetime
    language: str
    state: str
    attempts: int
    open_attempts: int
    sent_at: datetime | None = None
    read_at: datetime | None = None
    cause: str | None = None
    mail_id: UUID | None = None
    status: str | None = None
    status_at: datetime | None = None


async def latest_emails(
    session: AsyncSession, recipients: Iterable[UUID], since: datetime, until: datetime
) -> dict[tuple[UUID, UUID], datetime]:
    """Return when the last email about a case went to a recipient, after `since` and until `until` (domain time)."""
    found = await (await driver(session)).fetch(_LATEST, sorted(recipients), since, until)
    return {(row["recipient"], row["case_id"]): row["sent_at"] for row in found}


async def replace_notifications(session: AsyncSession, left: Iterable[UUID], rows: Sequence[NewNotification]) -> None:
    """Fix who gets a message: one notification a recipient, never a second.

    Those who are no longer meant lose theirs (`left`), as far as it waits and was never tried. The inboxes are counted
    last, as people who mark messages as read lock them last too.
    """
    changes = await _dropped(session, left)
    await add(session, NotificationRow, rows)
    again = [row for row in rows if row.generation > 1]
    changes += await _replaced(session, again) if again else []
    await inbox_cases.count(session, [*map(_arrived, rows), *changes])


def _arrived(row: NewNotification) -> inbox_cases.Change:
    return inbox_cases.Change(row.recipient, row.case_id, row.at, 1, 1)


async def _replaced(session: AsyncSession, rows: Sequence[NewNotification]) -> list[inbox_cases.Change]:
    """Return what leaves the inbox, as these rows are sent anew in its place; it is unread no more."""
    connection, found = await driver(session), []
    for row in rows:
        place = (row.message_id, row.recipient, row.generation)
        # In one statement, since its reader may mark it as read at the same time.
        read = await connection.fetch(_READ_EARLIER, *place, row.at)
        if read or await connection.fetchval(_HAS_EARLIER, *place):
            found.append(inbox_cases.Change(row.recipient, row.case_id, row.at, -1, -len(read)))
    return found


async def notifications_of(session: AsyncSession, *message_ids: UUID) -> list[NotificationRow]:
    """Return the notifications of messages, in a fixed order."""
    query = select(NotificationRow).where(among(col(NotificationRow.message_id), message_ids))
    return list((await session.scalars(query.order_by(col(NotificationRow.id)))).all())


async def with_recipients(session: AsyncSession, message_ids: Iterable[UUID]) -> set[UUID]:
    """Return those of the messages whose recipients are fixed, in their present generation."""
    wanted = sorted(message_ids)
    if not wanted:
        return set()
    query = sa.select(col(MessageRow.id)).where(col(MessageRow.id).in_(wanted), _has_current(sa.true()))
    return set((await session.scalars(query)).all())


async def in_doubt(session: AsyncSession, message_ids: Iterable[UUID]) -> set[UUID]:
    """Return those of the messages that may have been sent to somebody in an email with others."""
    wanted = sorted(message_ids)
    if not wanted:
        return set()
    query = sa.select(col(NotificationRow.message_id)).where(
        col(NotificationRow.message_id).in_(wanted),
        col(NotificationRow.state) == WAITING,
        col(NotificationRow.open_attempts) > 0,
        col(NotificationRow.mail_id).is_not(None),
    )
    return set((await session.scalars(query)).all())


async def keep_in_portal(session: AsyncSession, notification_ids: Iterable[UUID]) -> None:
    """Let waiting notifications appear in the portal only."""
    ids = sorted(notification_ids)
    if ids:
        mine = (col(NotificationRow.id).in_(ids), col(NotificationRow.state) == WAITING)
        await session.execute(sa.update(NotificationRow).where(*mine).values(state=KEPT))


async def put_apart(session: AsyncSession, emails: Mapping[UUID, UUID | None]) -> None:
    """Change the emails of notifications that may have been sent with others; None is an email of its own."""
    if emails:
        await (await driver(session)).execute(_APART, list(emails), list(emails.values()))


async def _dropped(session: AsyncSession, notification_ids: Iterable[UUID]) -> list[inbox_cases.Change]:
    """Delete waiting notifications that were never tried; return what leaves the inboxes."""
    ids = sorted(notification_ids)
    return [_left(row) for row in await (await driver(session)).fetch(_UNTOUCHED, ids, [])] if ids else []


def _left(row: Record) -> inbox_cases.Change:
    """Return what a deleted notification changes: the earlier one in whose place it was sent anew is there again."""
    messages = 0 if row["earlier"] else -1
    return inbox_cases.Change(
        row["recipient"], row["case_id"], row["at"], messages, -1 if row["read_at"] is None else 0
    )


async def drop_messages(session: AsyncSession, message_ids: Collection[UUID]) -> set[UUID]:
    """End messages for the recipients who have not got them yet; return those that ended.

    One of which a copy may be out stays as it is. A message that nobody got is dropped.
    """
    connection, ids = await driver(session), sorted(message_ids)
    await inbox_cases.count(session, [_left(row) for row in await connection.fetch(_UNTOUCHED, [], ids)])
    ended = set(ids) - {row["message_id"] for row in await connection.fetch(_STILL_OPEN, ids)}
    await settle_messages(session, ended, attempts=0)
    await connection.execute(_DROPPED, sorted(ended))
    return ended


async def release_held(session: AsyncSession, recipient: UUID) -> None:
    """Release the messages that may be held back for this person; the next round decides anew until when.

    A message that waits for all its recipients may not know them yet, so each such message is released; all together,
    which keeps the order of a story. What another transaction is writing is left alone.
    """
    waits = sa.and_(col(NotificationRow.recipient) == recipient, col(NotificationRow.state) == WAITING)
    waiting = sa.select(col(MessageRow.id)).where(sa.text("state = 'waiting'"), col(MessageRow.held_until).is_not(None))
    waiting = waiting.where(sa.or_(~_has_current(sa.true()), _has_current(waits)))
    mine = col(MessageRow.id).in_(waiting.with_for_update(skip_locked=True))
    await session.execute(sa.update(MessageRow).where(mine).values(held_until=None))


def _has_current(which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Return the condition that a message has such a notification in its present generation."""
    its = col(NotificationRow.message_id) == col(MessageRow.id)
    now = col(NotificationRow.generation) == col(MessageRow.generation)
    return sa.exists().where(its, now, which).correlate(MessageRow)


async def claim(session: AsyncSession, mails: Mapping[UUID, UUID | None]) -> set[UUID]:
    """Begin an attempt for each waiting notification that may have one more; return those.

    `mails` names the email of each that goes with others.
    """
    found = await (await driver(session)).fetch(_CLAIMED, list(mails), MOST_COPIES, list(mails.values()))
    return {row["id"] for row in found}


async def in_mail(session: AsyncSession, mail_id: UUID) -> list[NotificationRow]:
    """Return the notifications that went in an email, locked until the commit, in a fixed order."""
    which = sa.or_(
        col(NotificationRow.mail_id) == mail_id,
        sa.and_(col(NotificationRow.id) == mail_id, col(NotificationRow.mail_id).is_(None)),
    )
    query = for_update(select(NotificationRow).where(which).order_by(col(NotificationRow.id)))
    return list((await session.scalars(query.execution_options(populate_existing=True))).all())


async def close_attempts(session: AsyncSession, notification_ids: Collection[UUID]) -> None:
    """Close attempts of waiting notifications of which it is known that no mail went out."""
    if notification_ids:
        await (await driver(session)).execute(_CLOSED, list(notification_ids))


async def leave_open(session: AsyncSession, notification_ids: Collection[UUID]) -> None:
    """Give up waiting notifications with open attempts: they may have been sent."""
    mine = (col(NotificationRow.id).in_(sorted(notification_ids)), col(NotificationRow.state) == WAITING)
    await session.execute(sa.update(NotificationRow).where(*mine).values(state=UNSURE))


async def count_as_sent(session: AsyncSession, message_id: UUID, now: datetime) -> list[NotificationRow]:
    """Count as sent (`now` is domain time) what may have been sent of a message; return those notifications.

    What was in the same emails counts as sent with it.
    """
    rows = await _unsure(session, message_id)
    for row in rows:
        row.state, row.sent_at, row.open_attempts = SENT, now, 0
        row.attempts += 1
        session.add(row)
    await session.flush()
    if rows:
        await settle_messages(session, {row.message_id for row in rows})
    return rows


async def _unsure(session: AsyncSession, message_id: UUID) -> list[NotificationRow]:
    """Return what may have been sent of a message, and what was in the same emails, locked until the commit."""
    message = await session.get(MessageRow, message_id, with_for_update=True, populate_existing=True)
    if message is None:
        return []
    its = (
        col(NotificationRow.message_id) == message_id,
        col(NotificationRow.generation) == message.generation,
        col(NotificationRow.state) == UNSURE,
    )
    emails = sa.select(col(NotificationRow.mail_id)).where(*its, col(NotificationRow.mail_id).is_not(None))
    found = sa.or_(sa.and_(*its), sa.and_(col(NotificationRow.mail_id).in_(emails), its[-1]))
    query = for_update(select(NotificationRow).where(found).order_by(col(NotificationRow.id)))
    return list((await session.scalars(query)).all())


async def end_notifications(
    session: AsyncSession, ids: Sequence[UUID], state: str, moments: Sequence[datetime], causes: Sequence[str | None]
) -> set[UUID]:
    """End notifications that still wait, in one state; return those that did: others had ended before.

    Each ends at its moment (domain time), and with its cause if it failed.
    """
    if not ids:
        return set()
    found = await (await driver(session)).fetch(_ENDED, ids, state, moments, causes)
    return {row["id"] for row in found}


async def settle_messages(session: AsyncSession, message_ids: Iterable[UUID], *, attempts: int = 1) -> None:
    """Mark messages without waiting recipients as done, or as failed where a recipient was not reached.

    Their attempts grow by `attempts`.
    """
    await (await driver(session)).execute(_SETTLED, sorted(message_ids), attempts)


async def hold_messages(session: AsyncSession, until: Mapping[UUID, datetime]) -> None:
    """Hold messages back until then (domain time)."""
    if not until:
        return
    await session.execute(_HELD, {"ids": list(until), "moments": list(until.values())})


_READ_EARLIER = (
    "UPDATE notification SET read_at = $4 WHERE message_id = $1 AND recipient = $2 AND generation < $3"
    " AND read_at IS NULL RETURNING id"
)
_HAS_EARLIER = "SELECT EXISTS (SELECT FROM notification WHERE message_id = $1 AND recipient = $2 AND generation < $3)"
_UUIDS = postgresql.ARRAY(sa.Uuid)
_ENDED = (
    "UPDATE notification AS n SET state = $2::text, attempts = n.attempts + 1, open_attempts = 0, cause = e.cause,"
    " sent_at = CASE WHEN $2::text = 'sent' THEN e.moment END"
    " FROM unnest($1::uuid[], $3::timestamptz[], $4::text[]) AS e(id, moment, cause)"
    " WHERE n.id = e.id AND n.state = 'waiting' RETURNING n.id"
)
_LATEST = (
    "SELECT recipient, case_id, sent_at FROM notification"
    " WHERE recipient = ANY($1::uuid[]) AND sent_at > $2 AND sent_at <= $3 ORDER BY recipient, sent_at"
)
_CLAIMED = (
    "UPDATE notification AS n SET open_attempts = open_attempts + 1, mail_id = c.mail_id"
    " FROM unnest($1::uuid[], $3::uuid[]) AS c(id, mail_id)"
    " WHERE n.id = c.id AND n.state = 'waiting' AND n.open_attempts < $2 RETURNING n.id"
)
_CLOSED = (
    "UPDATE notification SET open_attempts = open_attempts - 1"
    " WHERE id = ANY($1::uuid[]) AND state = 'waiting' AND open_attempts > 0"
)
_APART = (
    "UPDATE notification AS n SET mail_id = e.mail_id FROM unnest($1::uuid[], $2::uuid[]) AS e(id, mail_id)"
    " WHERE n.id = e.id AND n.state = 'waiting'"
)
_UNTOUCHED = (
    "DELETE FROM notification AS n WHERE (id = ANY($1::uuid[]) OR message_id = ANY($2::uuid[]))"
    " AND state = 'waiting' AND attempts = 0 AND open_attempts = 0"
    " RETURNING recipient, case_id, at, read_at, EXISTS (SELECT FROM notification AS e"
    " WHERE e.message_id = n.message_id AND e.recipient = n.recipient AND e.generation < n.generation) AS earlier"
)
"""Delete notifications that nobody can have got, by their ids ($1) or those of their messages ($2)."""
_STILL_OPEN = "SELECT DISTINCT message_id FROM notification WHERE message_id = ANY($1::uuid[]) AND state = 'waiting'"
_DROPPED = "UPDATE message SET state = 'dropped' WHERE id = ANY($1::uuid[]) AND state = 'waiting'"
_HELD = sa.text(
    "UPDATE message AS m SET held_until = h.moment FROM unnest(:ids, :moments) AS h(id, moment) WHERE m.id = h.id"
).bindparams(sa.bindparam("ids", type_=_UUIDS), sa.bindparam("moments", type_=postgresql.ARRAY(_TIME)))
_SETTLED = (
    "UPDATE message AS m SET state = CASE WHEN n.unsure THEN 'unsure' WHEN n.failed THEN 'failed' ELSE 'done' END,"
    " attempts = m.attempts + $2, cause = n.cause"
    " FROM (SELECT message_id, generation, bool_or(state = 'failed') AS failed, bool_or(state = 'unsure') AS unsure,"
    " bool_or(state = 'waiting') AS waits, min(cause) FILTER (WHERE state = 'failed') AS cause"
    " FROM notification WHERE message_id = ANY($1) GROUP BY message_id, generation) AS n"
    " WHERE m.id = n.message_id AND m.generation = n.generation AND NOT n.waits"
)


async def change_message(session: AsyncSession, message_id: UUID, **changes: Any) -> None:
    """Change a message's state, attempts, next attempt or cause."""
    await session.execute(sa.update(MessageRow).where(col(MessageRow.id) == message_id).values(**changes))


async def message(session: AsyncSession, message_id: UUID) -> MessageRow | None:
    """Return one message."""
    return await session.get(MessageRow, message_id)


async def messages_by_id(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, MessageRow]:
    """Return these messages by id."""
    query = select(MessageRow).where(col(MessageRow.id).in_(sorted(set(ids))))
    return {message.id: message for message in await session.scalars(query)}


async def locked(session: AsyncSession, message_id: UUID) -> MessageRow | None:
    """Return a message, locked until the transaction ends."""
    return await session.get(MessageRow, message_id, with_for_update=True, populate_existing=True)


async def retry_failed(session: AsyncSession, message_id: UUID, now: datetime) -> set[UUID]:
    """Retry what failed or may have been sent of a message at once (`now` is real time); return what is retried.

    That is the message, none where nothing failed, and what may have been sent in the same emails. Recipients for whom
    the message waits until the morning still get it then.
    """
    message = await session.get(MessageRow, message_id, with_for_update=True, populate_existing=True)
    if message is None:
        return set()
    beside = {row.message_id: row for row in await _unsure(session, message_id) if row.message_id != message_id}
    for row in beside.values():
        row.state, row.open_attempts = WAITING, 0
        session.add(row)
    await session.flush()
    for id_ in sorted(beside):
        other = await session.get(MessageRow, id_, with_for_update=True, populate_existing=True)
        assert other is not None
        await _requeue(session, other, now)
    failed = await session.execute(
        sa.update(NotificationRow)
        .where(
            col(NotificationRow.message_id) == message_id,
            col(NotificationRow.generation) == message.generation,
            col(NotificationRow.state).in_((FAILED, UNSURE)),
        )
        .values(state=WAITING, cause=None, open_attempts=0)
        .returning(col(NotificationRow.id))
    )
    if not failed.all() and message.state != FAILED:
        return set()
    await _requeue(session, message, now)
    return {message_id, *beside}


async def write_anew(session: AsyncSession, message_id: UUID, now: datetime) -> int | None:
    """Queue a message to be written anew from its facts (`now` is real time), for its present recipients.

    Return its generation from now on; None where it still waits to be sent.
    """
    message = await session.get(MessageRow, message_id, with_for_update=True, populate_existing=True)
    if message is None or message.state == WAITING:
        return None
    generation = message.generation + 1
    await _requeue(session, message, now, generation=generation)
    return generation


async def _requeue(session: AsyncSession, message: MessageRow, now: datetime, **changes: Any) -> None:
    changes |= {"state": WAITING, "attempts": 0, "cause": None, "held_until": None}
    await change_message(session, message.id, next_at=now, queued_at=now, **changes)


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
