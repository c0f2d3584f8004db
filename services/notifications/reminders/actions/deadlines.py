"""Announce deadlines that are near or have passed, one sweep at a time, under a lease.

A sweep uses the moment before which all requests are answered, and waits two seconds: an answer given in time has
arrived by then, even where the clock was moved or runs fast while the sample programme is loaded.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from services.notifications.calendars.store import appointments
from services.notifications.cases.model import audience
from services.notifications.deadlines.actions import claim
from services.notifications.deadlines.model.mornings import morning_of, named_day
from services.notifications.deadlines.model.rules import RIGHTS
from services.notifications.deadlines.store import deadlines as store
from services.notifications.events import RecordedEvent
from services.notifications.messages.actions import enqueue
from services.notifications.messages.model.decision import Message, messages
from services.notifications.messages.model.facts import facts
from shared.bus.db.lease_epoch import LEASE_SECONDS
from shared.bus.set_aside import SetAside
from shared.contracts.lifecycle import DEADLINES
from shared.contracts.notifications import DeadlineEvent, DeadlineNear, DeadlinePassed
from shared.i18n import N_
from shared.runtime.leased_loops import run_by_lease
from shared.time import clock
from shared.time.arrival import settled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.notifications.deadlines.store.deadlines import Announcement, DeadlineEntry
    from shared.bus import Bus, Lease, Tx
    from shared.runtime.service import Service

ACTOR = "system:deadlines"
WORK = N_("Reminders")
CHUNK = 1000
_SETTLE = 2.0
_LOOK_EVERY = 5.0
_LOG_EVERY = 0.2
_PATIENCE = 60.0

log = structlog.get_logger(__name__)


async def watch_deadlines(service: Service) -> None:
    """The loop: sweep, then wait a few seconds or until the clock is moved."""
    aside = SetAside[UUID](service.bus, WORK)

    async def look(bus: Bus, lease: Lease) -> None:
        until = settled()
        await asyncio.sleep(_SETTLE)
        if await caught_up(service):
            await sweep(bus, lease, until, aside)

    await run_by_lease(service, "deadlines", look, every=_LOOK_EVERY, seconds=LEASE_SECONDS)


async def caught_up(service: Service, patience: float | None = None) -> bool:
    """Wait until this process has applied what the log held, so that answers are read before a sweep.

    Otherwise people who answered while the service was down would hear that the time is over. A process that reads
    nothing (others have all partitions) is caught up after `patience` seconds; one that is still behind then may not
    sweep, since late is better than wrong.
    """
    end = monotonic() + (_PATIENCE if patience is None else patience)
    while (behind := service.reader.behind()) != 0:
        if monotonic() >= end:
            if behind is not None:
                log.info("no deadline is looked at: the log is not read to its end", behind=behind)
            return behind is None
        await asyncio.sleep(_LOG_EVERY)
    return True


async def sweep(bus: Bus, lease: Lease, until: datetime, aside: SetAside[UUID] | None = None) -> int:
    """Announce every deadline that came near or passed by `until` (domain time), in that order; return their number.

    It works in sets of a thousand a transaction, with a few round trips each. A deadline that fails is set aside.
    """
    count, aside = 0, aside or SetAside(bus, WORK)
    async with bus.transaction(ACTOR, lease) as tx:
        await store.assign_holders(tx.session)
        await appointments.assign_holders(tx.session)
    while True:
        async with bus.read() as session:
            found = await store.due_for_announcement(session, until)
        new = await aside.each(found, partial(_announce_all, bus, lease, until))
        count += new
        if not new or len(found) < store.SWEEP_LIMIT:
            return count


async def _announce_all(bus: Bus, lease: Lease, until: datetime, ids: Sequence[UUID]) -> int:
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    return sum([await _announce_chunk(bus, lease, chunk, until) for chunk in chunks])


async def _announce_chunk(bus: Bus, lease: Lease, ids: Sequence[UUID], until: datetime) -> int:
    """Announce some in one transaction: the events, their messages, and the record of it."""
    async with bus.transaction(ACTOR, lease) as tx:
        claimed = await claim(tx, ids, until)
        deputies = await store.deputy_dates(tx.session, [entry for what, entry in claimed if what == "passed"])
        found: list[Message] = []
        for what, entry in claimed:
            found += await _announce(tx, what, entry, deputies.get(entry.id))
        await enqueue(tx, found)
    return len(claimed)


async def _announce(
    tx: Tx, announcement: Announcement, entry: DeadlineEntry, deputy_due: datetime | None
) -> list[Message]:
    """Record the event of one deadline and return the messages that follow.

    Where a deputy is in charge (until `deputy_due`), it goes to the deputy alone, else to the last in line.
    """
    deadline, case = entry.deadline, entry.case
    owner = audience(deadline.owner, case)
    if owner is None or (announcement == "passed" and deadline.kind in RIGHTS):
        return []
    assert deadline.about is not None
    common = {
        "kind": deadline.kind,
        "due": entry.due,
        "subject_topic": case.topic,
        "subject_id": str(case.id),
        "owner": owner,
        "about": deadline.about,
        "application_id": case.application_id,
    }
    event: DeadlineEvent
    if announcement == "near":
        event = DeadlineNear(**common)
    else:
        rule = DEADLINES[deadline.kind]
        kinds = rule.escalates_to if deputy_due is None or rule.deputy is None else (rule.deputy,)
        recipients = (audience(kind, case) for kind in kinds)
        event = DeadlinePassed(
            **common,
            escalated_to=tuple(recipient for recipient in recipients if recipient is not None),
            next_due=deputy_due,
        )
    id_ = await tx.record(event, entry.id, correlation=case.application_id or case.id)
    now = clock.now()
    published = RecordedEvent(id_, event, str(entry.id), now)
    day = deadline.remind_on if announcement == "near" else named_day(entry.due) + timedelta(days=1)
    # The mail waits for that morning where its reader is, and is dropped if the deadline is met by then.
    waits = {"not_before": morning_of(day or named_day(now)), "deadline_id": str(entry.id)}
    return messages(event, about=id_, at=now, case=case, facts=facts(published) | waits)
