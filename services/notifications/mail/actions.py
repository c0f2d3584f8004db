"""Retry and resend messages, and settle people who could not be reached by mail."""

from datetime import UTC, datetime
from uuid import UUID

from services.notifications.guards import reads
from services.notifications.mail.store import resending, unreachable
from services.notifications.mail.store.unreachable import Unreachable
from shared.bus import Bus, Tx
from shared.contracts.codes import Code
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.time import clock


class ResendReason(Code):
    """Why a coordinator has a message sent anew; a code, since a free text could name somebody."""

    LOST = "lost", N_("They say that it did not arrive")
    ADDRESS = "address", N_("They have another address now")
    NEEDED = "needed", N_("They need it once more, to act on it")


async def retry(bus: Bus, actor: str, message_id: UUID) -> None:
    """Send again what failed of a message, under its old Message-ID. Raises `Refused` (409) where nothing failed."""
    async with bus.transaction(actor) as tx:
        if not await resending.retry(tx.session, message_id, datetime.now(UTC)):
            raise Refused(gettext("This message did not fail, so there is nothing to send again."), 409)
        await tx.changed("messages")


async def resend(bus: Bus, actor: str, message_id: UUID, reason: ResendReason) -> None:
    """Write a message anew and send it as a new mail; who did it and why is kept.

    Raises `Refused` (409) where it waits to be sent: a second click sends nothing twice.
    """
    async with bus.transaction(actor) as tx:
        real, now = datetime.now(UTC), clock.now()
        if not await resending.resend(tx.session, message_id, actor, reason.value, real=real, now=now):
            raise Refused(gettext("This message is waiting to be sent already."), code=ProblemCode.ALREADY_DONE)
        await tx.changed("messages")


async def retry_recipient(bus: Bus, who: Principal, recipient: UUID) -> None:
    """Send the last failed message again to a person who could not be reached. Raises `Refused` (404, 409)."""
    async with bus.transaction(who.subject) as tx:
        row = await _unreachable(tx, who, recipient)
        row.tried_at = clock.now()
        tx.session.add(row)
        if not await resending.retry(tx.session, row.message_id, datetime.now(UTC)):
            raise Refused(
                gettext("It is being sent again already, or was sent in the meantime."), code=ProblemCode.ALREADY_DONE
            )
        await tx.changed("messages")


async def settle_recipient(bus: Bus, who: Principal, recipient: UUID) -> None:
    """Take a person off the list: the mailbox works again, or they were reached otherwise. Raises `Refused` (404)."""
    async with bus.transaction(who.subject) as tx:
        row = await _unreachable(tx, who, recipient)
        row.settled_at, row.settled_by = clock.now(), who.subject
        tx.session.add(row)
        await tx.changed("messages")


async def _unreachable(tx: Tx, who: Principal, recipient: UUID) -> Unreachable:
    found = (await unreachable.open_entries(tx.session, [recipient], lock=True)).get(recipient)
    if found is None or not reads(who, found.country):
        raise Refused(gettext("This person is not on the list, or not any more."), 404)
    return found
