"""Show the messages to one person, for the portal's inbox page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import AwareDatetime

from services.notifications.cases.model import (
    GENERAL,
    MENTORS,
    MENTORSHIPS,
    OFFERS,
    VISITS,
)
from services.notifications.cases.store import register
from services.notifications.inbox import store
from services.notifications.messages.views import messages
from shared.contracts.codes import AudienceKind
from shared.i18n import N_, gettext, language
from shared.time import dates
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.messages.store.inbox_cases import InboxCaseRow
    from services.notifications.messages.store.messages import MessageRow, NotificationRow


class InboxMessage(ReadModel):
    """A message as it is listed: `link` is a path of the programme's, `at` domain time, `when` that in words."""

    id: UUID
    title: str
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


class InboxCase(ReadModel):
    """A case with its messages, the newest first: a few of `total` (or of `unread`), or a page of them."""

    id: UUID
    title: str
    total: int
    unread: int
    messages: list[InboxMessage]


class Inbox(ReadModel):
    """One page of a recipient's cases with messages, whether there are more, and how many messages are unread in all.

    `language` is that of messages and `words`: English where there are no mails in the wanted one. `seen` is when the
    last unread message came (real time).
    """

    cases: list[InboxCase]
    more: bool
    page: int
    unread: int
    seen: AwareDatetime | None
    language: str
    words: Words


async def inbox(
    session: AsyncSession, recipient: UUID, *, page: int, only_unread: bool, case_id: UUID | None = None
) -> Inbox:
    """Return one page of a recipient's cases, or of the messages about one, in the current language.

    Cases with unread messages come first, then those with the newest.
    """
    seen = await store.newest_arrival(session, recipient)
    if case_id is None:
        rows, more = await store.cases(session, recipient, page=page, only_unread=only_unread)
        found = await store.newest(session, recipient, [row.case_id for row in rows], only_unread=only_unread)
    else:
        row = await store.case(session, recipient, case_id)
        rows = [] if row is None else [row]
        some = await store.about(session, recipient, case_id, page=page, only_unread=only_unread)
        found, more = {case_id: some}, row is not None and _count(row, only_unread=only_unread) > page * store.PAGE
    hosts = {message.case.named_host for some in found.values() for _, message in some}
    names = await register.organisation_names(session, (host for host in hosts if host is not None))
    return Inbox(
        cases=[_case(row, found[row.case_id], names) for row in rows if found[row.case_id]],
        more=more,
        page=page,
        unread=await store.unread(session, recipient),
        seen=seen,
        language=language(),
        words=Words(new=gettext("New"), read=gettext("Mark as read")),
    )


def _count(row: InboxCaseRow, *, only_unread: bool) -> int:
    return row.unread if only_unread else row.messages


_APPLICATION = N_("Application %(reference)s")
_TITLES = {
    VISITS: N_("Visit %(reference)s"),
    MENTORSHIPS: N_("Mentorship %(reference)s"),
    OFFERS: N_("Placement %(reference)s"),
    MENTORS: N_("Mentor's profile %(reference)s"),
}
_GENERAL = N_("General")


def _case(
    row: InboxCaseRow, some: Sequence[tuple[NotificationRow, MessageRow]], names: Mapping[UUID, str]
) -> InboxCase:
    return InboxCase(
        id=row.case_id,
        title=_title(some[0][1]),
        total=row.messages,
        unread=row.unread,
        messages=[_inbox_message(notification, message, names) for notification, message in some],
    )


def _title(newest: MessageRow) -> str:
    """Return what a case is, by its newest message; an applicant's case is the application all along."""
    if newest.root == GENERAL:
        return gettext(_GENERAL)
    own = newest.audience.kind is AudienceKind.APPLICANT
    title = _TITLES.get(newest.case.topic, _APPLICATION) if not own else _APPLICATION
    return (gettext(title) % {"reference": newest.reference}).strip()


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
        title=wording.title,
        subject=wording.subject,
        text=list(wording.paragraphs),
        at=notification.at,
        when=dates.deadline(notification.at),
        link=wording.link,
        action=wording.action,
        reference=message.reference,
        application_id=message.application_id,
        cause=wording.cause,
        read=notification.read_at is not None,
        state=notification.state,
    )
