"""The messages to one person, for the portal's inbox page."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from services.notifications.cases.store import register
from services.notifications.catalogues import MAILS
from services.notifications.inbox import actions, store
from services.notifications.messages.store.messages import MessageRow, NotificationRow
from services.notifications.messages.views import messages
from services.notifications.parameters import BusDep
from shared.i18n import gettext, language, speak
from shared.identity import internal
from shared.time import dates

router = APIRouter(prefix="/notifications/internal/inbox", include_in_schema=False, dependencies=[Depends(internal())])


class InboxMessage(BaseModel):
    """A message as it is listed: `link` is a path of the programme's, `at` domain time, `when` that in words."""

    id: UUID
    subject: str
    text: list[str]
    at: datetime
    when: str
    link: str
    action: str
    reference: str
    application_id: UUID | None
    read: bool
    state: str


class Words(BaseModel):
    """The labels on and under a message, in the language of the messages."""

    new: str
    read: str


class Inbox(BaseModel):
    """One page of a recipient's messages, their number under the given filter, and how many are unread in all.

    `language` is that of messages and `words`: English where there are no mails in the wanted one.
    """

    messages: list[InboxMessage]
    total: int
    page: int
    unread: int
    language: str
    words: Words


class Read(BaseModel):
    """Which messages were read: those named, or all."""

    model_config = ConfigDict(extra="ignore")

    recipient: UUID
    ids: list[UUID] | None = None


@router.get("")
async def inbox(
    bus: BusDep,
    recipient: UUID,
    wanted: Annotated[str, Query(alias="language", pattern="^[a-z]{2}$")] = "en",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    unread: Annotated[bool, Query(description="Only those that are unread")] = False,  # noqa: FBT002 - in the address
) -> Inbox:
    """The messages to a recipient (the portal's opaque id), the newest first, whether their mail arrived or not."""
    speak(wanted, MAILS)
    async with bus.read() as session:
        found, total = await store.inbox(session, recipient, page=page, only_unread=unread)
        count = await store.unread(session, recipient)
        hosts = {message.case.named_host for _, message in found}
        known = await register.organisation_names(session, (host for host in hosts if host is not None))
    return Inbox(
        messages=[_inbox_message(notification, message, known) for notification, message in found],
        total=total,
        page=page,
        unread=count,
        language=language(),
        words=Words(new=gettext("New"), read=gettext("Mark as read")),
    )


@router.get("/unread")
async def count_unread(bus: BusDep, recipient: UUID) -> dict[str, int]:
    """How many messages to a recipient are unread."""
    async with bus.read() as session:
        return {"unread": await store.unread(session, recipient)}


def _inbox_message(notification: NotificationRow, message: MessageRow, known: Mapping[UUID, str]) -> InboxMessage:
    host = message.case.named_host
    wording = messages.message_wording(message, host="" if host is None else known.get(host, ""))
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
        read=notification.read_at is not None,
        state=notification.state,
    )


@router.post("/read")
async def read(body: Read, bus: BusDep) -> dict[str, int]:
    """Mark messages as read; the answer is how many were unread before."""
    return {"read": await actions.mark_read(bus, body.recipient, body.ids)}
