"""Read and save what a person chooses about mails: how they come, and at which hours none does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.messages.actions import release
from services.notifications.preferences import store
from services.notifications.preferences.model.choices import Choice
from shared.bus.db.records import named, version_of
from shared.time import clock
from shared.web.quiet_hours import QuietHours

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from shared.bus.db.records import Named


CHOOSER = "chooser"
"""The parameter that names a person's choice as a record."""


async def choose(bus: Bus, recipient: UUID, choice: Choice, night: str | None = None) -> None:
    """Save a person's choice; it holds for all that is not sent yet.

    `night` is the hours without mail as `QuietHoursForm.as_text` gives them; None leaves them as they are. Where they
    change, the messages that wait for the person are released. The same choice once more changes nothing.
    """
    changes: dict[str, str | None] = {"choice": choice.value}
    if night is not None:
        changes["quiet"] = None if night == QuietHours.COUNTRY else night
    async with bus.transaction("system:choice") as tx:
        await store.hold(tx.session, recipient)
        if await store.has_chosen(tx.session, recipient, changes):
            return
        before = await store.own_hours(tx.session, [recipient])
        await store.choose(tx.session, recipient, clock.now(), changes)
        if before != await store.own_hours(tx.session, [recipient]):
            await release(tx, recipient)


def choice_record(recipient: UUID) -> Named:
    """Return a person's choice as a record, for its version."""
    return named(store.CHOICE, CHOOSER, recipient)


async def choice_version(bus: Bus, recipient: UUID) -> str:
    """Return the present version of a person's choice."""
    async with bus.read() as session:
        return await version_of(session, choice_record(recipient))


async def chosen(bus: Bus, recipient: UUID) -> tuple[Choice, str]:
    """Return what a person has chosen and the hours without mail, both as `choose` takes them."""
    async with bus.read() as session:
        choice = (await store.chosen(session, [recipient])).get(recipient, Choice.EACH)
        hours = await store.own_hours(session, [recipient])
    return choice, str(hours[recipient] or QuietHours.NONE.value) if recipient in hours else QuietHours.COUNTRY.value
