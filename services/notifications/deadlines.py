"""When is somebody reminded, and when is it told that a deadline passed? One sweep at a time, under a lease.

A sweep looks at the time of two seconds ago: an answer given in time has arrived by then, also where the clock was
moved or runs fast while the sample programme is loaded.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.notifications.model.case import audience
from services.notifications.model.decide import Message, messages
from services.notifications.model.due import RIGHTS
from services.notifications.model.facts import facts
from services.notifications.sending.worker import held
from services.notifications.store import deadlines as store
from services.notifications.store.messages import queue
from shared import clock
from shared.bus import Envelope, leases
from shared.contracts.lifecycle import DEADLINES
from shared.contracts.notifications import DeadlineEvent, DeadlineNear, DeadlinePassed

if TYPE_CHECKING:
    from services.notifications.store.deadlines import Falls, What
    from shared.bus import Bus, Lease, Tx
    from shared.service import Service

ACTOR = "system:deadlines"
_SETTLE = 2.0
_LOOK_EVERY = 5.0


async def watch_deadlines(service: Service) -> None:
    """The loop: sweep, then wait a few seconds or until the clock is moved."""
    async with held(service.bus, "deadlines") as lease:
        while True:
            until = clock.now()
            await asyncio.sleep(_SETTLE)
            await sweep(service.bus, lease, until)
            await clock.moved_or(_LOOK_EVERY)


async def sweep(bus: Bus, lease: Lease, until: datetime) -> int:
    """Tell every deadline that came near or passed by `until` (domain time); give how many there were."""
    told = 0
    for what in ("passed", "near"):
        while found := await _some(bus, lease, what, until):
            told += found
    return told


async def _some(bus: Bus, lease: Lease, what: What, until: datetime) -> int:
    """Tell up to 500, in one transaction: the events, their messages, and that it is done."""
    async with bus.transaction(ACTOR) as tx:
        await leases.check(tx.session, lease)
        falls = await store.to_tell(tx.session, what, until)
        found: list[Message] = []
        deputies = await store.of_deputies(tx.session, falls)
        for each in falls:
            found += await _tell(tx, what, each, deputies.get(each.waited.id))
        await store.mark_told(tx.session, what, falls)
        await queue(tx.session, found, datetime.now(UTC))
        if found:
            await tx.changed("messages")
    return len(falls)


async def _tell(tx: Tx, what: What, falls: Falls, deputy_due: datetime | None) -> list[Message]:
    """Record the event of one deadline and give the messages that follow.

    Where a deputy is in charge (`deputy_due` is until when), it goes on to the deputy alone, else to the last in line.
    """
    waited, case = falls.waited, falls.case
    owner = audience(waited.owner, case)
    if owner is None or (what == "passed" and waited.kind in RIGHTS):
        return []
    assert waited.about is not None
    common = {
        "kind": waited.kind,
        "due": falls.due,
        "subject_topic": case.topic,
        "subject_id": str(case.id),
        "owner": owner,
        "about": waited.about,
        "application_id": case.application_id,
    }
    event: DeadlineEvent
    if what == "near":
        event = DeadlineNear(**common)
    else:
        deadline = DEADLINES[waited.kind]
        asked = deadline.escalates_to if deputy_due is None or deadline.deputy is None else (deadline.deputy,)
        also = (audience(kind, case) for kind in asked)
        event = DeadlinePassed(
            **common, escalated_to=tuple(one for one in also if one is not None), next_due=deputy_due
        )
    id_ = await tx.record(event, waited.id, correlation=case.application_id or case.id)
    now = clock.now()
    told = Envelope(
        id=id_,
        type=event.type,
        source="urn:tandem:notifications",
        subject=str(waited.id),
        topic=event.topic,
        time=now,
        sequence=1,
        correlationid=str(case.application_id or case.id),
        causationid=waited.about,
        traceparent=None,
        data=event,
    )
    return messages(event, about=id_, at=now, case=case, facts=facts(told))
