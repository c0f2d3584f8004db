"""Send queued deliveries at least once each, under a lease, with a few slots for each endpoint.

A delivery is recorded after the receiver's answer: a crash in between sends it again under the same `webhook-id`, and
nothing is lost before it. Each endpoint has its own slots, so that a dead one delays no other. What ends while one set
is recorded is recorded together after it, and a slot sends the next only when its last is recorded: a crash, or
another process that takes over from one that stood still, repeats at most one delivery a slot.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from services.notifications.settings import Settings
from services.notifications.webhooks import metrics
from services.notifications.webhooks.actions.announcement import announce
from services.notifications.webhooks.actions.secrets import SecretStore
from services.notifications.webhooks.model.target import WrongTarget, target
from services.notifications.webhooks.model.webhook import (
    OPENS_AFTER,
    AttemptResult,
    headers,
    pause,
    pause_time,
    probe_pause,
    webhook_id,
)
from services.notifications.webhooks.store import deliveries
from services.notifications.webhooks.store import endpoints as endpoints_store
from services.notifications.webhooks.transport.post import Answer, Poster
from shared.bus import set_aside
from shared.bus.db import leases
from shared.bus.set_aside import of_subject, reason_of
from shared.contracts.codes import WebhookChange, WebhookPauseCause
from shared.i18n import N_
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.notifications.webhooks.store.deliveries import DueDelivery, LockedDelivery
    from services.notifications.webhooks.store.endpoints import Endpoint
    from shared.bus import Bus, Lease, Tx
    from shared.runtime.service import Service

log = structlog.get_logger(__name__)

ACTOR = "system:webhooks"
WORK = N_("Webhooks")
_LOOK_EVERY = 1.0
_TIDY_EVERY = 3600.0
_COUNT_EVERY = 30.0
_SIGNATURES = 4
_TAKEN_EXACT = timedelta(minutes=1)
# How many deliveries are picked at once for each slot of an endpoint, and how many are recorded together.
_AHEAD = 4
_SET = 100
_AT_ONCE = {AttemptResult.GONE: WebhookPauseCause.GONE, AttemptResult.UNSIGNED: WebhookPauseCause.NO_SECRET}


async def send_webhooks(service: Service) -> None:
    """The loop: send what is due, again and again, while this process has the lease."""
    assert isinstance(service.settings, Settings)
    async with leases.hold(service.bus, "webhooks") as lease:
        await courier(service.bus, service.settings, lease).run()


def courier(bus: Bus, settings: Settings, lease: Lease, poster: Poster | None = None) -> Courier:
    """Return the courier under a lease, with this installation's settings."""
    return Courier(bus, settings, lease, poster or Poster(settings), SecretStore(settings))


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """The answer to one attempt, at that domain time.

    `noted` is done once it is recorded, and is whether its endpoint is still active at the address that was picked.
    """

    due: DueDelivery
    at: datetime
    answer: Answer
    noted: asyncio.Future[bool]


