"""How is what is queued for webhooks sent, at least once each? One loop under a lease, a few at a time an endpoint.

A delivery is noted after the receiver's answer: a crash between the two sends it again under the same `webhook-id`, and
nothing is lost before it. Each endpoint has its own few places, so that a dead one delays no other.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

import structlog

from services.notifications.model.target import WrongTarget, target
from services.notifications.model.webhook import Result, headers, pause, webhook_id
from services.notifications.sending.worker import held
from services.notifications.settings import Settings
from services.notifications.store import deliveries, webhooks
from services.notifications.webhooks.post import Answer, Poster
from services.notifications.webhooks.secrets import Safe
from services.notifications.webhooks.tell import tell
from shared.bus import leases
from shared.contracts.codes import WebhookChange, WebhookPauseCause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from services.notifications.store.deliveries import Due
    from services.notifications.store.webhooks import Endpoint
    from shared.bus import Bus, Lease, Tx
    from shared.service import Service

log = structlog.get_logger(__name__)

ACTOR = "system:webhooks"
_LOOK_EVERY = 0.5
_TIDY_EVERY = 3600.0
_SIGNATURES = 4
_AT_ONCE = {Result.GONE: WebhookPauseCause.GONE, Result.UNSIGNED: WebhookPauseCause.NO_SECRET}


async def send_webhooks(service: Service) -> None:
    """The loop: send what is due, again and again, as long as this process holds the lease."""
    assert isinstance(service.settings, Settings)
    async with held(service.bus, "webhooks") as lease, courier(service.bus, service.settings, lease) as sender:
        await sender.run()


@asynccontextmanager
async def courier(bus: Bus, settings: Settings, lease: Lease, poster: Poster | None = None) -> AsyncIterator[Courier]:
    """A `Courier` with its client, closed at the end."""
    poster = poster or Poster(settings)
    try:
        yield Courier(bus, settings, lease, poster, Safe(settings))
    finally:
        await poster.close()


@dataclass(slots=True)
class Courier:
    """Sends deliveries under a lease."""

    bus: Bus
    settings: Settings
    lease: Lease
    poster: Poster
    safe: Safe
    under_way: dict[UUID, UUID] = field(default_factory=dict)  # delivery -> endpoint
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))

    async def run(self) -> None:
        """Send for ever: look again as soon as a place is free, and twice a second besides."""
        async with self.bus.transaction(ACTOR) as tx:
            await leases.check(tx.session, self.lease)
            await self.safe.sealed_anew(tx)
        tidied = -_TIDY_EVERY
        async with asyncio.TaskGroup() as group:
            while True:
                if monotonic() - tidied >= _TIDY_EVERY:
                    await self.tidy()
                    tidied = monotonic()
                self._ended.clear()
                for one in await self.pick():
                    group.create_task(self.deliver(one))
                try:
                    async with asyncio.timeout(_LOOK_EVERY):
                        await self._ended.wait()
                except TimeoutError:
                    pass

    async def send_due(self) -> int:
        """Send what is due now, and wait until it ended; give how many there were."""
        found = await self.pick()
        async with asyncio.TaskGroup() as group:
            for one in found:
                group.create_task(self.deliver(one))
        return len(found)

    async def pick(self) -> list[Due]:
        """What is due now and has a place: it is under way from here on."""
        most = self.settings.webhook_connections
        async with self.bus.read() as session:
            found = await deliveries.due(session, _real(), most, self.under_way.keys())
        taken = Counter(self.under_way.values())
        picked = []
        for one in found:
            if taken[one.endpoint.id] < most and one.delivery.id not in self.under_way:
                taken[one.endpoint.id] += 1
                self.under_way[one.delivery.id] = one.endpoint.id
                picked.append(one)
        return picked

    async def deliver(self, due: Due) -> None:
        """Send one delivery once, and note what came of it."""
        try:
            at = _real()
            answer = await self._posted(due, at)
            async with self._writing:
                await self.note(due, at, answer)
        finally:
            self.under_way.pop(due.delivery.id, None)
            self._ended.set()

    async def _posted(self, due: Due, at: datetime) -> Answer:
        async with self.bus.read() as session:
            stored = (await webhooks.secrets_of(session, [due.endpoint.id], at))[due.endpoint.id]
        keys = self.safe.opened(stored)[:_SIGNATURES]
        if not keys:
            return Answer(Result.UNSIGNED)
        try:
            to = target(due.endpoint.url)
        except WrongTarget:
            return Answer(Result.FORBIDDEN)
        signed = headers(webhook_id(due.delivery.id), at, due.body, keys)
        return await self.poster.post(to, signed, due.body)

    async def note(self, due: Due, at: datetime, answer: Answer) -> None:
        """Keep an attempt and what follows from it; one to an endpoint that was removed meanwhile is forgotten."""
        async with self.bus.transaction(ACTOR) as tx:
            await leases.check(tx.session, self.lease)
            endpoint = await webhooks.endpoint(tx.session, due.endpoint.id, lock=True)
            delivery = await deliveries.delivery(tx.session, due.delivery.id, lock=True)
            if endpoint is None or delivery is None:
                return
            attempt = deliveries.Attempt(
                delivery_id=delivery.id,
                number=delivery.attempts + 1,
                at=at,
                result=answer.result.value,
                status=answer.status,
                milliseconds=answer.milliseconds,
                said=answer.said,
            )
            changes: dict[str, Any] = {}
            if answer.result is Result.DELIVERED:
                changes["state"] = deliveries.DELIVERED
                await webhooks.works(tx.session, endpoint.id)
            else:
                changes = self._after_failure(delivery, answer)
                await self._failing(tx, endpoint, answer, test=delivery.test)
            await deliveries.add_attempt(tx.session, attempt, **changes)
            await tx.changed("webhooks")
        log.info("webhook", delivery=str(due.delivery.id), result=answer.result.value, status=answer.status)

    def _after_failure(self, delivery: deliveries.Delivery, answer: Answer) -> dict[str, Any]:
        wait = pause(delivery.tried + 1, self.settings.schedule, random.random(), answer.asked)  # noqa: S311 - no secret
        if wait is None or delivery.test:
            return {"state": deliveries.FAILED}
        return {"next_at": _real() + timedelta(seconds=wait)}

    async def _failing(self, tx: Tx, endpoint: Endpoint, answer: Answer, *, test: bool) -> None:
        """Note since when an endpoint fails; pause one that is gone, or dead for too long. A test changes nothing."""
        if test:
            return
        now = _real()
        since = endpoint.failing_since or now
        changes: dict[str, Any] = {"failing_since": since}
        if answer.asked:
            changes["not_before"] = now + timedelta(seconds=answer.asked)
        await webhooks.change(tx.session, endpoint.id, **changes)
        if endpoint.state == webhooks.PAUSED:
            return
        if answer.result in _AT_ONCE:
            await self._paused(tx, endpoint, _AT_ONCE[answer.result])
        elif now - since >= timedelta(days=self.settings.webhook_dead_days):
            await self._paused(tx, endpoint, WebhookPauseCause.DEAD)

    async def _paused(self, tx: Tx, endpoint: Endpoint, cause: WebhookPauseCause) -> None:
        log.warning("a webhook is paused", endpoint=str(endpoint.id), cause=cause.value)
        await webhooks.change(tx.session, endpoint.id, state=webhooks.PAUSED, cause=cause.value)
        await tell(tx, endpoint, WebhookChange.PAUSED, cause)

    async def tidy(self) -> None:
        """Forget what was kept long enough, a part at a time; what was never taken is counted."""
        before = _real() - timedelta(days=self.settings.webhook_kept_days)
        while True:
            async with self.bus.transaction(ACTOR) as tx:
                await leases.check(tx.session, self.lease)
                gone, lost = await deliveries.forget(tx.session, before)
                for endpoint_id, count in sorted(lost.items()):
                    await webhooks.lost(tx.session, endpoint_id, count)
            if not gone:
                return


def _real() -> datetime:
    return datetime.now(UTC)
