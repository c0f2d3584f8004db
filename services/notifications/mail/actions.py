"""Retry and resend messages, and settle people who could not be reached by mail."""

from datetime import datetime
from uuid import UUID

from services.notifications.guards import reads
from services.notifications.mail.model import UNSURE_WORK, ResendReason
from services.notifications.mail.sending.delivery_log import sent
from services.notifications.mail.store import resending, unreachable
from services.notifications.mail.store.resending import Resending
from services.notifications.mail.store.unreachable import Unreachable
from services.notifications.messages import actions as messages
from services.notifications.messages.store import messages as store
from services.notifications.messages.store.messages import MessageRow
from shared.bus import Bus, Tx, set_aside
from shared.bus.db.last_fact import last_fact
from shared.contracts.notifications import NotificationSent
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import clock
from shared.time.dates import moment


async def retry(bus: Bus, actor: str, message_id: UUID) -> None:
    """Send again what failed, or may have been sent, of a message, under its old Message-ID.

    What is being sent again stays so. Raises `Refused` (404, 409) with what is true now.
    """
    async with bus.transaction(actor) as tx:
        message = await _locked(tx, message_id)
        if not await _failed(tx, message):
            return
        retried = await messages.retry_failed(tx, message_id)
        await set_aside.clear(tx.session, UNSURE_WORK, {str(id_) for id_ in {message_id, *retried}})
        await tx.changed("messages")


async def count_as_sent(bus: Bus, actor: str, message_id: UUID) -> None:
    """Count as sent what may have been sent of a message, and what was in the same email.

    The same person's second click changes nothing. Raises `Refused` (404, 409) with what is true now where there is no
    such mail.
    """
    async with bus.transaction(actor) as tx:
        message = await _locked(tx, message_id)
        rows = await messages.count_as_sent(tx, message_id)
        if not rows and await _counted_by(tx, message):
            return
        if not rows:
            raise await _state(tx, message)
        for row in rows:
            its = await store.message(tx.session, row.message_id)
            assert its is not None
            await tx.record(sent(its, row.language, row.attempts), row.id, correlation=its.story)
        await set_aside.clear(tx.session, UNSURE_WORK, {str(row.message_id) for row in rows})
        await tx.changed("messages")


async def resend(bus: Bus, actor: str, message_id: UUID, reason: ResendReason) -> None:
    """Write a message anew and send it as a new mail; who did it and why is kept.

    While it waits to be sent, the same by the same person changes nothing. Raises `Refused` (404, 409).
    """
    async with bus.transaction(actor) as tx:
        message = await _locked(tx, message_id)
        generation = await messages.write_anew(tx, message_id)
        if generation is None:
            last = next(iter(reversed(await resending.resendings(tx.session, message_id))), None)
            if last is not None and (last.generation, last.actor, last.reason) == (message.generation, actor, reason):
                return
            raise await _state(tx, message)
        await set_aside.clear(tx.session, UNSURE_WORK, {str(message_id)})
        row = Resending(message_id=message_id, generation=generation, at=clock.now(), actor=actor, reason=reason.value)
        await resending.add(tx.session, row)
        await tx.changed("messages")


async def retry_recipient(bus: Bus, principal: Principal, recipient: UUID) -> None:
    """Send the last failed message again to a person who could not be reached; one that is being sent stays so.

    Raises `Refused` (404, 409).
    """
    async with bus.transaction(principal.subject) as tx:
        row = await _unreachable(tx, principal, recipient)
        if row.settled_at is not None:
            raise _settled(row.settled_at)
        message = await _locked(tx, row.message_id)
        if not await _failed(tx, message):
            return
        await messages.retry_failed(tx, row.message_id)
        row.tried_at = clock.now()
        tx.session.add(row)
        await tx.changed("messages")


async def settle_recipient(bus: Bus, principal: Principal, recipient: UUID) -> None:
    """Take a person off the list: the mailbox works again, or they were reached otherwise.

    The same person's second click changes nothing. Raises `Refused` (404, 409).
    """
    async with bus.transaction(principal.subject) as tx:
        row = await _unreachable(tx, principal, recipient)
        if row.settled_at is not None and row.settled_by == principal.subject:
            return
        if row.settled_at is not None:
            raise _settled(row.settled_at)
        row.settled_at, row.settled_by = clock.now(), principal.subject
        tx.session.add(row)
        await tx.changed("messages")


def _settled(at: datetime) -> Refused:
    sentence = gettext("This person was removed from the list on %(when)s.") % {"when": moment(at)}
    return Refused(sentence, code=ProblemCode.ALREADY_DONE)


async def _unreachable(tx: Tx, principal: Principal, recipient: UUID) -> Unreachable:
    found = await unreachable.entry(tx.session, recipient)
    if found is None or not reads(principal, found.country):
        raise Refused(gettext("This person is not on the list."), 404)
    return found


async def _locked(tx: Tx, message_id: UUID) -> MessageRow:
    found = await store.locked(tx.session, message_id)
    if found is None:
        raise Refused(gettext("There is no such message."), 404)
    return found


async def _counted_by(tx: Tx, message: MessageRow) -> bool:
    """Return whether the same person counted a message as sent."""
    rows = await store.notifications_of(tx.session, message.id)
    facts = [await last_fact(tx.session, row.id, [NotificationSent]) for row in rows if row.state == store.SENT]
    return any(fact is not None and fact.actor == tx.actor for fact in facts)


async def _failed(tx: Tx, message: MessageRow) -> bool:
    """Return whether something of a message failed or may have been sent; False where it is being sent again.

    Raises `Refused` (409) with what is true now where neither holds.
    """
    rows = [row for row in await store.notifications_of(tx.session, message.id) if row.generation == message.generation]
    if message.state == store.FAILED or any(row.state in {store.FAILED, store.UNSURE} for row in rows):
        return True
    # One that waits for somebody's morning has reached all others.
    if message.state != store.WAITING or message.held_until is not None:
        raise await _state(tx, message)
    return False


async def _state(tx: Tx, message: MessageRow) -> Refused:
    """Return the refusal (409) that names the present state of a message."""
    rows = await store.notifications_of(tx.session, message.id)
    moments = [row.sent_at for row in rows if row.sent_at is not None and row.generation == message.generation]
    if message.state == store.WAITING and moments:
        sentence = gettext("This message was sent on %(when)s and is waiting to be sent to others.")
        return Refused(sentence % {"when": moment(max(moments))}, code=ProblemCode.IN_PROGRESS)
    if message.state == store.WAITING:
        return Refused(gettext("This message is waiting to be sent."), code=ProblemCode.IN_PROGRESS)
    if moments:
        sentence = gettext("This message was sent on %(when)s.") % {"when": moment(max(moments))}
        return Refused(sentence, code=ProblemCode.ALREADY_DONE)
    return Refused(gettext("No part of this message failed, and nobody was due to get it by email."), 409)
