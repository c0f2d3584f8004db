"""Publish a change of an endpoint, and queue the message to the coordinators where it fails or paused by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.cases.model import Case
from services.notifications.events import RecordedEvent
from services.notifications.messages.actions import enqueue
from services.notifications.messages.model.decision import messages
from services.notifications.messages.model.facts import facts
from shared.contracts.codes import WebhookChange, WebhookReach
from shared.contracts.notifications import WebhookChanged
from shared.time import clock

if TYPE_CHECKING:
    from services.notifications.webhooks.store.endpoints import Endpoint
    from shared.bus import Tx
    from shared.contracts.codes import WebhookPauseCause


async def announce(tx: Tx, of: Endpoint, change: WebhookChange, cause: WebhookPauseCause | None = None) -> None:
    """Record the event about a change of an endpoint, and queue the message that follows."""
    event = WebhookChanged(
        change=change,
        reach=WebhookReach(of.reach),
        events=tuple(of.events),
        cause=cause,
        failing_since=of.failing_since,
        pauses_at=of.pauses_at,
    )
    id_ = await tx.record(event, of.id, correlation=of.id)
    now = clock.now()
    published = RecordedEvent(id_, event, str(of.id), now)
    case = Case(id=of.id, topic=event.topic)
    found = messages(event, about=id_, at=now, case=case, facts=facts(published))
    await enqueue(tx, found)
    await tx.changed("webhooks")
