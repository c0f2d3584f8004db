"""Find the recipients who get no mail now, since it is night in their country or they chose these hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.notifications.preferences.model.quiet_hours import pressing
from services.notifications.preferences.store import anybody_has_own_hours, own_hours
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.mail.sending.contacts import Recipients
    from services.notifications.mail.sending.delivery_log import Delivery
    from services.notifications.messages.store.messages import AnyMessage
    from services.notifications.preferences.model.quiet_hours import Hours, Quiet

HeldUntil = dict["UUID", "datetime"]
"""Messages that wait for somebody, and until when (domain time)."""


async def held_by_country(session: AsyncSession, quiet: Quiet, due: Sequence[AnyMessage], now: datetime) -> HeldUntil:
    """Return the messages that wait as a whole, since it is night at `now` (domain time) in their country.

    None as soon as anybody has chosen hours: then it depends on the recipients.
    """
    if await anybody_has_own_hours(session):
        return {}
    return {
        message.id: until
        for message in due
        if (until := _until(message, quiet.until(message.country, now), now)) is not None
    }


@dataclass(frozen=True, slots=True)
class Sleepers:
    """The recipients in quiet hours at domain time `now`; `own` are the hours that people chose.

    A person's own hours are by the clock of the person's country, and replace those of the message's country.
    """

    quiet: Quiet
    contacts: Mapping[UUID, Recipients]
    own: Mapping[UUID, Hours | None]
    now: datetime

    @classmethod
    async def of(
        cls, session: AsyncSession, quiet: Quiet, contacts: Mapping[UUID, Recipients], now: datetime
    ) -> Sleepers:
        """Return the sleepers among the recipients, given by the message's id."""
        everybody = (contact.recipient for recipients in contacts.values() for contact in recipients.people)
        return cls(quiet, contacts, await own_hours(session, everybody), now)

    def all_of(self, due: Sequence[AnyMessage]) -> HeldUntil:
        """Return the messages all of whose recipients sleep; without recipients, those of a sleeping country."""
        held_until: HeldUntil = {}
        for message in due:
            people = [contact.recipient for contact in self.contacts[message.id].people]
            untils = [until for until in self._untils(message, people) if until is not None]
            if untils and len(untils) >= len(people):
                held_until[message.id] = min(untils)
        return held_until

    def leave(self, due: Sequence[AnyMessage], deliveries: Mapping[UUID, list[Delivery]]) -> HeldUntil:
        """Remove sleeping recipients from `deliveries`; return until when their messages wait for the first."""
        held_until: HeldUntil = {}
        for message in due:
            open_deliveries = deliveries[message.id]
            untils = self._untils(message, [delivery.recipient for delivery in open_deliveries])
            waits = [until for until in untils if until is not None]
            if open_deliveries and waits:
                held_until[message.id] = min(waits)
                open_deliveries[:] = [
                    delivery for delivery, until in zip(open_deliveries, untils, strict=True) if until is None
                ]
        return held_until

    def _untils(self, message: AnyMessage, recipients: Sequence[UUID]) -> list[datetime | None]:
        """Return until when each sleeps, None for those awake; without recipients, the country's hours count."""
        usual = self.quiet.until(message.country, self.now)
        zones = {contact.recipient: contact.timezone for contact in self.contacts[message.id].people}
        found = []
        for recipient in recipients:
            until = usual
            if recipient in self.own:
                hours, zone = self.own[recipient], zones.get(recipient)
                here = ZoneInfo(zone) if zone else zone_of(message.country)
                until = None if hours is None else hours.over(self.now, here)
            found.append(_until(message, until, self.now))
        return found or [_until(message, usual, self.now)]


def _until(message: AnyMessage, until: datetime | None, now: datetime) -> datetime | None:
    """Return until when a message waits for a sleeper, no longer than it can; None where it is sent now."""
    if until is None:
        return None
    presses = pressing(message.row, message.facts, now)
    if presses is None:
        return until
    return None if presses <= now else min(until, presses)
