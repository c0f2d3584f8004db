"""Find the recipients who get no mail now.

It is night where they are, they chose these hours, or a reminder waits for the morning of the day that it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.notifications.deadlines.model.mornings import in_zone
from services.notifications.preferences.model.quiet_hours import pressing
from services.notifications.preferences.store import anybody_has_own_hours, own_hours
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.mail.sending.contacts import Recipients
    from services.notifications.mail.sending.delivery_log import Delivery
    from services.notifications.messages.store.due import AnyMessage
    from services.notifications.preferences.model.quiet_hours import Hours, Quiet

HeldUntil = dict["UUID", "datetime"]
"""Messages that wait for somebody, and until when (domain time)."""


async def held_by_country(session: AsyncSession, quiet: Quiet, due: Sequence[AnyMessage], now: datetime) -> HeldUntil:
    """Return the messages that wait as a whole, since it is night at `now` (domain time) in their country.

    None as soon as anybody has chosen hours: then it depends on the recipients, as with reminders at any time.
    """
    if await anybody_has_own_hours(session):
        return {}
    return {
        message.id: until
        for message in due
        if "not_before" not in message.facts
        and (until := _quiet_until(message, quiet.until(message.country, now), now)) is not None
    }


@dataclass(frozen=True, slots=True)
class Sleepers:
    """The recipients in quiet hours at domain time `now`; `own` are the hours that people chose.

    All hours are by the clock of the recipient's zone. A person's own replace those of the message's country.
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
        """Remove sleeping recipients from `deliveries`; return until when their messages wait for the first.

        An email that may have been sent goes again as it was, as soon as one of its messages does not wait.
        """
        found = {
            message.id: self._untils(message, [each.recipient for each in deliveries[message.id]])
            for message in due
            if deliveries[message.id]
        }
        going = {
            each.mail_id
            for id_, untils in found.items()
            for each, until in zip(deliveries[id_], untils, strict=True)
            if until is None and each.doubtful and each.mail_id is not None
        }
        held_until: HeldUntil = {}
        for id_, untils in found.items():
            waits = {
                each.id: until
                for each, until in zip(deliveries[id_], untils, strict=True)
                if until is not None and not (each.doubtful and each.mail_id in going)
            }
            if waits:
                held_until[id_] = min(waits.values())
                deliveries[id_][:] = [each for each in deliveries[id_] if each.id not in waits]
        return held_until

    def _untils(self, message: AnyMessage, recipients: Sequence[UUID]) -> list[datetime | None]:
        """Return until when each waits, None for those who get it now; without any, until when the country does."""
        hours = self.quiet.hours(message.country)
        if not recipients:
            return [_until(message, hours, zone_of(message.country), self.now)]
        zones = {contact.recipient: contact.timezone for contact in self.contacts[message.id].people}
        found = []
        for recipient in recipients:
            zone = zones.get(recipient)
            here = ZoneInfo(zone) if zone else zone_of(message.country)
            found.append(_until(message, self.own.get(recipient, hours), here, self.now))
        return found


def _until(message: AnyMessage, hours: Hours | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return until when a message waits for a recipient with these quiet hours; None where it is sent now."""
    waits = (
        _quiet_until(message, None if hours is None else hours.over(now, zone), now),
        _morning(message, zone, now),
    )
    return max((until for until in waits if until is not None), default=None)


def _morning(message: AnyMessage, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return until when a reminder waits for the morning of its day.

    None where that morning has begun, or would only begin after the date itself.
    """
    local, due = message.facts.get("not_before"), message.facts.get("due")
    if not isinstance(local, str):
        return None
    until = in_zone(local, zone)
    too_late = isinstance(due, str) and now < datetime.fromisoformat(due) <= until
    return None if until <= now or too_late else until


def _quiet_until(message: AnyMessage, until: datetime | None, now: datetime) -> datetime | None:
    """Return until when a message waits for quiet hours to end, no longer than it can; None where it is sent now."""
    if until is None:
        return None
    presses = pressing(message.row, message.facts, now)
    if presses is None:
        return until
    return None if presses <= now else min(until, presses)
