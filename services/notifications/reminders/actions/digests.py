"""Queue the morning digests of coordinators, one each working day of their country on which something waits.

One loop runs at a time, under a lease. The newest day of each place is stored: whatever restarts, and however the clock
leaps, a day has at most one digest, and days that were leapt over have none. It is written a little before its hour and
waits for it, so that it is one mail with the reminders of that morning.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from services.notifications.cases.model import Case
from services.notifications.deadlines.model.rules import PROGRAMME
from services.notifications.events import RecordedEvent
from services.notifications.messages.actions import enqueue
from services.notifications.messages.model.decision import messages
from services.notifications.messages.model.facts import facts
from services.notifications.reminders import store
from services.notifications.reminders.actions.deadlines import caught_up
from services.notifications.settings import Settings
from shared.bus.set_aside import SetAside
from shared.contracts.codes import AudienceKind
from shared.contracts.notifications import Audience, Waiting, WorkWaiting
from shared.i18n import N_
from shared.identity.scope import EU
from shared.ids import reaction_id
from shared.runtime.leased_loops import run_by_lease
from shared.time import clock
from shared.time.workdays import is_working_day
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.notifications.messages.model.decision import Message
    from services.notifications.reminders.store import WaitingCount
    from shared.bus import Bus, Lease, Tx
    from shared.runtime.service import Service

ACTOR = "system:digests"
WORK = N_("Morning digests")
_LOOK_EVERY = 60.0
# Longer than the loop pauses.
_AHEAD = timedelta(seconds=90)
_PLACES = UUID("019a0000-0000-7000-8000-00000000d001")


async def write_digests(service: Service) -> None:
    """The loop: check whether it is morning somewhere, then wait a minute or until the clock is moved."""
    assert isinstance(service.settings, Settings)
    hour, aside = service.settings.digest_hour, SetAside[str](service.bus, WORK)

    async def look(bus: Bus, lease: Lease) -> None:
        if hour is not None and await caught_up(service):
            await write_due(bus, lease, hour, aside)

    await run_by_lease(service, "digests", look, every=_LOOK_EVERY)


async def write_due(bus: Bus, lease: Lease, hour: int, aside: SetAside[str] | None = None) -> int:
    """Queue the digests of all places where it is that hour or later and the day has none yet; return their number.

    A place that fails is set aside.
    """
    async with bus.read() as session:
        places = {count.place for count in await store.waiting(session, clock.now())} | {*await store.days(session)}
    return await (aside or SetAside(bus, WORK)).each(sorted(places), partial(_write, bus, lease, hour))


async def _write(bus: Bus, lease: Lease, hour: int, places: Sequence[str]) -> int:
    async with bus.transaction(ACTOR, lease) as tx:
        now = clock.now()
        found = await store.waiting(tx.session, now)
        done = await store.days(tx.session)
        waits = {place: list(some) for place, some in groupby(found, lambda count: count.place)}
        queued: list[Message] = []
        for place in places:
            here = (now + _AHEAD).astimezone(zone_of(_country(place)))
            day = here.date()
            if here.hour < hour or not _works(day, _country(place)) or day <= done.get(place, _NEVER):
                continue
            # At a new place each message is sent by itself at first; the digest comes the next morning.
            if place in waits and (place in done or here.hour == hour):
                queued += await _digest(tx, place, datetime.combine(day, time(hour)), waits[place], now)
            await store.mark(tx.session, place, day, now)
        await enqueue(tx, queued)
    return len(queued)


_NEVER = datetime.min.replace(tzinfo=UTC).date()


def _works(day: date, country: str | None) -> bool:
    try:
        return is_working_day(day, country or EU)
    except NotImplementedError:
        return is_working_day(day, EU)


def _country(place: str) -> str | None:
    """Return the country of a place: an agency's id means the Union, the programme has none."""
    if place == PROGRAMME:
        return None
    return place if len(place) == len(EU) else EU


async def _digest(tx: Tx, place: str, morning: datetime, waits: Sequence[WaitingCount], now: datetime) -> list[Message]:
    """Record the digest of a place for that local time and return its message."""
    country, day = _country(place), morning.date()
    subject = reaction_id(_PLACES, "digest", f"{place} {day}")
    kind = AudienceKind.PROGRAMME_COORDINATOR if country is None else AudienceKind.HOME_COORDINATOR
    owner = Audience(kind=kind, country=country)
    if country == EU:
        owner = owner.model_copy(update={"organisation_id": UUID(place)})
    event = WorkWaiting(
        owner=owner,
        day=day,
        waiting=tuple(Waiting(kind=count.kind, count=count.count, over=count.over) for count in waits),
    )
    id_ = await tx.record(event, subject, correlation=subject)
    published = RecordedEvent(id_, event, str(subject), now)
    case = Case(id=subject, topic=event.topic, country=country)
    known = facts(published) | {"not_before": morning.isoformat()}
    # The id depends on day and place and not on the event, so a repeated digest is the same message.
    return [
        replace(message, id=reaction_id(subject, message.rule.name, place))
        for message in messages(event, about=id_, at=now, case=case, facts=known)
    ]
