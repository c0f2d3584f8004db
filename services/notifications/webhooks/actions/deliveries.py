"""Queue a delivery of an event to each endpoint that wants it, in the consumer's transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.notifications.webhooks.model.webhook import TEST, body_of, body_of_test, delivery_id, wants
from services.notifications.webhooks.store import deliveries
from services.notifications.webhooks.store.endpoints import endpoints, existing_of
from shared.contracts.codes import WebhookReach
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.notifications.webhooks.store.endpoints import Endpoint
    from shared.bus import Envelope, Tx
    from shared.bus.inbox.consumers import Handler


async def enqueue(tx: Tx, events: Sequence[Envelope]) -> None:
    """Queue events for the endpoints that want them, paused ones too; each once, however often it arrives."""
    known = await endpoints(tx.session)
    wanted = {endpoint.id for endpoint in known for event in events if _wants(endpoint, event)}
    if not wanted:
        return
    existing = await existing_of(tx.session, wanted)
    known = [endpoint for endpoint in known if endpoint.id in existing]
    now = datetime.now(UTC)
    contents: dict[UUID, deliveries.NewContent] = {}
    rows: dict[UUID, deliveries.NewDelivery] = {}
    for event in events:
        for endpoint in known:
            if not _wants(endpoint, event):
                continue
            contents[event.id] = {"id": event.id, "body": body_of(event), "kept_at": now}
            id_ = delivery_id(event.id, endpoint.id)
            rows[id_] = _row(id_, endpoint.id, event.id, event.type, event.time, now)
    await deliveries.queue(tx.session, contents.values(), list(rows.values()))
    await tx.changed("webhooks")


def also_enqueued(react: Handler) -> Handler:
    """Return a topic's `react` that also queues its events for webhooks."""

    async def both(tx: Tx, events: Sequence[Envelope]) -> None:
        await react(tx, events)
        await enqueue(tx, events)

    return both


async def enqueue_test(tx: Tx, endpoint_id: UUID) -> UUID:
    """Queue a test of an endpoint; return the delivery's id."""
    about, now = new_id(), datetime.now(UTC)
    id_, at = delivery_id(about, endpoint_id), clock.now()
    content = deliveries.NewContent(id=about, body=body_of_test(about, at), kept_at=now)
    row = _row(id_, endpoint_id, about, TEST, at, now)
    row["test"] = True
    await deliveries.queue(tx.session, [content], [row])
    return id_


def _wants(endpoint: Endpoint, event: Envelope) -> bool:
    return wants(WebhookReach(endpoint.reach), endpoint.events, event.type)


def _row(id_: UUID, endpoint_id: UUID, about: UUID, type_: str, at: datetime, now: datetime) -> deliveries.NewDelivery:
    return {
        "id": id_,
        "endpoint_id": endpoint_id,
        "about": about,
        "type": type_,
        "at": at,
        "test": False,
        "state": deliveries.WAITING,
        "attempts": 0,
        "tried": 0,
        "queued_at": now,
        "next_at": now,
    }
