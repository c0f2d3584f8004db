"""Who is not written to now, since it is night in their country, or one of the hours that they have chosen?"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.notifications.model.quiet import urgent
from services.notifications.store.choices import anybody_has_own_hours, own_hours
from shared.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.model.quiet import Quiet
    from services.notifications.sending.book import Delivery
    from services.notifications.sending.contacts import Meant
    from services.notifications.store.messages import MessageRow

Held = dict["UUID", "datetime"]
"""Messages that wait for somebody, and until when (domain time)."""


async def held_by_country(session: AsyncSession, quiet: Quiet, due: Sequence[MessageRow], now: datetime) -> Held:
    """The messages that wait wholly, since it is night (at domain time `now`) in the country that they go to.

    None of them as soon as anybody has hours of the own: then nobody can say before the recipients are known.
    """
    if await anybody_has_own_hours(session):
        return {}
    return {
        message.id: until
        for message in due
        if (until := quiet.until(message.country, now)) is not None and not urgent(message.row, message.facts, now)
    }


async def held_by_person(
    session: AsyncSession,
    quiet: Quiet,
    due: Sequence[MessageRow],
    contacts: Mapping[UUID, Meant],
    deliveries: Mapping[UUID, list[Delivery]],
    now: datetime,
) -> Held:
    """Take out of `deliveries` those whose recipients sleep now; give until when their messages wait for the first.

    A person's own hours are counted by the clock of the person's country, and go before those of the message's.
    """
    own = await own_hours(session, (one.recipient for some in deliveries.values() for one in some))
    held: Held = {}
    for message in due:
        if urgent(message.row, message.facts, now):
            continue
        usual = quiet.until(message.country, now)
        zones = {contact.recipient: contact.timezone for contact in contacts[message.id].people}
        awake = []
        for one in deliveries[message.id]:
            until = usual
            if one.recipient in own:
                hours, zone = own[one.recipient], zones.get(one.recipient)
                here = ZoneInfo(zone) if zone else zone_of(message.country)
                until = None if hours is None else hours.over(now, here)
            if until is None:
                awake.append(one)
            else:
                held[message.id] = min(until, held.get(message.id, until))
        deliveries[message.id][:] = awake
    return held