@dataclass(slots=True)
class Courier:
    """Sends deliveries under a lease."""

    bus: Bus
    settings: Settings
    lease: Lease
    poster: Poster
    secrets: SecretStore
    under_way: dict[UUID, UUID] = field(default_factory=dict)  # delivery -> endpoint; picked, and not yet recorded
    _queues: dict[UUID, deque[DueDelivery]] = field(default_factory=lambda: defaultdict(deque))
    _lines: Counter[UUID] = field(default_factory=Counter)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _keys: dict[UUID, list[str]] = field(default_factory=dict)
    _outcomes: asyncio.Queue[AttemptOutcome] = field(default_factory=asyncio.Queue)
    _aside: dict[UUID, float] = field(default_factory=dict)  # endpoint -> monotonic time of the next try
    _started: bool = False

    async def run(self) -> None:
        """Send for ever: look again when an endpoint has nothing left that was picked, and once a second."""
        async with self.bus.transaction(ACTOR, self.lease) as tx:
            await self.secrets.reseal(tx)
        tidied = counted = -_TIDY_EVERY
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep())
            while True:
                if monotonic() - tidied >= _TIDY_EVERY:
                    await self.tidy()
                    tidied = monotonic()
                if monotonic() - counted >= _COUNT_EVERY:
                    await self.count()
                    counted = monotonic()
                self._ended.clear()
                await self.pick()
                self._start(group)
                try:
                    async with asyncio.timeout(_LOOK_EVERY):
                        await self._ended.wait()
                except TimeoutError:
                    pass

    async def send_due(self) -> int:
        """Send what is due now, and wait until it ended; return how many there were."""
        found = await self.pick()
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self._keep())
            async with asyncio.TaskGroup() as lines:
                self._start(lines)
            writing.cancel()
        return found

    async def pick(self) -> int:
        """Pick what is due now, a few for each slot of an endpoint, so that no slot waits for the next look."""
        most = self.settings.webhook_connections * _AHEAD
        at = _real()
        if not self._started:
            async with self.bus.read() as session:
                self._aside = {UUID(id_): 0.0 for id_ in await set_aside.subjects(session, WORK)}
            self._started = True
        async with self.bus.glance() as session:
            found = await deliveries.due(session, at, most, self.under_way.keys())
            stored = await endpoints_store.secrets_of(session, (delivery.endpoint_id for delivery in found), at)
        taken = Counter(self.under_way.values())
        picked = 0
        now = monotonic()
        aside = {id_ for id_, again in self._aside.items() if again > now}
        for delivery in found:
            id_ = delivery.endpoint_id
            free = not taken[id_] if delivery.probe else taken[id_] < most
            if id_ not in aside and free and delivery.id not in self.under_way:
                taken[id_] += 1
                self.under_way[delivery.id] = id_
                self._queues[id_].append(delivery)
                picked += 1
        for id_, secrets in stored.items():
            self._keys[id_] = self.secrets.opened(secrets)[:_SIGNATURES]
        return picked

    def _start(self, group: asyncio.TaskGroup) -> None:
        for id_, queue in self._queues.items():
            for _ in range(min(self.settings.webhook_connections - self._lines[id_], len(queue))):
                self._lines[id_] += 1
                group.create_task(self._line(id_, queue))

    async def _line(self, endpoint_id: UUID, queue: deque[DueDelivery]) -> None:
        """Send in one slot what was picked for an endpoint, in that order, each after the last is recorded.

        A failure may have paused the endpoint, or its receiver may have asked to wait; somebody may have paused,
        changed or removed it meanwhile. What was picked is then dropped, and picked anew where it may still be sent.
        """
        try:
            while queue:
                due = queue.popleft()
                try:
                    go_on = await self._attempt(due)
                except Exception as error:
                    if not of_subject(error):
                        raise
                    await self._leave_out(endpoint_id, error)
                    go_on = False
                finally:
                    self.under_way.pop(due.id, None)
                if not go_on:
                    while queue:
                        self.under_way.pop(queue.popleft().id, None)
        finally:
            self._lines[endpoint_id] -= 1
            self._ended.set()

    async def _attempt(self, due: DueDelivery) -> bool:
        """Send one delivery and wait until it is recorded; return whether the slot may send its next."""
        at = clock.now()
        ended = AttemptOutcome(due, at, await self._posted(due), asyncio.get_running_loop().create_future())
        self._outcomes.put_nowait(ended)
        return await ended.noted and ended.answer.result is AttemptResult.DELIVERED

    async def _leave_out(self, endpoint_id: UUID, error: Exception) -> None:
        """Set an endpoint aside for half a minute, and name it on the page of problems."""
        log.warning("a webhook is set aside", endpoint=str(endpoint_id), exc_info=error)
        self._aside[endpoint_id] = monotonic() + set_aside.AGAIN_AFTER
        async with self.bus.transaction(ACTOR, self.lease) as tx:
            await set_aside.add(tx.session, WORK, {str(endpoint_id): reason_of(error)})

    async def _posted(self, due: DueDelivery) -> Answer:
        keys = self._keys[due.endpoint_id]
        if not keys:
            return Answer(AttemptResult.UNSIGNED)
        try:
            to = target(due.url)
        except WrongTarget:
            return Answer(AttemptResult.FORBIDDEN)
        signed = headers(webhook_id(due.id), _real(), due.body, keys)
        await leases.ensure(self.bus, self.lease)
        return await self.poster.post(to, signed, due.body)

    async def _keep(self) -> None:
        """Record what ended, as it comes: what ended while one set was recorded is the next set."""
        while True:
            batch = [await self._outcomes.get()]
            while len(batch) < _SET and not self._outcomes.empty():
                batch.append(self._outcomes.get_nowait())
            try:
                await self._note_together(batch)
            except Exception as error:
                if not of_subject(error):
                    raise
                for attempt in batch:
                    await self._note_alone(attempt)

    async def _note_together(self, batch: Sequence[AttemptOutcome]) -> None:
        endpoints = await self.note(batch)
        for attempt in batch:
            if not attempt.noted.done():
                attempt.noted.set_result(_as_picked(attempt.due, endpoints))

    async def _note_alone(self, attempt: AttemptOutcome) -> None:
        """Record one attempt; where that fails by itself, its slot sets the endpoint aside."""
        try:
            await self._note_together([attempt])
        except Exception as error:
            if not of_subject(error):
                raise
            if not attempt.noted.done():
                attempt.noted.set_exception(error)

    async def note(self, ended: Sequence[AttemptOutcome]) -> dict[UUID, Endpoint]:
        """Record attempts and what follows from them; one to an endpoint that was removed meanwhile is dropped.

        The answer of an address that is not the endpoint's any more is an attempt, and says nothing about the new
        address. Returns their endpoints as they were then, without those that are gone. A slot continues by that, so
        after a pause or a change each slot sends at most one more delivery to the old address.
        """
        async with self.bus.transaction(ACTOR, self.lease) as tx:
            endpoints = await endpoints_store.locked(tx.session, {attempt.due.endpoint_id for attempt in ended})
            known = await deliveries.locked(tx.session, {attempt.due.id for attempt in ended})
            noted: list[deliveries.EndedAttempt] = []
            for attempt in ended:
                endpoint, delivery = endpoints.get(attempt.due.endpoint_id), known.get(attempt.due.id)
                if endpoint is None or delivery is None:
                    continue
                state, next_at = self._after(delivery, attempt, moved=endpoint.url != attempt.due.url)
                if endpoint.url == attempt.due.url:
                    await self._judge(tx, endpoint, attempt, test=delivery.test)
                noted.append(_ended(delivery, attempt, state, next_at))
            await deliveries.add_attempts(tx.session, noted)
            await self._recovered(tx, endpoints)
            done = {attempt.due.endpoint_id for attempt in ended if attempt.due.endpoint_id in self._aside}
            await set_aside.clear(tx.session, WORK, {str(id_) for id_ in done})
            await tx.changed("webhooks")
        for id_ in done:
            self._aside.pop(id_, None)
        for ended_attempt in noted:
            metrics.attempted(ended_attempt.result, given_up=ended_attempt.state == deliveries.FAILED)
            delivery_id = str(ended_attempt.delivery_id)
            log.info("webhook", delivery=delivery_id, result=ended_attempt.result, status=ended_attempt.status)
        return endpoints

    def _after(self, delivery: LockedDelivery, attempt: AttemptOutcome, *, moved: bool) -> tuple[str, datetime]:
        """Return a delivery's state and time after an attempt.

        A failure at an old address is sent at once again; a probe that failed goes behind what waits.
        """
        answer = attempt.answer
        if answer.result is AttemptResult.DELIVERED:
            return deliveries.DELIVERED, delivery.next_at
        if delivery.test:
            return deliveries.FAILED, delivery.next_at
        if moved or attempt.due.probe:
            return delivery.state, _real()
        wait = pause(delivery.tried + 1, self.settings.schedule, random.random(), answer.retry_after)  # noqa: S311 - no secret
        if wait is None:
            return deliveries.FAILED, delivery.next_at
        return delivery.state, _real() + timedelta(seconds=wait)

    async def _judge(self, tx: Tx, endpoint: Endpoint, attempt: AttemptOutcome, *, test: bool) -> None:
        """Update an endpoint by an answer; the row in hand too, since others of the set are judged by it."""
        if attempt.answer.result is not AttemptResult.DELIVERED:
            await self._failing(tx, endpoint, attempt, test=test)
            return
        now = clock.now()
        changes: dict[str, Any] = {}
        if endpoint.accepted_at is None or now - endpoint.accepted_at >= _TAKEN_EXACT:
            changes["accepted_at"] = now
        if endpoint.failing_since or endpoint.not_before or endpoint.failures:
            changes |= {"failing_since": None, "pauses_at": None, "not_before": None, "failures": 0}
        if endpoint.state == endpoints_store.FAILING:
            changes |= {"state": endpoints_store.RECOVERING, "probe_at": None}
            await deliveries.make_due(tx.session, endpoint.id, _real())
        await _change(tx, endpoint, changes)

    async def _failing(self, tx: Tx, endpoint: Endpoint, attempt: AttemptOutcome, *, test: bool) -> None:
        """Record that an endpoint failed; pause one that is gone, or dead for too long. A test changes nothing.

        After some failures in a row it gets probes only. What was on its way then says nothing about the probes. The
        pause of a dead one is announced, once, well before it.
        """
        if test:
            return
        now, answer = _real(), attempt.answer
        changes: dict[str, Any] = {"failing_since": endpoint.failing_since or clock.now()}
        if answer.retry_after:
            changes["not_before"] = now + timedelta(seconds=answer.retry_after)
        if endpoint.state in endpoints_store.SENT_TO or attempt.due.probe:
            failures = changes["failures"] = endpoint.failures + 1
            if failures >= OPENS_AFTER and endpoint.state != endpoints_store.PAUSED:
                changes["state"] = endpoints_store.FAILING
                changes["probe_at"] = now + timedelta(seconds=probe_pause(failures - OPENS_AFTER))
        paused = endpoint.state == endpoints_store.PAUSED
        await _change(tx, endpoint, changes)
        if paused:
            return
        if answer.result in _AT_ONCE:
            await self._paused(tx, endpoint, _AT_ONCE[answer.result])
        elif endpoint.pauses_at is None:
            await self._warn(tx, endpoint)
        elif clock.now() >= endpoint.pauses_at:
            await self._paused(tx, endpoint, WebhookPauseCause.DEAD)

    async def _warn(self, tx: Tx, endpoint: Endpoint) -> None:
        """Announce the pause of an endpoint that has failed for some time."""
        assert endpoint.failing_since is not None
        dead = timedelta(days=self.settings.webhook_dead_days)
        if (at := pause_time(endpoint.failing_since, clock.now(), dead)) is not None:
            log.warning("a webhook is failing", endpoint=str(endpoint.id), pauses_at=at.isoformat())
            await _change(tx, endpoint, {"pauses_at": at})
            await announce(tx, endpoint, WebhookChange.FAILING)

    async def _paused(self, tx: Tx, endpoint: Endpoint, cause: WebhookPauseCause) -> None:
        log.warning("a webhook is paused", endpoint=str(endpoint.id), cause=cause.value)
        await _change(
            tx, endpoint, {"state": endpoints_store.PAUSED, "cause": cause.value, "probe_at": None, "pauses_at": None}
        )
        await announce(tx, endpoint, WebhookChange.PAUSED, cause)

    async def _recovered(self, tx: Tx, endpoints: Mapping[UUID, Endpoint]) -> None:
        """Call those active again that have got all that had waited."""
        for id_, endpoint in sorted(endpoints.items()):
            recovers = endpoint.state == endpoints_store.RECOVERING and endpoint.failing_since is None
            if recovers and not await deliveries.is_due(tx.session, id_, _real()):
                await _change(tx, endpoint, {"state": endpoints_store.ACTIVE})

    async def count(self) -> None:
        """Set the gauges of waiting deliveries, their age, and how many endpoints are paused."""
        async with self.bus.read() as session:
            metrics.waiting(await deliveries.waiting(session, _real()))

    async def tidy(self) -> None:
        """Delete what was kept long enough, a part at a time; count what was never delivered."""
        before = _real() - timedelta(days=self.settings.webhook_kept_days)
        while True:
            async with self.bus.transaction(ACTOR, self.lease) as tx:
                gone, lost = await deliveries.delete_old(tx.session, before)
                for endpoint_id, count in sorted(lost.items()):
                    await endpoints_store.add_expired(tx.session, endpoint_id, count)
            if not gone:
                break
        async with self.bus.transaction(ACTOR, self.lease) as tx:
            named = await set_aside.subjects(tx.session, WORK)
            known = await endpoints_store.existing_of(tx.session, {UUID(id_) for id_ in named})
            await set_aside.clear(tx.session, WORK, named - {str(id_) for id_ in known})


def _as_picked(due: DueDelivery, endpoints: Mapping[UUID, Endpoint]) -> bool:
    """Return whether what was picked for an endpoint may still be sent to its address."""
    now = endpoints.get(due.endpoint_id)
    return now is not None and now.state in endpoints_store.SENT_TO and now.url == due.url


async def _change(tx: Tx, endpoint: Endpoint, changes: Mapping[str, Any]) -> None:
    """Change columns of an endpoint, in the store and in the row in hand."""
    if changes:
        await endpoints_store.change(tx.session, endpoint.id, **changes)
        for name, value in changes.items():
            setattr(endpoint, name, value)


def _ended(delivery: LockedDelivery, ended: AttemptOutcome, state: str, next_at: datetime) -> deliveries.EndedAttempt:
    answer = ended.answer
    return deliveries.EndedAttempt(
        delivery_id=delivery.id,
        number=delivery.attempts + 1,
        at=ended.at,
        result=answer.result.value,
        status=answer.status,
        milliseconds=answer.milliseconds,
        said=answer.said,
        state=state,
        next_at=next_at,
        counts=0 if ended.due.probe else 1,
    )


def _real() -> datetime:
    return datetime.now(UTC)
