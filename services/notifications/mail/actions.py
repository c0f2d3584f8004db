"""Retry and resend messages, and settle people who could not be reached by mail."""

from uuid import UUID

from services.notifications.guards import reads
from services.notifications.mail.model import UNSURE_WORK, ResendReason
from services.notifications.mail.sending.delivery_log import sent
from services.notifications.mail.store import resending, unreachable
from services.notifications.mail.store.resending import Resent
from services.notifications.mail.store.unreachable import Unreachable
from services.notifications.messages import actions as messages
from services.notifications.messages.store import messages as store
from shared.bus import Bus, Tx, set_aside
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import clock


async def retry(bus: Bus, actor: str, message_id: UUID) -> None:
    """Send again what failed, or may have been sent, of a message, under its old Message-ID.

    Raises `Refused` (409) where nothing did.
    """
    async with bus.transaction(actor) as tx:
        if not await messages.retry_failed(tx, message_id):
            raise Refused(gettext("This message did not fail, so there is nothing to send again."), 409)
        await set_aside.clear(tx.session, UNSURE_WORK, {str(message_id)})
        await tx.changed("messages")


async def count_as_sent(bus: Bus, actor: str, message_id: UUID) -> None:
    """Count as sent what may have been sent of a message. Raises `Refused` (409) where there is no such mail."""
    async with bus.transaction(actor) as tx:
        rows = await messages.count_as_sent(tx, message_id)
        message = await store.message(tx.session, message_id)
        if not rows or message is None:
            raise Refused(gettext("Somebody has decided it already."), code=ProblemCode.ALREADY_DONE)
        for row in rows:
            await tx.record(sent(message, row.language, row.attempts), row.id, correlation=message.story)
        await set_aside.clear(tx.session, UNSURE_WORK, {str(message_id)})
        await tx.changed("messages")


async def resend(bus: Bus, actor: str, message_id: UUID, reason: ResendReason) -> None:
    """Write a message anew and send it as a new mail; who did it and why is kept.

    Raises `Refused` (409) where it waits to be sent: a second click sends nothing twice.
    """
    async with bus.transaction(actor) as tx:
        generation = await messages.write_anew(tx, message_id)
        if generation is None:
            raise Refused(gettext("This message is waiting to be sent already."), code=ProblemCode.ALREADY_DONE)
        await set_aside.clear(tx.session, UNSURE_WORK, {str(message_id)})
        row = Resent(message_id=message_id, generation=generation, at=clock.now(), actor=actor, reason=reason.value)
        await resending.add(tx.session, row)
        await tx.changed("messages")


async def retry_recipient(bus: Bus, principal: Principal, recipient: UUID) -> None:
    """Send the last failed message again to a person who could not be reached. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        row = await _unreachable(tx, principal, recipient)
        row.tried_at = clock.now()
        tx.session.add(row)
        if not await messages.retry_failed(tx, row.message_id):
            raise Refused(
                gettext("It is being sent again already, or was sent in the meantime."), code=ProblemCode.ALREADY_DONE
            )
        await tx.changed("messages")


async def settle_recipient(bus: Bus, principal: Principal, recipient: UUID) -> None:
    """Take a person off the list: the mailbox works again, or they were reached otherwise. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        row = await _unreachable(tx, principal, recipient)
        row.settled_at, row.settled_by = clock.now(), principal.subject
        tx.session.add(row)
        await tx.changed("messages")


async def _unreachable(tx: Tx, principal: Principal, recipient: UUID) -> Unreachable:
    found = (await unreachable.open_entries(tx.session, [recipient], lock=True)).get(recipient)
    if found is None or not reads(principal, found.country):
        raise Refused(gettext("This person is not on the list, or not any more."), 404)
    return found
