"""Send the messages that are due: ask for contacts, write the letters and hand them over on a few connections."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import structlog

from services.notifications.cases.store.register import organisation_names
from services.notifications.deadlines.store import deadlines
from services.notifications.mail.sending.contacts import ContactRequest, PortalAway
from services.notifications.mail.sending.delivery_log import (
    SET,
    Broken,
    Claim,
    Delivery,
    FinalOutcome,
    HeldBack,
    NotSent,
    Postponed,
    absent,
)
from services.notifications.mail.sending.letter import letter
from services.notifications.mail.sending.quiet_hours import Sleepers, held_by_country
from services.notifications.mail.sending.smtp import Refused, ServerAway, Unanswered
from services.notifications.messages.store import messages as store
from services.notifications.steps import in_steps
from shared.bus.db import leases
from shared.bus.set_aside import of_subject, reason_of
from shared.contracts.codes import FailureCause
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.mail.sending.contacts import Contact, Portal
    from services.notifications.mail.sending.delivery_log import DeliveryLog, Entry, Outcome
    from services.notifications.mail.sending.signature import Signer
    from services.notifications.mail.sending.smtp import Post
    from services.notifications.messages.store.messages import DueMessage
    from services.notifications.settings import Settings
    from shared.bus import Bus

log = structlog.get_logger(__name__)

BATCH = 200
CLAIMED = 48
"""The most mails that are claimed and not yet recorded, or two a connection: so many may have a second copy after a
crash."""
# How long an orderly end waits; together less than a service gives its loops (shared/runtime/service.py).
_LINE_SECONDS = 5.0
_LOG_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Task:
    """A message with its open deliveries, the contacts, and why one of them may be missing.

    `until` is when the first recipient in quiet hours may get it; None where there is none.
    """

    message: DueMessage
    deliveries: Sequence[Delivery]
    contacts: Mapping[UUID, Contact]
    host: str
    absent: FailureCause
    until: datetime | None


@dataclass(frozen=True, slots=True)
class _Batch:
    """Messages that are due, in their order, and the tasks of each story."""

    due: Sequence[DueMessage]
    stories: Mapping[UUID, list[_Task]]


@dataclass(slots=True)
class _Round:
    """One round over what is due: its outcomes and tasks, and whether it is to end early."""

    entries: asyncio.Queue[Entry | None] = field(default_factory=lambda: asyncio.Queue(SET))
    lines: list[asyncio.Task[None]] = field(default_factory=list)
    following: asyncio.Task[_Batch | None] | None = None
    ending: bool = False


@dataclass(slots=True)
class Dispatcher:
    """Sends messages and has the delivery log record what became of each mail."""

    bus: Bus
    settings: Settings
    portal: Portal
    post: Post
    delivery_log: DeliveryLog
    signer: Signer | None = None
    line_seconds: float = _LINE_SECONDS

    async def send_due(self) -> int:
        """Try every message that is due; return how many there were.

        While one batch is sent the next is prepared and the one before is recorded, so that no connection idles.
        Stories go in parallel, the mails of one story in the order of their events. Cancelled, it ends in order within
        seconds.
        """
        ready = await self._ready(None)
        if ready is None:
            return 0
        round_ = _Round()
        work = asyncio.create_task(self._sent(ready, round_))
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            await self._stop(work, round_)
            raise
        return work.result()

    async def _sent(self, first: _Batch, round_: _Round) -> int:
        total, ready = 0, first
        async with asyncio.TaskGroup() as group:
            group.create_task(self.delivery_log.record_all(round_.entries))
            while not round_.ending:
                total += len(ready.due)
                round_.following = group.create_task(self._ready(ready.due[-1]))
                await self._send(ready, round_)
                await asyncio.wait([round_.following])
                if round_.following.cancelled() or (following := round_.following.result()) is None:
                    break
                ready = following
            await round_.entries.put(None)
        return total

    async def _stop(self, work: asyncio.Task[int], round_: _Round) -> None:
        """End a round in order: each connection finishes its mail, and all outcomes are recorded.

        Otherwise the mails that the server took in the last moments would be sent again at the next start. A connection
        that does not finish in time is cut off, and its mail may be sent again; the delivery log is cut off too.
        """
        round_.ending = True
        if round_.following is not None:
            round_.following.cancel()
        try:
            if not (await asyncio.wait([work], timeout=self.line_seconds))[0]:
                for line in round_.lines:
                    line.cancel()
                await asyncio.wait([work], timeout=_LOG_SECONDS)
        finally:
            work.cancel()
            await asyncio.wait([work])
        if not work.cancelled() and (error := work.exception()) is not None:
            log.warning("the last mails were not written down", why=error)

    async def _ready(self, last: DueMessage | None) -> _Batch | None:
        """Return the messages due after `last`, with their recipients; None where there are no more."""
        async with self.bus.glance() as session:
            now = clock.now()
            due = await store.messages_due(session, _real(), now, BATCH, after=last)
            broken = [Broken(message, why) async for message in in_steps(due) if (why := _why_broken(message))]
            left_out = {outcome.message.id for outcome in broken}
            sound = [message for message in due if message.id not in left_out]
            hosts = {message.case.named_host for message in sound}
            names = await organisation_names(session, (host for host in hosts if host is not None))
            needless = await _needless(session, sound)
            held_until = await held_by_country(session, self.settings.quiet, sound, now)
        if not due:
            return None
        await self.delivery_log.record(broken)
        await self.delivery_log.hold(held_until)
        left_out = held_until.keys() | await self.delivery_log.drop(needless)
        awake = [message for message in sound if message.id not in left_out]
        try:
            found = await self.portal.contacts_of([ask(message) async for message in in_steps(awake)])
        except PortalAway as error:
            await self.delivery_log.record([Postponed(message, f"portal: {error}") for message in awake])
            return _Batch(due, {})
        contacts = {message.id: recipients for message, recipients in zip(awake, found, strict=True)}
        async with self.bus.glance() as session:
            sleepers = await Sleepers.of(session, self.settings.quiet, contacts, now)
            held_until = sleepers.all_of(awake)
            fixed = await store.with_recipients(session, held_until)
        # Recipients are decided in the morning, since people may leave or opt out until then.
        held_until = {id_: until for id_, until in held_until.items() if id_ not in fixed}
        await self.delivery_log.hold(held_until)
        awake = [message for message in awake if message.id not in held_until]
        deliveries = await self.delivery_log.address(awake, contacts)
        held_until = sleepers.leave(awake, deliveries)
        stories: dict[UUID, list[_Task]] = {}
        async for message in in_steps(awake):
            host = message.case.named_host
            recipients = contacts[message.id]
            known = {contact.recipient: contact for contact in recipients.people}
            name = "" if host is None else names.get(host, "")
            task = _Task(message, deliveries[message.id], known, name, absent(recipients), held_until.get(message.id))
            stories.setdefault(message.story, []).append(task)
        return _Batch(due, stories)

    async def _send(self, batch: _Batch, round_: _Round) -> None:
        left = iter(batch.stories.values())
        async with asyncio.TaskGroup() as group:
            places = range(min(self.settings.mail_connections, len(batch.stories)))
            round_.lines = [group.create_task(self._line(left, round_)) for _ in places]

    async def _line(self, stories: Iterator[list[_Task]], round_: _Round) -> None:
        """Send stories over one connection, one after the other.

        The next few mails are claimed while those before are sent; a doubtful one only when its turn has come, so that
        a crash makes no other doubtful.
        """
        sets = _sets(stories, max(1, CLAIMED // (2 * self.settings.mail_connections)))
        set_, claim = next(sets, None), None
        stopped: set[UUID] = set()
        while set_ is not None and not round_.ending:
            claim = claim or await _claim(set_, round_)
            claimed = await claim.claimed
            following = next(sets, None)
            ahead = None if following is None or _doubtful(following) else await _claim(following, round_)
            await _give_back(claimed - await self._send_set(set_, claimed, stopped, round_), round_)
            set_, claim = following, ahead
        if claim is not None:
            await _give_back(await claim.claimed, round_)

    async def _send_set(
        self, steps: Sequence[_Step], claimed: set[UUID], stopped: set[UUID], round_: _Round
    ) -> set[UUID]:
        """Send a set of mails in order; return those whose attempts are closed, or open for ever.

        Messages of which a mail could not be sent now are added to `stopped`: they are tried again as a whole, their
        other recipients then.
        """
        seen_to: set[UUID] = set()
        for task, delivery, last in steps:
            if round_.ending:
                break
            if task.message.id in stopped:
                continue
            if delivery is not None and delivery.id in claimed:
                outcome, left = await self.deliver(task, delivery)
                await round_.entries.put(outcome)
                if left:
                    seen_to.add(delivery.id)
                if isinstance(outcome, Postponed | Broken):
                    stopped.add(task.message.id)
                    continue
            # Only now: if the process ended before, recipients who are awake would have to wait.
            if last and task.until is not None:
                await round_.entries.put(HeldBack(task.message, task.until))
        return seen_to

    async def deliver(self, task: _Task, delivery: Delivery) -> tuple[Outcome, bool]:
        """Hand over one mail; return what became of it, and whether it may have left or has ended."""
        contact = task.contacts.get(delivery.recipient)
        if contact is None:
            return FinalOutcome(task.message, delivery, clock.now(), task.absent), True
        try:
            now, host = clock.now(), task.host
            mail = letter(task.message, delivery.id, contact, self.settings, host=host, now=now, signer=self.signer)
            await self.post.send(mail, partial(leases.ensure, self.bus, self.delivery_log.lease))
        except (Refused, ValueError) as error:
            log.warning("mail refused", notification=str(delivery.id), why=type(error).__name__)
            code = str(error.code) if isinstance(error, Refused) and error.address else None
            return FinalOutcome(task.message, delivery, clock.now(), FailureCause.REFUSED, code), True
        except ServerAway as error:
            return Postponed(task.message, f"mail server: {error}"), isinstance(error, Unanswered)
        except Exception as error:
            if not of_subject(error):
                raise
            return Broken(task.message, reason_of(error)), False
        return FinalOutcome(task.message, delivery, clock.now(), None), True


class _Step(NamedTuple):
    """A message to one recipient, or to none where all wait; `last` says that no other recipient follows."""

    task: _Task
    delivery: Delivery | None
    last: bool


def _sets(stories: Iterator[list[_Task]], most: int) -> Iterator[list[_Step]]:
    """Return the mails of stories in their order, in sets that are claimed together; a doubtful one is by itself."""
    steps: list[_Step] = []
    for task in chain.from_iterable(stories):
        for delivery in task.deliveries or (None,):
            if steps and (len(steps) == most or _doubtful(steps) or (delivery is not None and delivery.doubtful)):
                yield steps
                steps = []
            steps.append(_Step(task, delivery, not task.deliveries or delivery is task.deliveries[-1]))
    if steps:
        yield steps


def _doubtful(steps: Sequence[_Step]) -> bool:
    return any(step.delivery is not None and step.delivery.doubtful for step in steps)


async def _give_back(ids: set[UUID], round_: _Round) -> None:
    if ids:
        await round_.entries.put(NotSent(frozenset(ids)))


async def _claim(steps: Sequence[_Step], round_: _Round) -> Claim:
    ids = frozenset(step.delivery.id for step in steps if step.delivery is not None)
    claim = Claim(ids, asyncio.get_running_loop().create_future())
    await round_.entries.put(claim)
    return claim


async def _needless(session: AsyncSession, due: Sequence[DueMessage]) -> list[DueMessage]:
    """Return the reminders whose deadline is met by now, or has another date."""
    reminders = [
        (UUID(str(message.facts["deadline_id"])), message) for message in due if "deadline_id" in message.facts
    ]
    if not reminders:
        return []
    over = await deadlines.over(session, {id_: _date(message) for id_, message in reminders})
    return [message for id_, message in reminders if id_ in over]


def _date(message: DueMessage) -> datetime:
    return datetime.fromisoformat(str(message.facts["due"]))


def _why_broken(message: DueMessage) -> str:
    """Return why a message cannot be sent to any recipient; nothing where it can."""
    try:
        ask(message)
        _ = message.story, message.case.named_host
    except Exception as error:  # noqa: BLE001 - whatever it is, the message is named with it
        return reason_of(error)
    return ""


def ask(message: DueMessage) -> ContactRequest:
    """Return the request for the recipients of a message."""
    return ContactRequest(
        message.audience,
        message.rule,
        message.application_id,
        availability_of=message.case.id if message.answers else None,
        without_deputies=message.deputy_informed,
    )


def _real() -> datetime:
    return datetime.now(UTC)
