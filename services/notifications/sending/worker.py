"""How does what is queued become mail, once each? One loop under a lease, so that no two processes send the same.

A mail is marked as sent in the transaction that tells of it, after the server's 250. A crash between the two sends it
again, under the same Message-ID; nothing is lost before it. The backoff between attempts is real time.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from services.notifications.sending.contacts import Portal, PortalAway
from services.notifications.sending.letter import letter
from services.notifications.sending.smtp import Post, Refused, ServerAway
from services.notifications.settings import Settings
from services.notifications.store import messages as store
from services.notifications.store.names import organisation_names
from shared import clock
from shared.bus import leases
from shared.contracts.codes import FailureCause
from shared.contracts.notifications import NotificationFailed, NotificationSent
from shared.ids import reaction_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from services.notifications.sending.contacts import Contact
    from services.notifications.store.messages import MessageRow, NotificationRow
    from shared.bus import Bus, Lease, Tx
    from shared.service import Service

log = structlog.get_logger(__name__)

ACTOR = "system:mail"
BATCH = 100
_LOOK_EVERY = 0.5
_RENEW_EVERY = 4.0
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 900.0
# RFC 5321 4.5.4.1: a sender gives up after four to five days.
_GIVE_UP = timedelta(days=5)


async def send_mail(service: Service) -> None:
    """The loop: send what is due, again and again, as long as this process holds the lease."""
    assert isinstance(service.settings, Settings)
    async with held(service.bus, "mail") as lease, office(service.bus, service.settings, lease) as desk:
        while True:
            if not await desk.send_due():
                await asyncio.sleep(_LOOK_EVERY)


@asynccontextmanager
async def held(bus: Bus, name: str) -> AsyncIterator[Lease]:
    """Wait for the lease `name`, hold and prolong it meanwhile, give it back at the end."""
    while (lease := await leases.acquire(bus, name)) is None:  # noqa: ASYNC110 - another process cannot set an event
        await asyncio.sleep(1.0)
    renewal = asyncio.create_task(_renew(bus, lease))
    try:
        yield lease
    finally:
        renewal.cancel()
        await asyncio.wait([renewal])
        await leases.release(bus, lease)


async def _renew(bus: Bus, lease: Lease) -> None:
    """Prolong a lease; when that fails its commits fail too, which ends the work."""
    while True:
        await asyncio.sleep(_RENEW_EVERY)
        if await leases.acquire(bus, lease.name) != lease:
            log.warning("a lease went to another process", lease=lease.name)
            return


@asynccontextmanager
async def office(bus: Bus, settings: Settings, lease: Lease) -> AsyncIterator[Office]:
    """An `Office` with its connections, closed at the end."""
    portal, post = Portal.at(settings), Post(settings)
    try:
        yield Office(bus, settings, lease, portal, post)
    finally:
        await portal.close()
        await post.close()


@dataclass(slots=True)
class Office:
    """Sends messages under a lease."""

    bus: Bus
    settings: Settings
    lease: Lease
    portal: Portal
    post: Post

    async def send_due(self) -> int:
        """Try every message whose time has come, a hundred at a time; give how many there were.

        Stories go side by side; the mails of one story in the order in which its facts came about.
        """
        async with self.bus.read() as session:
            due = await store.due_messages(session, _real(), BATCH)
            hosts = {message.case.host_shown for message in due}
            names = await organisation_names(session, (one for one in hosts if one is not None))
        stories: dict[UUID, list[MessageRow]] = {}
        for message in due:
            stories.setdefault(message.story, []).append(message)
        places = asyncio.Semaphore(self.settings.mail_connections)

        async def tell(story: list[MessageRow]) -> None:
            async with places:
                for message in story:
                    host = message.case.host_shown
                    await self.send(message, "" if host is None else names.get(host, ""))

        async with asyncio.TaskGroup() as group:
            for story in stories.values():
                group.create_task(tell(story))
        return len(due)

    async def send(self, message: MessageRow, host: str) -> None:
        """Send a message to all its recipients, as far as it was not sent to them before."""
        try:
            about = message.case.id if message.answers else None
            found = await self.portal.contacts(
                message.audience,
                message.rule,
                message.application_id,
                availability_of=about,
                without_deputies=message.deputy_told,
            )
        except PortalAway as error:
            await self._later(message, f"portal: {error}")
            return
        contacts = {contact.recipient: contact for contact in found}
        for notification in await self._notifications(message, found):
            if notification.state != store.WAITING:
                continue
            contact = contacts.get(notification.recipient)
            if contact is None:
                await self._fail(message, notification, FailureCause.NO_CONTACT)
                continue
            try:
                mail = letter(message, notification.id, contact, self.settings, host=host, now=clock.now())
                await self.post.send(mail, contact.address)
            except (Refused, ValueError) as error:
                log.warning("mail refused", notification=str(notification.id), why=type(error).__name__)
                await self._fail(message, notification, FailureCause.REFUSED)
            except ServerAway as error:
                await self._later(message, f"mail server: {error}")
                return
            else:
                await self.sent(message, notification, contact)

    async def _notifications(self, message: MessageRow, found: Sequence[Contact]) -> list[NotificationRow]:
        """Whom the message goes to: fixed at the first attempt. Nobody known is a failure, and is told."""
        async with self.bus.transaction(ACTOR) as tx:
            await leases.check(tx.session, self.lease)
            known = await store.notifications_of(tx.session, message.id)
            if known or not found:
                if not known:
                    await self._settle(tx, message, failed=True, cause=FailureCause.NO_CONTACT)
                    await self._tell_failed(tx, message, message.id, message.attempts + 1, FailureCause.NO_CONTACT)
                return known
            rows = [
                {
                    "id": notification_id(message.id, contact.recipient),
                    "message_id": message.id,
                    "recipient": contact.recipient,
                    "at": message.at,
                    "language": contact.language,
                    "state": store.WAITING,
                    "attempts": 0,
                }
                for contact in found
            ]
            await store.add_notifications(tx.session, rows)
            return await store.notifications_of(tx.session, message.id)

    async def sent(self, message: MessageRow, notification: NotificationRow, contact: Contact) -> None:
        """Note that the server has taken a mail, and tell of it, in one transaction."""
        async with self.bus.transaction(ACTOR) as tx:
            await leases.check(tx.session, self.lease)
            if not await store.ended(tx.session, notification.id, state=store.SENT, sent_at=clock.now(), cause=None):
                return
            event = NotificationSent(
                rule=message.rule,
                audience=message.audience,
                channel=message.row.channel,
                language=contact.language,
                about=message.about,
                application_id=message.application_id,
                attempt=notification.attempts + 1,
            )
            await tx.record(event, notification.id, correlation=message.story)
            await self._settle(tx, message)
            await tx.changed("messages")

    async def _fail(self, message: MessageRow, notification: NotificationRow, cause: FailureCause) -> None:
        async with self.bus.transaction(ACTOR) as tx:
            await leases.check(tx.session, self.lease)
            if await store.ended(tx.session, notification.id, state=store.FAILED, cause=cause.value):
                await self._tell_failed(tx, message, notification.id, notification.attempts + 1, cause)
                await self._settle(tx, message, cause=cause)
                await tx.changed("messages")

    async def _later(self, message: MessageRow, why: str) -> None:
        """Keep a message for another attempt; after five days it is given up, and that is told."""
        log.info("mail waits", message=str(message.id), why=why, attempts=message.attempts + 1)
        async with self.bus.transaction(ACTOR) as tx:
            await leases.check(tx.session, self.lease)
            if _real() - message.queued_at < _GIVE_UP:
                await store.change_message(
                    tx.session,
                    message.id,
                    attempts=message.attempts + 1,
                    next_at=_real() + pause(message.attempts),
                    cause=FailureCause.UNREACHABLE.value,
                )
                return
            waiting = [
                one for one in await store.notifications_of(tx.session, message.id) if one.state == store.WAITING
            ]
            for one in waiting:
                await store.ended(tx.session, one.id, state=store.FAILED, cause=FailureCause.UNREACHABLE.value)
            for subject in [one.id for one in waiting] or [message.id]:
                await self._tell_failed(tx, message, subject, message.attempts + 1, FailureCause.UNREACHABLE)
            await self._settle(tx, message, failed=True, cause=FailureCause.UNREACHABLE)

    async def _tell_failed(self, tx: Tx, message: MessageRow, subject: UUID, attempt: int, cause: FailureCause) -> None:
        event = NotificationFailed(
            rule=message.rule,
            audience=message.audience,
            channel=message.row.channel,
            about=message.about,
            application_id=message.application_id,
            attempt=attempt,
            cause=cause,
            final=True,
        )
        await tx.record(event, subject, correlation=message.story)

    async def _settle(
        self, tx: Tx, message: MessageRow, *, failed: bool = False, cause: FailureCause | None = None
    ) -> None:
        """A message is done when no recipient waits any more; failed where it reached one of them not, or nobody."""
        states = {one.state for one in await store.notifications_of(tx.session, message.id)}
        if store.WAITING in states:
            return
        failed = failed or store.FAILED in states
        changes: dict[str, object] = {"state": store.FAILED if failed else store.DONE, "attempts": message.attempts + 1}
        if cause is not None or not failed:
            changes["cause"] = None if cause is None else cause.value
        await store.change_message(tx.session, message.id, **changes)


def notification_id(message_id: UUID, recipient: UUID) -> UUID:
    """The id of a message to one recipient, and the left side of its Message-ID: always the same."""
    return reaction_id(message_id, NotificationSent.type, str(recipient))


def pause(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: 5 s, 10 s, 20 s, ... at most 15 min."""
    return timedelta(seconds=min(_FIRST_PAUSE * 2 ** min(attempts, 10), _LONGEST_PAUSE))


def _real() -> datetime:
    return datetime.now(UTC)
