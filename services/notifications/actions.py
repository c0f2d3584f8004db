"""What do people do here? Have a message sent again or anew, settle who cannot be reached, mark what they have read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.notifications.model.choice import Choice
from services.notifications.readers import reads
from services.notifications.store import afterwards, choices, inbox, messages, unreachable
from shared import clock
from shared.web.errors import Refused
from shared.web.i18n import gettext
from shared.web.nights import Night

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.notifications.model.again import ResendReason
    from services.notifications.store.unreachable import Unreachable
    from shared.bus import Bus, Tx
    from shared.identity import Principal


async def retry(bus: Bus, actor: str, message_id: UUID) -> None:
    """Send again what failed of a message, under its old Message-ID. Raises `Refused` (409) where nothing failed."""
    async with bus.transaction(actor) as tx:
        if not await afterwards.retry(tx.session, message_id, datetime.now(UTC)):
            raise Refused(gettext("This message did not fail, so there is nothing to send again."), 409)
        await tx.changed("messages")


async def resend(bus: Bus, actor: str, message_id: UUID, reason: ResendReason) -> None:
    """Have a message written anew and sent as a new mail; who did it and why is kept.

    Raises `Refused` (409) where it is waiting to be sent: a second click sends nothing twice.
    """
    async with bus.transaction(actor) as tx:
        real, now = datetime.now(UTC), clock.now()
        if not await afterwards.resend(tx.session, message_id, actor, reason.value, real=real, now=now):
            raise Refused(gettext("This message is waiting to be sent already."), 409)
        await tx.changed("messages")


async def try_again(bus: Bus, who: Principal, recipient: UUID) -> None:
    """Send somebody who could not be reached again what did not arrive last. Raises `Refused` (404, 409)."""
    async with bus.transaction(who.subject) as tx:
        row = await _unreachable(tx, who, recipient)
        row.tried_at = clock.now()
        tx.session.add(row)
        if not await afterwards.retry(tx.session, row.message_id, datetime.now(UTC)):
            raise Refused(gettext("It is being sent again already, or was sent in the meantime."), 409)
        await tx.changed("messages")


async def settle(bus: Bus, who: Principal, recipient: UUID) -> None:
    """Take somebody off the list: the mailbox works again, or they are told otherwise. Raises `Refused` (404)."""
    async with bus.transaction(who.subject) as tx:
        row = await _unreachable(tx, who, recipient)
        row.settled_at, row.settled_by = clock.now(), who.subject
        tx.session.add(row)
        await tx.changed("messages")


async def _unreachable(tx: Tx, who: Principal, recipient: UUID) -> Unreachable:
    found = (await unreachable.open_of(tx.session, [recipient], lock=True)).get(recipient)
    if found is None or not reads(who, found.country):
        raise Refused(gettext("This person is not on the list, or not any more."), 404)
    return found


async def choose(bus: Bus, recipient: UUID, choice: Choice, night: str | None = None) -> None:
    """Keep what a person wants to be sent from now on, and at which hours not.

    `night` as `NightForm.as_text` gives it; None leaves the hours as they are. What waits for the person already is
    looked at anew where they changed.
    """
    changes: dict[str, str | None] = {"choice": choice.value}
    if night is not None:
        changes["quiet"] = None if night == Night.COUNTRY else night
    async with bus.transaction("system:choice") as tx:
        held = await choices.own_hours(tx.session, [recipient])
        await choices.choose(tx.session, recipient, clock.now(), changes)
        if held != await choices.own_hours(tx.session, [recipient]):
            await messages.let_go(tx.session, recipient)
            await tx.changed("messages")


async def chosen(bus: Bus, recipient: UUID) -> tuple[Choice, str]:
    """What a person has chosen to be sent, and at which hours not, as `choose` takes them."""
    async with bus.read() as session:
        choice = (await choices.chosen(session, [recipient])).get(recipient, Choice.EACH)
        hours = await choices.own_hours(session, [recipient])
    return choice, str(hours[recipient] or Night.NONE.value) if recipient in hours else Night.COUNTRY.value


async def mark_read(bus: Bus, recipient: UUID, ids: Sequence[UUID] | None) -> int:
    """Mark messages of a recipient (all, or those named) as read; give how many were unread."""
    async with bus.transaction("system:inbox") as tx:
        return await inbox.mark_read(tx.session, recipient, ids, clock.now())
