"""The choices that people made about mails, by the portal's opaque id."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col

from services.notifications.messages.store.messages import MessageRow, NotificationRow
from services.notifications.preferences.model.choices import Choice
from services.notifications.preferences.model.quiet_hours import Hours
from services.notifications.tables import Table, table_of
from shared.bus.db.records import Record
from shared.bus.db.transaction import asking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.messages.store.due import AnyMessage


class ChoiceRow(Table, table=True):
    """A person's choices, where they have made any."""

    __tablename__ = "mail_preference"
    __table_args__ = (sa.Index("mail_preference_quiet", "recipient", postgresql_where=sa.text("quiet IS NOT NULL")),)

    recipient: UUID = Field(primary_key=True)
    choice: str = Choice.EACH.value
    quiet: str | None = Field(default=None, description="No mail: 22:00-06:00, or none; empty: the country's hours")
    at: datetime = Field(sa_type=sa.DateTime(timezone=True), description="Domain time")


CHOICE = Record(ChoiceRow, key="recipient", changed=col(ChoiceRow.at))


async def hold(session: AsyncSession, recipient: UUID) -> None:
    """Lock a person's choice until the commit, also where there is none yet."""
    key = {"key": f"choice/{recipient}"}
    await session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


async def has_chosen(session: AsyncSession, recipient: UUID, choices: Mapping[str, str | None]) -> bool:
    """Return whether a person's row has these values; it is locked until the transaction ends, if there is one."""
    row = await session.get(ChoiceRow, recipient, with_for_update=True, populate_existing=True)
    return row is not None and all(getattr(row, name) == value for name, value in choices.items())


async def chosen(session: AsyncSession, recipients: Iterable[UUID]) -> dict[UUID, Choice]:
    """Return the choices of these people, as far as they have made one."""
    return {row["recipient"]: Choice(row["choice"]) for row in await _rows(session, recipients)}


async def own_hours(session: AsyncSession, recipients: Iterable[UUID]) -> dict[UUID, Hours | None]:
    """Return the hours without mail of those who have chosen some; None for a person who wants no such hours."""
    rows = await _rows(session, recipients)
    return {row["recipient"]: Hours.read(row["quiet"]) for row in rows if row["quiet"] is not None}


async def anybody_has_own_hours(session: AsyncSession) -> bool:
    """Return whether anybody has chosen hours without mail."""
    return bool(await (await asking(session)).fetchval(_ANYBODY))


async def choose(session: AsyncSession, recipient: UUID, at: datetime, changes: Mapping[str, str | None]) -> None:
    """Save what a person chooses: `changes` has `choice`, or `quiet`, or both; the other stays."""
    usual = {"recipient": recipient, "choice": Choice.EACH.value, "at": at}
    new = insert(table_of(ChoiceRow)).values({**usual, **changes})
    replaced = {name: new.excluded[name] for name in (*changes, "at")}
    await session.execute(new.on_conflict_do_update(index_elements=["recipient"], set_=replaced))


async def forget(session: AsyncSession, erased: Sequence[AnyMessage]) -> None:
    """Delete the choices of the people whom these messages, one each, were meant for: the portal has erased them.

    An audience names its person only where it is one of the register; an application's or a mentor's person is known
    from earlier notifications to the same audience.
    """
    if not erased:
        return
    named = {message.audience.recipient_id for message in erased} - {None}
    audiences = {message.audience.model_dump_json(): message.audience_json for message in erased}
    same = sa.or_(*(col(MessageRow.audience_json) == audience for _, audience in sorted(audiences.items())))
    earlier = sa.select(col(NotificationRow.recipient)).join(
        MessageRow, col(MessageRow.id) == col(NotificationRow.message_id)
    )
    theirs = sa.or_(col(ChoiceRow.recipient).in_(named), col(ChoiceRow.recipient).in_(earlier.where(same)))
    await session.execute(sa.delete(ChoiceRow).where(theirs))


_ANYBODY = "SELECT EXISTS (SELECT FROM mail_preference WHERE quiet IS NOT NULL)"
_THEIRS = "SELECT recipient, choice, quiet FROM mail_preference WHERE recipient = ANY($1)"


async def _rows(session: AsyncSession, recipients: Iterable[UUID]) -> Sequence[asyncpg.Record]:
    wanted = sorted(set(recipients))
    return await (await asking(session)).fetch(_THEIRS, wanted) if wanted else []
