"""Show the messages to one person, for the portal's inbox page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import AwareDatetime

from services.notifications.cases.store import register
from services.notifications.inbox import store
from services.notifications.messages.views import messages
from shared.i18n import gettext, language
from shared.time import dates
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.messages.store.messages import MessageRow, NotificationRow


class InboxMessage(ReadModel):
    """A message as it is listed: `link` is a path of the programme's, `at` domain time, `when` that in words."""

    id: UUID
    subject: str
    text: list[str]
    at: AwareDatetime
    when: str
    link: str
    action: str
    reference: str
    application_id: UUID | None
    cause: str
    read: bool
    state: str


class Words(ReadModel):
    """The labels on and under a message, in the language of the messages."""

    new: str
    read: str


class Inbox(ReadModel):
    """One page of a recipient's messages, their number under the given filter, and how many are unread in all.

    `language` is that of messages and `words`: English where there are no mails in the wanted one.
    """

    messages: list[InboxMessage]
    total: int
    page: int
    unread: int
    language: str
    words: Words


async def inbox(session: AsyncSession, recipient: UUID, *, page: int, only_unread: bool) -> Inbox:
    """Return one page of a recipient's messages, the newest first, in the current language."""
    found, total = await store.inbox(session, recipient, page=page, only_unread=only_unread)
    hosts = {message.case.named_host for _, message in found}
    organisation_names = await register.organisation_names(session, (host for host in hosts if host is not None))
    return Inbox(
        messages=[_inbox_message(notification, message, organisation_names) for notification, message in found],
        total=total,
        page=page,
        unread=await store.unread(session, recipient),
        language=language(),
        words=Words(new=gettext("New"), read=gettext("Mark as read")),
    )


async def unread(session: AsyncSession, recipient: UUID) -> int:
    """Return how many messages to a recipient are unread."""
    return await store.unread(session, recipient)


def _inbox_message(
    notification: NotificationRow, message: MessageRow, organisation_names: Mapping[UUID, str]
) -> InboxMessage:
    host = message.case.named_host
    wording = messages.message_wording(message, host="" if host is None else organisation_names.get(host, ""))
    return InboxMessage(
        id=notification.id,
        subject=wording.subject,
        text=list(wording.paragraphs),
        at=notification.at,
        when=dates.moment(notification.at),
        link=wording.link,
        action=wording.action,
        reference=message.reference,
        application_id=message.application_id,
        cause=wording.cause,
        read=notification.read_at is not None,
        state=notification.state,
    )
